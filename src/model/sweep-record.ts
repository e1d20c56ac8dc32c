/** What a sweep leaves behind: a summary, a record for each reply, and where to go on. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { ReplyKind } from './probe.ts';

export type SweepStrategy = 'stop-set' | 'every-ttl' | 'multipath';

/** One reply, in the names that files have. */
export interface SweepReplyRecord {
  /** Whom the probe was for. */
  readonly target: string;
  /** From 0 up. */
  readonly flow: number;
  readonly ttl: number;
  readonly from: string;
  readonly kind: ReplyKind;
  readonly code: number;
  readonly rttMs: number;
  /** Whether that is exact; else it is known to the millisecond. */
  readonly rttExact: boolean;
  readonly replyTtl: number;
  /** null where nothing was quoted. */
  readonly quotedTtl: number | null;
  /** Label stack entries, outermost first. */
  readonly mpls: readonly number[];
  /** When it was received, milliseconds since the sweep began. */
  readonly atMs: number;
}

export interface SweepRecord {
  readonly schema: 'fantrace.sweep/1';
  readonly version: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly partial: boolean;
  readonly stopReason: 'complete' | 'interrupted' | 'probe-limit';
  readonly simulated: boolean;
  /** Whether an earlier run of the same sweep is counted in. */
  readonly resumed: boolean;
  readonly targets: {
    /** All that were given, without those excluded. */
    readonly count: number;
    readonly excluded: number;
    /** Those of this shard. */
    readonly inShard: number;
    readonly probed: number;
    /** That answered themselves. */
    readonly reached: number;
  };
  readonly shard: { readonly index: number; readonly of: number };
  readonly source: string;
  readonly family: IpFamily;
  readonly protocol: 'udp' | 'icmp' | 'tcp';
  readonly port: number;
  readonly strategy: SweepStrategy;
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly seed: number;
  readonly rate: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  /** Addresses that answered, targets among them. */
  readonly interfaces: number;
  /** Probes that targets × TTLs × flows would have cost, less those that were sent. */
  readonly probesSaved: number;
  /** Replies by TTL of the probe, from `minTtl` on. */
  readonly repliesByTtl: readonly number[];
  readonly summary: string;
  readonly measurement: {
    readonly socketDrops: number;
    readonly sendErrors: number;
    readonly sendPauses: number;
    readonly foreignReplies: number;
    readonly malformed: number;
    readonly lateReplies: number;
    readonly ownHostErrors: number;
    readonly notes: readonly string[];
  };
}

/** Counts that go on from run to run. */
export interface SweepTotals {
  durationMs: number;
  probesSent: number;
  repliesReceived: number;
  targetsProbed: number;
  targetsReached: number;
  readonly repliesByTtl: number[];
}

/** Where a sweep can be taken up again: everything before window `windowsDone` is done. */
export interface SweepCheckpoint {
  readonly schema: 'fantrace.sweep-checkpoint/1';
  /** Of what must be the same for the order to be the same. */
  readonly digest: string;
  readonly seed: number;
  readonly windowsDone: number;
  readonly totals: SweepTotals;
  /** How much of the output belongs to the windows that are done: bytes, or files. */
  readonly outputLength: number;
  /** The interfaces that are known, 32 bits each, little-endian, base64. */
  readonly interfaces: string;
  /** How far each of several senders is; what stands above is then their sum. */
  readonly senders?: readonly SenderCheckpoint[];
}

/** How far one of several senders is. */
export interface SenderCheckpoint {
  readonly windowsDone: number;
  readonly totals: SweepTotals;
}
