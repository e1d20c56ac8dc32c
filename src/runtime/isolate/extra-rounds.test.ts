import { expect, test } from 'vitest';
import { openSimulatedNetwork } from '../links/network.ts';
import { loadScenario } from '../scenario-files.ts';
import { runIsolate } from './isolate.ts';

const SEED = 1;
const FLOWS = 16;
/** Probes a second in all. */
const PACE = 2000;

async function runOf(scenario: string, { untilMaxTime }: { readonly untilMaxTime: boolean }) {
  const loaded = loadScenario(scenario);
  const range = { sourcePort: 32768, flows: FLOWS };
  const network = openSimulatedNetwork(loaded.scenario, range, { seed: SEED });
  return await runIsolate(network, {
    minTtl: 1,
    maxTtl: 30,
    confidence: 0.95,
    minLoss: 0.002,
    exclude: 0.02,
    maxProbes: 1_000_000,
    maxTimeUs: 20_000_000,
    tos: 0,
    seed: SEED,
    targetNames: ['target'],
    simulated: loaded.name,
    perInterface: 100,
    total: PACE,
    untilMaxTime,
  });
}

test.each(['healthy-fabric', 'one-link-loses-20-percent', 'target-does-not-answer'])(
  'a run over %s that is to last goes on to the end of its time, with the same verdict',
  async (scenario) => {
    const early = await runOf(scenario, { untilMaxTime: false });
    const lasting = await runOf(scenario, { untilMaxTime: true });
    expect(early.durationMs).toBeLessThan(18_000);
    expect(lasting.durationMs).toBeGreaterThanOrEqual(20_000);
    expect(lasting.durationMs).toBeLessThan(20_500);
    const rateOf = (record: typeof early) => record.probesSent / record.durationMs;
    expect(rateOf(lasting) / rateOf(early)).toBeGreaterThan(0.9);
    expect(rateOf(lasting) * 1000).toBeLessThan(1.05 * PACE);
    expect(lasting.verdict).toBe(early.verdict);
    expect(lasting.partial).toBe(false);
    const counted = lasting.flows.flatMap(({ sent }) => sent).reduce((sum, count) => sum + count);
    expect(counted).toBeGreaterThan(0.9 * lasting.probesSent);
  },
);
