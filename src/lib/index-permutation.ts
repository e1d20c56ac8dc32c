/**
 * A keyed order of the numbers 0 to size − 1 that needs no memory: a Feistel network over a × b ≥
 * size (the generalised network of Black and Rogaway 2002), with the few results beyond the size
 * walked on until they fall inside. Not a cipher: it spreads load, it hides nothing.
 */

import type { Random } from './random.ts';

const ROUNDS = 4;
/** Halves then have 26 bits at most, and no product or sum of them leaves the safe integers. */
const SIZE_MAX: number = 2 ** 52;

/** A bijection of the integers in [0, `size`). */
export class IndexPermutation {
  readonly size: number;
  readonly #low: number;
  readonly #high: number;
  readonly #keys: Uint32Array;

  /**
   * @param size an integer in [1, 2^52]
   * @param random is drawn from here alone: the same seed, the same order
   * @throws {RangeError} for another size
   */
  constructor(size: number, random: Random) {
    if (!Number.isInteger(size) || size < 1 || size > SIZE_MAX) {
      throw new RangeError(`size must be an integer in [1, 2^52], got ${size}`);
    }
    this.size = size;
    this.#low = Math.ceil(Math.sqrt(size));
    this.#high = Math.ceil(size / this.#low);
    this.#keys = Uint32Array.from({ length: ROUNDS }, () => random.uint32());
  }

  /** @param index an integer in [0, size) @returns its place in the order, in [0, size) */
  at(index: number): number {
    let place = index;
    do place = this.#once(place);
    while (place >= this.size);
    return place;
  }

  /** The inverse of `at`. */
  indexOf(place: number): number {
    let index = place;
    do index = this.#onceBack(index);
    while (index >= this.size);
    return index;
  }

  /** One pass; the halves swap their moduli with each round, and an even number swaps them back. */
  #once(index: number): number {
    const [low, high] = [this.#low, this.#high];
    let left = index % low;
    let right = (index - left) / low;
    for (let round = 0; round < ROUNDS; round += 2) {
      left = (left + mixed(right, this.#keys[round] as number)) % low;
      right = (right + mixed(left, this.#keys[round + 1] as number)) % high;
    }
    return right * low + left;
  }

  #onceBack(place: number): number {
    const [low, high] = [this.#low, this.#high];
    let left = place % low;
    let right = (place - left) / low;
    for (let round = ROUNDS - 2; round >= 0; round -= 2) {
      const taken = mixed(left, this.#keys[round + 1] as number) % high;
      right = (right - taken + high) % high;
      const before = mixed(right, this.#keys[round] as number) % low;
      left = (left - before + low) % low;
    }
    return right * low + left;
  }
}

/** 32 bits of a keyed hash; the steps are the finaliser of MurmurHash3 (Appleby). */
function mixed(half: number, key: number): number {
  let hash = (half ^ key) | 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul((hash ^ (hash >>> 13)) + key, 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
