/**
 * Replies on their way, in virtual time: a timing wheel of milliseconds over packets in one block
 * of memory, so that a reply costs no object. Within a millisecond the order is open.
 */

/** The longest reply that fits. */
const REPLY_BYTES = 128;
/** Replies come within so many milliseconds, a power of two. */
const SPOKES = 1024;
const NONE = -1;

/** A bounded number of packets, each with its time of arrival. */
export class ReplyWheel {
  readonly #bytes: Uint8Array;
  readonly #views: (Uint8Array | undefined)[] = [];
  readonly #lengths: Uint8Array;
  readonly #atUs: Float64Array;
  readonly #next: Int32Array;
  readonly #spokes: Int32Array = new Int32Array(SPOKES).fill(NONE);
  #free: number;
  #used = 0;
  /** The millisecond that is handed out next. */
  #tick = 0;

  /** @param capacity replies at a time */
  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity * REPLY_BYTES);
    this.#lengths = new Uint8Array(capacity);
    this.#atUs = new Float64Array(capacity);
    this.#next = Int32Array.from({ length: capacity }, (_, i) => (i + 1 < capacity ? i + 1 : NONE));
    this.#free = capacity > 0 ? 0 : NONE;
  }

  /**
   * Room for a packet that arrives at `atUs`, at most a second after `nowUs`.
   *
   * @param write writes it, and returns its length
   * @returns false when there is no room
   */
  add(nowUs: number, atUs: number, write: (into: Uint8Array) => number): boolean {
    if (this.#used === 0) this.#tick = Math.max(this.#tick, Math.floor(nowUs / 1000));
    const slot = this.#free;
    if (slot === NONE) return false;
    this.#free = this.#next[slot] as number;
    this.#used++;
    this.#views[slot] ??= this.#bytes.subarray(slot * REPLY_BYTES, (slot + 1) * REPLY_BYTES);
    this.#lengths[slot] = write(this.#views[slot]);
    this.#atUs[slot] = atUs;
    const tick = Math.max(this.#tick, Math.floor(atUs / 1000));
    const spoke = Math.min(tick, this.#tick + SPOKES - 1) % SPOKES;
    this.#next[slot] = this.#spokes[spoke] as number;
    this.#spokes[spoke] = slot;
    return true;
  }

  /** When the next one arrives, to the millisecond: never later than it does. */
  nextUs(): number {
    if (this.#used === 0) return Number.POSITIVE_INFINITY;
    let tick = this.#tick;
    while (this.#spokes[tick % SPOKES] === NONE) tick++;
    return tick * 1000;
  }

  /** Hands over what has arrived by `nowUs`. */
  takeUntil(nowUs: number, take: (packet: Uint8Array, atUs: number) => void): number {
    const last = Math.floor(nowUs / 1000);
    let count = 0;
    while (this.#used > 0 && this.#tick <= last) {
      const spoke = this.#tick % SPOKES;
      let slot = this.#spokes[spoke] as number;
      this.#spokes[spoke] = NONE;
      while (slot !== NONE) {
        const next = this.#next[slot] as number;
        const start = slot * REPLY_BYTES;
        take(
          this.#bytes.subarray(start, start + (this.#lengths[slot] as number)),
          Math.min(nowUs, this.#atUs[slot] as number),
        );
        this.#next[slot] = this.#free;
        this.#free = slot;
        this.#used--;
        count++;
        slot = next;
      }
      this.#tick++;
    }
    if (this.#used === 0) this.#tick = Math.max(this.#tick, last);
    return count;
  }
}
