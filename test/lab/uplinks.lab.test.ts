/**
 * Hosts with several equal uplinks. A raw socket's packets would all leave by one of them, since
 * the kernel does not look for ports in packets that come ready made.
 */

import { describe, expect } from 'vitest';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { SOURCE } from '../../src/sim/topology.ts';
import { isNamed, isolateIn, pathErrors } from './isolate-run.ts';
import { labTest } from './lab-test.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const LOSSY = { link: [SOURCE, 'r1.1'], forwardLoss: 0.2 } as const;

const it = labTest({ seed: 5 });

describe.concurrent.each(FAMILIES)(
  'IPv%i: every flow leaves by the uplink of a socket with its ports',
  (family) => {
    it.for([2, 4])('where there are %i', async (uplinks, { open }) => {
      const lab = await open({ fabric: { widths: [uplinks, 4, 1] } }, { family });
      const { record } = await isolateIn(lab, { flags: ['--exclude', '10%'] });
      expect(record.verdict, record.summary).toBe('no-loss');
      expect(record.hops[0]?.interfaces).toHaveLength(uplinks);
      expect(await pathErrors(lab, record)).toEqual([]);
      expect(record.measurement.notes).toEqual([]);
    });

    // Wrong in one run of 10,000, as its confidence says.
    it('and the uplink that loses packets is named', async ({ open }) => {
      const lab = await open({ fabric: { widths: [2, 4, 1] } }, { family, faults: [LOSSY] });
      const { record } = await isolateIn(lab, { flags: ['--confidence', '99.99%'] });
      expect(record.verdict, record.summary).toBe('loss-located');
      const place = { kind: 'link', near: SOURCE, far: 'r1.1' } as const;
      expect(isNamed(lab.plan, record, { place, lossRatio: 0.2 }), record.summary).toBe(true);
    });
  },
);
