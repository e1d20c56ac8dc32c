/**
 * Many prefixes of one family, in typed arrays: a million single addresses take 8 MB, IPv6 17 MB.
 * Read back in order and without overlaps, whatever the order in which they came.
 */

import { type AddressRange, BITS, mergedRanges } from './address-ranges.ts';
import type { IpFamily } from './ip-address.ts';

const INITIAL_CAPACITY = 64;
/** More than there are prefix lengths of IPv4: its addresses and lengths make one number. */
const LENGTHS = 64;
const HALF = 64n;

interface Column {
  /** @param length of the prefix, in bits */
  push(first: bigint, length: number): void;
  /** All prefixes by their first addresses, wider ones before narrower ones. */
  sorted(): Generator<readonly [first: bigint, length: number]>;
}

/** Grows by doubling. */
export class PrefixList implements Iterable<AddressRange> {
  readonly family: IpFamily;
  readonly #column: Column;
  #size = 0;

  constructor(family: IpFamily) {
    this.family = family;
    this.#column = family === 4 ? new Column4() : new Column6();
  }

  /** How many were added. */
  get size(): number {
    return this.#size;
  }

  /** @param range of this family, and a prefix, as `prefixesIn` gives them */
  add({ first, last }: AddressRange): void {
    const hostBits = first === last ? 0 : (last - first).toString(2).length;
    this.#column.push(first, BITS[this.family] - hostBits);
    this.#size++;
  }

  [Symbol.iterator](): Iterator<AddressRange> {
    return mergedRanges(this.#ranges());
  }

  *#ranges(): Generator<AddressRange> {
    const { family } = this;
    for (const [first, length] of this.#column.sorted()) {
      const size = 1n << BigInt(BITS[family] - length);
      yield { family, first, last: first + size - 1n };
    }
  }
}

class Column4 implements Column {
  #keys = new Float64Array(INITIAL_CAPACITY);
  #count = 0;

  push(first: bigint, length: number): void {
    if (this.#count === this.#keys.length) this.#keys = doubled(this.#keys, Float64Array);
    this.#keys[this.#count++] = Number(first) * LENGTHS + length;
  }

  *sorted(): Generator<readonly [bigint, number]> {
    const keys = this.#keys.subarray(0, this.#count).sort();
    for (const key of keys) yield [BigInt(Math.floor(key / LENGTHS)), key % LENGTHS];
  }
}

class Column6 implements Column {
  #highs = new BigUint64Array(INITIAL_CAPACITY);
  #lows = new BigUint64Array(INITIAL_CAPACITY);
  #lengths = new Uint8Array(INITIAL_CAPACITY);
  #count = 0;

  push(first: bigint, length: number): void {
    if (this.#count === this.#lengths.length) {
      this.#highs = doubled(this.#highs, BigUint64Array);
      this.#lows = doubled(this.#lows, BigUint64Array);
      this.#lengths = doubled(this.#lengths, Uint8Array);
    }
    this.#highs[this.#count] = first >> HALF;
    this.#lows[this.#count] = BigInt.asUintN(64, first);
    this.#lengths[this.#count++] = length;
  }

  *sorted(): Generator<readonly [bigint, number]> {
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i);
    order.sort((a, b) => this.#compare(a, b));
    for (const i of order) {
      const first = ((this.#highs[i] as bigint) << HALF) | (this.#lows[i] as bigint);
      yield [first, this.#lengths[i] as number];
    }
  }

  #compare(a: number, b: number): number {
    for (const column of [this.#highs, this.#lows]) {
      const [one, other] = [column[a] as bigint, column[b] as bigint];
      if (one !== other) return one < other ? -1 : 1;
    }
    return (this.#lengths[a] as number) - (this.#lengths[b] as number);
  }
}

function doubled<Array extends { readonly length: number; set(from: Array): void }>(
  full: Array,
  Type: new (length: number) => Array,
): Array {
  const wider = new Type(2 * full.length);
  wider.set(full);
  return wider;
}
