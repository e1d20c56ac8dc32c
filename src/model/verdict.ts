/**
 * What a run found, in the words of the record: addresses are text, probabilities and ratios 0–1.
 */

export type VerdictKind =
  | 'no-loss'
  | 'loss-located'
  | 'loss-suspected'
  | 'return-loss'
  | 'target-loss'
  | 'target-unreachable'
  | 'inconclusive';

/** A link or a router, as far as it can be named. */
export interface Place {
  readonly kind: 'link' | 'node';
  /** Link: the interface at its near end; null where that never answered. Node: null. */
  readonly near: string | null;
  /** Link: the interface at its far end; null where none has ever been seen. Node: null. */
  readonly far: string | null;
  /** Node: its interfaces. Link: those of the near router, where it has several. */
  readonly addresses: readonly string[];
  /**
   * Set where it is no single link but any of those up to this TTL, the first that was probed: on
   * the way to `far`, or to all that answers there where that is null.
   */
  readonly beforeTtl?: number;
}

export interface Suspect extends Place {
  /** Of the far end of a link, or of the node. */
  readonly ttl: number;
  /** Indexes of the traffic classes that alone are hit; left out where all are alike. */
  readonly classes?: readonly number[];
  readonly direction: 'forward' | 'return' | 'unknown';
  readonly lossRatio: number;
  readonly lossInterval: readonly [number, number];
  readonly probability: number;
  readonly flowsAcross: number;
  readonly flowsLossy: number;
  /** Probes that had to pass the place to be answered, and how many of them were not. */
  readonly probesAcross: number;
  readonly probesLost: number;
  /** What fits the same evidence just as well. */
  readonly equivalents: readonly Place[];
}

/** A link whose loss could not have been seen. */
export interface UntestableLink {
  readonly near: string | null;
  readonly far: string | null;
  /**
   * `max-ttl`: nothing behind it was asked, as `far` is at the last TTL that is probed.
   * `not-probed` is said of all links before the first one, on the way to `far`.
   */
  readonly why: 'silent' | 'unanswering-target' | 'limited' | 'max-ttl' | 'not-probed';
}

/** A rival cause of missing replies that the counts speak against, or that they found harmless. */
export interface RejectedCause {
  readonly cause:
    | 'icmp-rate-limit'
    | 'return-loss'
    | 'target-rate-limit'
    | 'path-change'
    | 'own-host';
  readonly where: string;
  readonly why: string;
}
