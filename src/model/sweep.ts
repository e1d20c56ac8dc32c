/**
 * What the parts of a sweep say to each other: which (target, TTL, flow) to probe next, and what
 * came of it. A sweep keeps no row per probe: a reply brings back all that is needed to read it.
 */

import type { ReplyKind } from './probe.ts';

/**
 * Chooses the probes of one window of targets, round by round. Targets are slots here, from 0 up.
 * `next` fills the fields, so that a probe costs no object.
 */
export interface SweepPlan {
  slot: number;
  ttl: number;
  flow: number;
  /** Whether a round waits for all replies of the last, or for those of its beginning alone. */
  readonly needsLastReplies: boolean;
  /** Makes the fields the next probe of this round; false when the round has no more. */
  next(): boolean;
  /** Starts another round; false when the window is done. */
  nextRound(): boolean;
  /** Takes in an answer. */
  replied(answer: SweepAnswer): void;
}

/** What an answer tells the plan. */
export interface SweepAnswer {
  slot: number;
  ttl: number;
  flow: number;
  /** 32 bits that stand for the interface that answered. */
  interfaceHash: number;
  /** Whether this sweep had not heard from the interface before. */
  isNewInterface: boolean;
  /** Whether the target itself answered. */
  isTarget: boolean;
  /** Whether the flow gets no farther: the target answered, or who does not let it pass. */
  isEnd: boolean;
  /** Hops to the end, as far as the answer tells; only where there is one. */
  distance: number;
}

/** An answer as it is recorded. One object, which is used again: valid only during the call. */
export interface SweepReply extends SweepAnswer {
  kind: ReplyKind;
  /** Addresses, 4 or 16 bytes, network order; valid only during the call. */
  target: Uint8Array;
  responder: Uint8Array;
  /** Microseconds; with `isRttExact` false, known to the millisecond only. */
  rttUs: number;
  isRttExact: boolean;
  receivedAtUs: number;
  icmpCode: number;
  replyTtl: number;
  /** −1 without a quote. */
  quotedTtl: number;
  /** As in `ProbeReply`. */
  mpls: readonly number[];
}

/** Hears what comes of a sweep. */
export interface SweepSink {
  replied(reply: SweepReply): void;
}
