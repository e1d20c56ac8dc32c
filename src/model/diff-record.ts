/** The record of a comparison of paths: all that its report reads, and what `--json` writes. */

import type { PathsStopReason } from './paths-record.ts';

/** One of the two measurements. */
export interface DiffSide {
  /** File that it was read from. */
  readonly file: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly source: string;
  /** Such as `udp` or `icmp`. */
  readonly protocol: string;
  readonly links: number;
  /** Why the search ended; null where the file does not tell. */
  readonly stopReason: PathsStopReason | null;
}

/** A link between two places, as both measurements name it. */
export interface DiffLink {
  /** An address, or `{n interfaces}` behind a balancer by packets. */
  readonly near: string;
  /** Null where paths end behind `near`. */
  readonly far: string | null;
  /** How they end there. */
  readonly end: 'silent' | 'refused' | 'loop' | null;
  readonly silentHops: number;
  /** Of the near end. */
  readonly ttl: number;
}

/** A link that only one measurement has shown. */
export interface DiffLoneLink extends DiffLink {
  readonly flows: number;
  readonly share: number;
  /** Flows that the other measurement sent past the near end. */
  readonly flowsOpposite: number;
  /** That they would all have missed it, were it there; null where its near end is not there. */
  readonly missProbability: number | null;
}

export interface DiffReweightedLink extends DiffLink {
  /** Before and after, of the flows on branches that both measurements have. */
  readonly shares: readonly [number, number];
  /** Of so different counts, were the shares the same. */
  readonly probability: number;
}

export interface DiffShiftedPlace {
  /** The place before it. */
  readonly near: string | null;
  readonly address: string;
  readonly ttl: number;
  /** Medians before and after, in milliseconds. */
  readonly roundTripsMs: readonly [number, number];
  readonly probability: number;
}

export interface DiffRecord {
  readonly schema: 'fantrace.diff/1';
  readonly version: string;
  readonly target: string;
  readonly a: DiffSide;
  readonly b: DiffSide;
  readonly verdict: 'same' | 'different' | 'unsure';
  /** The answer in one sentence. */
  readonly summary: string;
  /** The probability of naming any difference where there is none, at most. */
  readonly falseAlarms: number;
  readonly added: readonly DiffLoneLink[];
  readonly removed: readonly DiffLoneLink[];
  readonly reweighted: readonly DiffReweightedLink[];
  readonly slower: readonly DiffShiftedPlace[];
  readonly faster: readonly DiffShiftedPlace[];
  /** Links that only one has, but that the other may well have missed. */
  readonly unsure: readonly (DiffLoneLink & { readonly onlyIn: 'a' | 'b' })[];
  /** What keeps the two from being compared like with like, a sentence each. */
  readonly notes: readonly string[];
}
