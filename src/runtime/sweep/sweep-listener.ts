/** What a sweep tells while it runs, and what it hears of others. */

import type { SweepCheckpoint, SweepReplyRecord, SweepTotals } from '../../model/sweep-record.ts';

/** Where records go, and what is told on the way. */
export interface SweepListener {
  replied(reply: SweepReplyRecord): void;
  /** A window is done. Until this resolves nothing is sent. */
  windowDone(state: SweepState): Promise<void>;
  /** Called a few times a second. Until this resolves nothing is sent. */
  progressed(progress: SweepProgress): Promise<void>;
  /** How much of the output is complete, for checkpoints. */
  outputLength(): number;
  /** Undefined while whoever takes records keeps up; else nothing is sent until this resolves. */
  relief?(): Promise<void> | undefined;
}

/** How far a sweep is between two windows, where nothing is under way. */
export interface SweepState {
  /** From the first on. */
  readonly windowsDone: number;
  readonly isLast: boolean;
  totals(): SweepTotals;
  /** Takes long where many interfaces are known. */
  checkpoint(): SweepCheckpoint;
}

/** What several senders of one sweep tell each other. */
export interface InterfaceExchange {
  /** Takes one that is new here, by its hash. */
  found(interfaceHash: number): void;
  /** Those that others have found since the last call. */
  others(): Iterable<number>;
}

/** How far it is, a few times a second. */
export interface SweepProgress {
  /** Of the targets of this shard, 0 to 1. */
  readonly share: number;
  readonly elapsedUs: number;
  /** With those of earlier runs, as is `share`. */
  readonly probesSent: number;
  readonly repliesReceived: number;
  readonly interfaces: number;
  /** Of earlier runs alone. */
  readonly shareBefore: number;
  readonly probesSentBefore: number;
}
