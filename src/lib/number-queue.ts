/** A first-in first-out queue of numbers in one growing ring: no object per entry. */

/** A power of two, as all that follow: places are then found without a division. */
const INITIAL_CAPACITY = 64;

/** Grows by doubling and never shrinks. */
export class NumberQueue {
  #ring: Float64Array<ArrayBuffer> = new Float64Array(INITIAL_CAPACITY);
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(value: number): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)] = value;
    this.#length++;
  }

  /** The entry that `shift` would take; undefined when there is none. */
  peek(): number | undefined {
    return this.#length === 0 ? undefined : this.#ring[this.#head];
  }

  /** Takes the oldest entry out; undefined when there is none. */
  shift(): number | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#ring[this.#head];
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#length--;
    return value;
  }

  /** Takes the newest entry out; undefined when there is none. */
  pop(): number | undefined {
    if (this.#length === 0) return undefined;
    this.#length--;
    return this.#ring[(this.#head + this.#length) & (this.#ring.length - 1)];
  }

  #grow(): void {
    const ring = new Float64Array(this.#ring.length * 2);
    ring.set(this.#ring.subarray(this.#head));
    ring.set(this.#ring.subarray(0, this.#head), this.#ring.length - this.#head);
    this.#ring = ring;
    this.#head = 0;
  }
}
