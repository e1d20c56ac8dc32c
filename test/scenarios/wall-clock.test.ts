/**
 * The kernel stamps packets by the wall clock, which an administrator or NTP may set during a run.
 * No test may set that of its machine, so the simulated network stamps by one that is set.
 */

import { expect, test } from 'vitest';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import type { PacketLink } from '../../src/model/packet-link.ts';
import { KernelClock } from '../../src/runtime/host/kernel-clock.ts';
import { runIsolate } from '../../src/runtime/isolate/isolate.ts';
import { openSimulatedNetwork } from '../../src/runtime/links/network.ts';
import { loadScenario } from '../../src/runtime/scenario-files.ts';
import { ISOLATE_DEFAULTS } from '../support/simulated-isolation.ts';

const SEED = 1;
const EPOCH_US = 1_700_000_000e6;
const HOUR_US = 3600e6;
const LAST_STEP_US = 1_900_000;
/** From when on it is how many hours ahead of what it was. */
const STEPS = [
  [700_000, 1],
  [1_300_000, -3],
  [LAST_STEP_US, 0.1],
] as const;

test('a wall clock that is set back and forth changes nothing', async () => {
  const record = await runWithWallClock((atUs) => {
    const [, ahead] = STEPS.findLast(([setAtUs]) => atUs >= setAtUs) ?? [0, 0];
    return EPOCH_US + ahead * HOUR_US;
  });
  const { startedAt: _, ...steady } = await runWithWallClock(() => EPOCH_US);
  expect(steady.durationMs * 1000).toBeGreaterThan(LAST_STEP_US);
  expect(steady.verdict).toBe('loss-located');
  const { measurement, ...changed } = record;
  const { measurement: steadyMeasurement, ...unchanged } = steady;
  expect(changed).toMatchObject(unchanged);
  expect(measurement).toEqual({ ...steadyMeasurement, clockSteps: STEPS.length });
});

/** A simulated run whose packets are stamped by a wall clock, so far from the monotonic one. */
async function runWithWallClock(offsetUs: (atUs: number) => number): Promise<IsolateRecord> {
  const { scenario } = loadScenario('one-link-loses-20-percent');
  const ports = { sourcePort: 32_768, flows: 64 };
  const network = openSimulatedNetwork(scenario, ports, { family: 4, seed: SEED });
  const { link } = network;
  let nowUs = 0;
  const clock = new KernelClock({
    monotonicUs: () => nowUs,
    realtimeUs: () => nowUs + offsetUs(nowUs),
  });
  const stamped: PacketLink = {
    outbox: link.outbox,
    send: (count, atUs) => link.send(count, atUs),
    nextArrivalUs: () => link.nextArrivalUs(),
    counters: () => ({ ...link.counters(), clockSteps: clock.steps }),
    close: () => link.close(),
    receive(drainUs, take) {
      nowUs = drainUs;
      clock.sample();
      return link.receive(drainUs, (packet, atUs) => {
        take(packet, clock.toMonotonicUs(atUs + offsetUs(atUs)));
      });
    },
  };
  try {
    const counters = () => stamped.counters();
    const stampedNetwork = { ...network, link: stamped, counters };
    return await runIsolate(stampedNetwork, { ...ISOLATE_DEFAULTS, seed: SEED });
  } finally {
    network.close();
  }
}
