/**
 * What to do when the kernel refuses a packet: a full queue (ENOBUFS), a firewall rule (EPERM) or a
 * route that is gone for a moment (ENETUNREACH) may all be over soon, so sending pauses, a little
 * longer each time, and the probe gets further attempts before it counts as unsent.
 */

const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_US = 20_000;
const LONGEST_PAUSE_US = 500_000;

/** Counts refusals by probe, and pauses sending after each. */
export class SendRetries {
  readonly #attempts = new Map<number, number>();
  #pauseUs = FIRST_PAUSE_US;
  #pausedUntilUs = Number.NEGATIVE_INFINITY;

  /** No packet should be handed to the kernel before this. */
  get pausedUntilUs(): number {
    return this.#pausedUntilUs;
  }

  /** The packet of this probe went out: the next refusal is a new incident. */
  succeeded(order: number): void {
    this.#pauseUs = FIRST_PAUSE_US;
    this.#attempts.delete(order);
  }

  /**
   * A packet was refused.
   *
   * @param order names its probe, as for `succeeded`
   * @returns whether the probe should be tried again
   */
  refused(order: number, nowUs: number): boolean {
    this.#pausedUntilUs = nowUs + this.#pauseUs;
    this.#pauseUs = Math.min(LONGEST_PAUSE_US, 2 * this.#pauseUs);
    const attempts = (this.#attempts.get(order) ?? 0) + 1;
    this.#attempts.set(order, attempts);
    if (attempts < ATTEMPTS_MAX) return true;
    this.#attempts.delete(order);
    return false;
  }
}
