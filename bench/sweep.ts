/**
 * A sweep of a million targets of the simulated Internet: how many probes a second pass the packet
 * seam, how much memory that takes, and how many probes the stop set saves.
 * Usage: node --expose-gc bench/run.mjs sweep [PREFIX] [STRATEGY]
 */

import { AddressSet, parseAddressRange } from '../src/lib/address-ranges.ts';
import type { SweepStrategy } from '../src/model/sweep-record.ts';
import { runSweep } from '../src/runtime/sweep.ts';
import { openSimulatedSweep } from '../src/runtime/sweep-network.ts';
import { FigureList } from './measured-cost.ts';

const MIB = 2 ** 20;
const RATE = 500_000;

/** Prints a few lines. @returns 1 when a goal was missed */
export async function main([prefix = '10.16.0.0/12', only]: readonly string[]): Promise<number> {
  const figures = new FigureList();
  const range = parseAddressRange(prefix);
  if (typeof range === 'string') throw new RangeError(`${prefix} ${range}`);
  const targets = new AddressSet([range]);
  for (const strategy of ['stop-set', 'every-ttl'] as const) {
    if (only === undefined || only === strategy) await measure(targets, strategy, figures);
  }
  return figures.missed === 0 ? 0 : 1;
}

async function measure(
  targets: AddressSet,
  strategy: SweepStrategy,
  figures: FigureList,
): Promise<void> {
  const base = { family: 4, protocol: 'udp', sourcePort: 33_000, flows: 1, seed: 1 } as const;
  const network = await openSimulatedSweep('internet', base);
  let replies = 0;
  let peakBytes = 0;
  const startedAt = process.cpuUsage();
  const startedMs = performance.now();
  const record = await runSweep({
    settings: {
      protocol: 'udp',
      port: 33_434,
      shard: { index: 0, of: 1 },
      strategy,
      minTtl: 1,
      maxTtl: 32,
      splitTtl: 16,
      gapLimit: 5,
      flows: 1,
      failureProbability: 0.05,
      seed: 1,
      rates: { total: RATE, perPrefix: RATE, perInterface: RATE },
      timeoutUs: 1_000_000,
      maxProbes: Number.POSITIVE_INFINITY,
      isSimulated: true,
    },
    targets,
    excluded: 0,
    network,
    listener: {
      replied: () => {
        replies++;
      },
      windowDone: () => Promise.resolve(),
      progressed: () => {
        peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
        return Promise.resolve();
      },
      outputLength: () => 0,
    },
    signal: new AbortController().signal,
  });
  const { user, system } = process.cpuUsage(startedAt);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${strategy}: ${record.summary}`);
  console.log(`  ${record.probesSaved} probes saved, ${replies} records, ${seconds.toFixed(1)} s`);
  const { probesSent } = record;
  const perProcessor = probesSent / ((user + system) / 1e6) / 1000;
  figures.add({
    what: `sweep, ${targets.size} targets, ${strategy}: probes through the packet seam`,
    value: perProcessor,
    unit: 'thousand a processor second',
    goal: 150,
    isGoalMost: false,
  });
  figures.add({
    what: `sweep, ${targets.size} targets, ${strategy}: peak memory`,
    value: peakBytes / MIB,
    unit: 'MiB',
    goal: 300,
    isGoalMost: true,
  });
}
