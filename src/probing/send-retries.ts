/**
 * What to do when the kernel refuses a packet: a full queue (ENOBUFS), a firewall rule (EPERM) or a
 * route that is gone for a moment (ENETUNREACH) may all be over soon, so sending pauses, a little
 * longer each time, and the probe gets further attempts before it counts as unsent.
 *
 * A refusal may be about one flow or about all. A full queue is about all; anything else only when
 * another flow is refused as well before any packet has gone out.
 */

const ATTEMPTS_MAX = 5;
const FIRST_PAUSE_US = 20_000;
const LONGEST_PAUSE_US = 500_000;
const ABOUT_ALL: ReadonlySet<string> = new Set(['ENOBUFS', 'ENOMEM', 'EAGAIN', 'ENETDOWN']);
/** What is wrong with the packet stays wrong with it. */
const FOR_GOOD: ReadonlySet<string> = new Set(['EMSGSIZE', 'EINVAL']);

interface FlowPause {
  pauseUs: number;
  untilUs: number;
  /** Since one of its packets last went out. */
  refusals: number;
}

/** A packet that the kernel refused. */
export interface Refusal {
  readonly flow: number;
  /** Names the probe, as for `succeeded`. */
  readonly order: number;
  readonly error: string;
}

/** Counts refusals by probe, and pauses flows, or all sending, after each. */
export class SendRetries {
  readonly #attempts = new Map<number, number>();
  readonly #flows = new Map<number, FlowPause>();
  /** Flows refused since a packet last went out. */
  readonly #refusedSince = new Set<number>();
  #pauseUs = FIRST_PAUSE_US;
  #pausedUntilUs = Number.NEGATIVE_INFINITY;

  /** No packet should be handed to the kernel before this. */
  get pausedUntilUs(): number {
    return this.#pausedUntilUs;
  }

  /** Whether that is later than `nowUs`. */
  isPausedAt(nowUs: number): boolean {
    return nowUs < this.#pausedUntilUs;
  }

  /** No packet of this flow should be handed to the kernel before this. */
  flowPausedUntilUs(flow: number): number {
    if (this.#flows.size === 0) return Number.NEGATIVE_INFINITY;
    return this.#flows.get(flow)?.untilUs ?? Number.NEGATIVE_INFINITY;
  }

  /** The packet of this probe went out: the next refusal is a new incident. */
  succeeded(flow: number, order: number): void {
    this.#pauseUs = FIRST_PAUSE_US;
    if (this.#refusedSince.size > 0) this.#refusedSince.clear();
    if (this.#flows.size > 0) this.#flows.delete(flow);
    if (this.#attempts.size > 0) this.#attempts.delete(order);
  }

  /**
   * A packet was refused.
   *
   * @returns whether the probe should be tried again
   */
  refused({ flow, order, error }: Refusal, nowUs: number): boolean {
    if (FOR_GOOD.has(error)) return false;
    this.#refusedSince.add(flow);
    const own = this.#flows.get(flow) ?? { pauseUs: FIRST_PAUSE_US, untilUs: nowUs, refusals: 0 };
    this.#flows.set(flow, own);
    const isAboutAll = ABOUT_ALL.has(error) || this.#refusedSince.size > 1;
    // A flow that is refused for good must not keep the others waiting for its probes.
    if (++own.refusals > ATTEMPTS_MAX && !isAboutAll) {
      this.#attempts.delete(order);
      return false;
    }
    own.untilUs = nowUs + own.pauseUs;
    own.pauseUs = Math.min(LONGEST_PAUSE_US, 2 * own.pauseUs);
    if (isAboutAll) {
      this.#pausedUntilUs = nowUs + this.#pauseUs;
      this.#pauseUs = Math.min(LONGEST_PAUSE_US, 2 * this.#pauseUs);
    }
    const attempts = (this.#attempts.get(order) ?? 0) + 1;
    this.#attempts.set(order, attempts);
    if (attempts < ATTEMPTS_MAX) return true;
    this.#attempts.delete(order);
    return false;
  }

  /** The flow is no more. */
  forget(flow: number): void {
    this.#flows.delete(flow);
    this.#refusedSince.delete(flow);
  }
}
