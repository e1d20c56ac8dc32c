import { expect, it } from 'vitest';
import type { PacketLink } from '../../model/packet-link.ts';
import type { ProbeEngine } from '../../probing/probe-engine.ts';
import { VirtualTimeline } from '../timeline.ts';
import { StationLoop } from './station-loop.ts';

it('throws away what comes while nothing runs, which would wake it for ever', () => {
  let waiting = 3;
  const link = {
    receive: () => {
      const taken = waiting;
      waiting = 0;
      return taken;
    },
  } as unknown as PacketLink;
  const engine = {} as unknown as ProbeEngine; // nothing is asked of it while nothing runs
  const loop = new StationLoop({ engine, link, timeline: new VirtualTimeline() });
  loop.readable();
  expect(waiting).toBe(0);
});
