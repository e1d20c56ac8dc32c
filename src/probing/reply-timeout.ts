/**
 * How long to wait for a reply: adapts to the slowest that comes, so that a silent hop costs little
 * on a short path and nothing is given up too early on a long one.
 */

import type { ReplyKind } from '../model/probe.ts';

/** Before any reply: RFC 6298 §2.1 starts TCP with the same. */
const FIRST_US = 1_000_000;
/** Control planes answer late at times: never give up sooner than this. */
const LEAST_US = 400_000;
const MOST_US = 5_000_000;
/** Reply times vary by router and load: this many times the slowest seen. */
const MARGIN = 3;

/**
 * A host repeats an unanswered SYN-ACK after 1 s (RFC 6298 §2.1): one that comes so much later
 * than the fastest is a repeat, whose first copy was lost. It tells nothing about reply times.
 */
const REPEAT_AFTER_US = 900_000;

/** One time-out for all hops: the slowest reply of the run so far decides. */
export class ReplyTimeout {
  #slowestUs = 0;
  #fastestSynAckUs = Number.POSITIVE_INFINITY;

  /** Takes in a round-trip time, also that of a reply that came too late. */
  observe({ rttUs }: { readonly rttUs: number }, kind: ReplyKind = 'time-exceeded'): void {
    if (kind === 'acknowledged') return;
    if (kind === 'accepted') {
      this.#fastestSynAckUs = Math.min(this.#fastestSynAckUs, rttUs);
      if (rttUs >= this.#fastestSynAckUs + REPEAT_AFTER_US) return;
    }
    this.#slowestUs = Math.max(this.#slowestUs, rttUs);
  }

  /** Whole microseconds to wait from sending on. */
  get us(): number {
    if (this.#slowestUs === 0) return FIRST_US;
    return Math.min(MOST_US, Math.max(LEAST_US, Math.ceil(MARGIN * this.#slowestUs)));
  }
}
