/**
 * When a target that accepts connections is busy with a handshake of a flow: from the arrival of a
 * SYN until our kernel, which knows of no connection, has reset what answers it. Other SYNs of the
 * flow draw no answer of their own meanwhile (RFC 9293 §3.10.7.4: a segment out of the window is
 * answered with an acknowledgment of what was received before), so their losses tell nothing.
 */

interface Handshake {
  readonly fromUs: number;
  readonly untilUs: number;
}

/** Answers of a busy target that show that it never is: fewer may be times that are not exact. */
const ANSWERED_BUSY_MIN = 3;

/** The handshakes of all flows. Times are in microseconds of the run's clock. */
export class Handshakes {
  readonly #targetOf: (flow: number) => number;
  readonly #byFlow = new Map<number, Handshake[]>();
  /** By target: how often it has answered while it should have been busy. */
  readonly #answeredBusy = new Map<number, number>();

  /** @param targetOf address index of the target of a flow */
  constructor(targetOf: (flow: number) => number) {
    this.#targetOf = targetOf;
  }

  /**
   * A probe was answered at once. A target that answers what was sent while it should have been
   * busy keeps no handshakes, as a SYN proxy need not.
   */
  opened(flow: number, sentAtUs: number, rttUs: number): void {
    if (this.isBusy(flow, sentAtUs)) {
      const target = this.#targetOf(flow);
      this.#answeredBusy.set(target, (this.#answeredBusy.get(target) ?? 0) + 1);
    }
    this.lasted(flow, sentAtUs, sentAtUs + rttUs);
  }

  /** A probe began a handshake, and what ended it was drawn by the last that was sent meanwhile. */
  lasted(flow: number, fromUs: number, untilUs: number): void {
    const known = this.#byFlow.get(flow);
    if (known === undefined) this.#byFlow.set(flow, [{ fromUs, untilUs }]);
    else known.push({ fromUs, untilUs });
  }

  /** Whether the target of a flow was busy with it when a probe was sent. */
  isBusy(flow: number, sentAtUs: number): boolean {
    const known = this.#byFlow.get(flow);
    if (known === undefined) return false;
    if ((this.#answeredBusy.get(this.#targetOf(flow)) ?? 0) >= ANSWERED_BUSY_MIN) return false;
    return known.some(({ fromUs, untilUs }) => sentAtUs >= fromUs && sentAtUs <= untilUs);
  }
}
