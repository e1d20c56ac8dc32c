/** Sweeps of the simulated Internet for tests, with every reply kept. */

import { AddressSet, parseAddressRange } from '../../src/lib/address-ranges.ts';
import { Random } from '../../src/lib/random.ts';
import type {
  SweepCheckpoint,
  SweepRecord,
  SweepReplyRecord,
} from '../../src/model/sweep-record.ts';
import { SWEEP_KEY_WORDS } from '../../src/probing/sweep/sweep-token.ts';
import { runSweep } from '../../src/runtime/sweep/sweep.ts';
import type { SweepSettings } from '../../src/runtime/sweep/sweep-settings.ts';
import { VirtualTimeline } from '../../src/runtime/timeline.ts';
import { INTERNET_SOURCE } from '../../src/sim/internet/internet-map.ts';
import {
  type InternetOptions,
  SimulatedInternet,
} from '../../src/sim/internet/simulated-internet.ts';

export const SOURCE_PORT = 33_000;
export const SETTINGS: SweepSettings = {
  protocol: 'udp',
  port: 33_434,
  sourcePort: SOURCE_PORT,
  shard: { index: 0, of: 1 },
  strategy: 'every-ttl',
  minTtl: 1,
  maxTtl: 32,
  splitTtl: 16,
  gapLimit: 5,
  flows: 1,
  failureProbability: 0.05,
  seed: 1,
  rates: { total: 100_000, perPrefix: 1e6, perInterface: 1e6 },
  timeoutUs: 1_000_000,
  maxProbes: Number.POSITIVE_INFINITY,
  isSimulated: true,
};

export interface SimulatedSweep {
  readonly record: SweepRecord;
  readonly replies: readonly SweepReplyRecord[];
  readonly checkpoints: readonly SweepCheckpoint[];
  readonly internet: SimulatedInternet;
}

/** How the test takes part. */
export interface SweepSetting {
  readonly internet?: Partial<InternetOptions>;
  readonly resume?: SweepCheckpoint;
  /** Ends the run after so many windows. */
  readonly windowsMax?: number;
}

/** The set of one prefix. */
export function targetsOf(prefix: string): AddressSet {
  const range = parseAddressRange(prefix);
  if (typeof range === 'string') throw new Error(range);
  return new AddressSet([range]);
}

/** Sweeps a prefix to its end. */
export async function sweepInternet(
  prefix: string,
  settings: Partial<SweepSettings> = {},
  { internet = {}, resume, windowsMax = Number.POSITIVE_INFINITY }: SweepSetting = {},
): Promise<SimulatedSweep> {
  const link = new SimulatedInternet({ seed: 7, lossRatio: 0, ...internet });
  const random = new Random(11);
  const replies: SweepReplyRecord[] = [];
  const checkpoints: SweepCheckpoint[] = [];
  const interruption = new AbortController();
  const record = await runSweep({
    settings: { ...SETTINGS, ...settings },
    targets: targetsOf(prefix),
    excluded: 0,
    network: {
      link,
      timeline: new VirtualTimeline(),
      source: INTERNET_SOURCE,
      tokenKey: Uint32Array.from({ length: SWEEP_KEY_WORDS }, () => random.uint32()),
      ownAddresses: [],
      notes: [],
      counters: () => link.counters(),
      close: () => link.close(),
    },
    listener: {
      replied: (reply) => replies.push(reply),
      windowDone: ({ checkpoint }) => {
        checkpoints.push(checkpoint());
        if (checkpoints.length >= windowsMax) interruption.abort();
        return Promise.resolve();
      },
      progressed: () => Promise.resolve(),
      outputLength: () => replies.length,
    },
    signal: interruption.signal,
    digest: '0'.repeat(64),
    resume,
  });
  return { record, replies, checkpoints, internet: link };
}
