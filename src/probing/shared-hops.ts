/**
 * Which hops all targets have in common: near us, every trace meets the same interfaces, and
 * thousands of traces must not ask them for thousands of replies at once just because each of them
 * has not met them yet.
 */

const TTLS = 256;
/** So many targets in a row must have met the same interface at a TTL. */
const TARGETS_MIN = 4;
const VARIOUS = -2;

/** What the replies so far say of each TTL. */
export class SharedHops {
  /** By TTL: the one interface that answered there; −1 for none yet, or `VARIOUS`. */
  readonly #responder: Int32Array<ArrayBuffer> = new Int32Array(TTLS).fill(-1);
  readonly #lastTarget: Int32Array<ArrayBuffer> = new Int32Array(TTLS).fill(-1);
  readonly #targets: Uint8Array<ArrayBuffer> = new Uint8Array(TTLS);

  /** Takes in one reply; targets and responders are indexes in the address book. */
  note(ttl: number, responder: number, target: number): void {
    const known = this.#responder[ttl] ?? -1;
    if (known === VARIOUS) return;
    if (known >= 0 && known !== responder) {
      this.#responder[ttl] = VARIOUS;
      return;
    }
    this.#responder[ttl] = responder;
    if (this.#lastTarget[ttl] === target) return;
    this.#lastTarget[ttl] = target;
    this.#targets[ttl] = Math.min(TARGETS_MIN, (this.#targets[ttl] ?? 0) + 1);
  }

  /** The interface that answers to all targets at this TTL; −1 where there is none. */
  responderAt(ttl: number): number {
    return (this.#targets[ttl] ?? 0) >= TARGETS_MIN ? (this.#responder[ttl] ?? -1) : -1;
  }
}
