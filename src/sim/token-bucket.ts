/** The rate limit that routers put on their ICMP errors (RFC 1812 §4.3.2.8). */

import type { RateLimit } from './scenario-model.ts';

/** Full at first; every error takes one token, and `perSecond` come back, up to `burst`. */
export class TokenBucket {
  readonly #limit: RateLimit;
  #tokens: number;
  #filledUs = Number.NEGATIVE_INFINITY;

  constructor(limit: RateLimit) {
    this.#limit = limit;
    this.#tokens = limit.burst;
  }

  /**
   * Takes a token if there is one.
   *
   * @param nowUs may lie before an earlier call's by as much as path delays differ; then nothing
   *   comes back, and no token is given twice
   */
  take(nowUs: number): boolean {
    if (!this.has(nowUs)) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Whether `take` would find a token. */
  has(nowUs: number): boolean {
    const { perSecond, burst } = this.#limit;
    if (nowUs > this.#filledUs) {
      const gained = ((nowUs - this.#filledUs) * perSecond) / 1e6;
      this.#tokens = Math.min(burst, this.#tokens + gained);
      this.#filledUs = nowUs;
    }
    return this.#tokens >= 1;
  }
}
