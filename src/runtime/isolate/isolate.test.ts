import { describe, expect, test } from 'vitest';
import {
  FAMILIES,
  ISOLATE_DEFAULTS,
  isolateSimulated,
  type SimulatedRun,
  scenarioOf,
} from '../../../test/support/simulated-isolation.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import { openSimulatedNetwork } from '../links/network.ts';
import { type IsolateProgress, type IsolateWatcher, runIsolate } from './isolate.ts';

const FABRIC = { fabric: { widths: [1, 2, 1] }, linkDelayMs: 0.4 };
const LOSSY = scenarioOf({
  ...FABRIC,
  faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.2 }],
  routers: { 'r2.0': { icmpLimit: { perSecond: 10, burst: 2 } } },
});
const RUN: SimulatedRun = { scenario: LOSSY, family: 4, seed: 1, options: { flows: 16 } };

/** All of a record that a seed decides. */
function repeatable({ startedAt: _, ...rest }: IsolateRecord) {
  return rest;
}

async function watched(watcher: IsolateWatcher): Promise<IsolateRecord> {
  const scenario = scenarioOf(FABRIC);
  const network = openSimulatedNetwork(scenario, { sourcePort: 40_000, flows: 8 }, { seed: 3 });
  const options = {
    ...ISOLATE_DEFAULTS,
    targetNames: ['db7'],
    simulated: 'fabric',
    seed: 3,
  };
  return await runIsolate(network, options, watcher);
}

describe('a seed', () => {
  test.each(FAMILIES)('gives one record, to the last count (IPv%i)', async (family) => {
    const [one, same] = [
      await isolateSimulated({ ...RUN, family }),
      await isolateSimulated({ ...RUN, family }),
    ];
    expect(repeatable(same)).toEqual(repeatable(one));
  });

  test('gives another run than another seed', async () => {
    const other = await isolateSimulated({ ...RUN, seed: 2 });
    expect(other.probesSent).not.toBe((await isolateSimulated(RUN)).probesSent);
  });
});

describe('progress', () => {
  test('is told ten times a second of the run’s own time, and only grows', async () => {
    const told: IsolateProgress[] = [];
    const { durationMs } = await watched({ progress: (progress) => told.push(progress) });
    expect(told.length).toBeGreaterThan(durationMs / 100 / 2);
    expect(told.length).toBeLessThanOrEqual(1 + durationMs / 100);
    for (const [i, { elapsedUs, probesSent, repliesReceived, roundsOver }] of told.entries()) {
      const before = told[i - 1];
      if (before === undefined) continue;
      expect(elapsedUs - before.elapsedUs).toBeGreaterThanOrEqual(100_000);
      expect(probesSent).toBeGreaterThanOrEqual(before.probesSent);
      expect(repliesReceived).toBeGreaterThanOrEqual(before.repliesReceived);
      expect(roundsOver).toBeGreaterThanOrEqual(before.roundsOver);
    }
  });
});

describe('an interruption', () => {
  test('leaves a partial record of what is known so far', async () => {
    const interruption = new AbortController();
    const record = await watched({
      signal: interruption.signal,
      progress: ({ roundsOver }) => {
        if (roundsOver > 2) interruption.abort();
      },
    });
    expect(record).toMatchObject({ partial: true, stopReason: 'interrupted' });
    expect(record.hops).toHaveLength(4);
  });

  test('before the start leaves an empty one', async () => {
    const record = await watched({ signal: AbortSignal.abort() });
    expect(record).toMatchObject({
      partial: true,
      probesSent: 0,
      verdict: 'inconclusive',
      paths: { found: 0 },
      hops: [],
      links: [],
    });
  });
});
