/**
 * Seeded random numbers: the same seed gives the same run on every machine. Not for secrets.
 */

/** A number in [0, 1) has 27 high and 26 low bits. */
const HIGH_BITS = 2 ** 26;
const ALL_BITS = 2 ** 53;
/** The latest of any stream, on its way to the caller. */
const DRAWN = new Float64Array(1);

/** A stream of random numbers (sfc32, Doty-Humphrey's small fast counter: 128 bits of state). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter: number;

  /** @param seed any number, of which the integer part counts; no two safe integers are alike */
  constructor(seed: number) {
    const whole = Math.trunc(seed);
    this.#a = whole >>> 0;
    this.#b = Math.floor(whole / 0x1_0000_0000) >>> 0;
    this.#c = 0x9e3779b9;
    this.#counter = 1;
    for (let i = 0; i < 15; i++) this.#next(); // mixes the seed into all of the state
  }

  /** An integer in [0, 2^32). */
  uint32(): number {
    return this.#next() >>> 0;
  }

  /** 32 bits, signed: what is beyond 31 V8 puts into an object where it does not inline a call. */
  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    this.#c |= 0;
    return sum;
  }

  /** A number in [0, 1), with 53 random bits. */
  unit(): number {
    this.fill(DRAWN);
    return DRAWN[0] as number;
  }

  /** Fills an array with the numbers that `unit` would give: none passes through a call. */
  fill(into: Float64Array): void {
    for (let i = 0; i < into.length; i++) {
      into[i] = ((this.#next() >>> 5) * HIGH_BITS + (this.#next() >>> 6)) / ALL_BITS;
    }
  }

  /** @param bound integer in [1, 2^32] @returns an integer in [0, bound), each as likely */
  below(bound: number): number {
    return Math.floor(this.unit() * bound);
  }

  /** Permutes `items` in place, every order as likely (Fisher–Yates); returns the same array. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const item = items[i] as T;
      items[i] = items[j] as T;
      items[j] = item;
    }
    return items;
  }

  /** A stream of its own for one purpose, so that more draws there change nothing here. */
  fork(): Random {
    return new Random(this.uint32() + this.uint32() * 0x20_0000);
  }
}
