/**
 * Sets of addresses of one family as sorted ranges: a prefix costs as much as one address, members
 * have numbers from 0 up, and a member is found by its number. IPv6 ranges hold at most 2^40
 * addresses each, as nobody probes more.
 */

import { formatIpAddress, type IpFamily, parseIpAddress } from './ip-address.ts';

/** First and last address, both included. */
export interface AddressRange {
  readonly family: IpFamily;
  readonly first: bigint;
  readonly last: bigint;
}

/** Of an address. */
export const BITS = { 4: 32, 6: 128 } as const;

/**
 * Reads `192.0.2.7`, `192.0.2.0/24`, `192.0.2.3-192.0.2.9` or the same of IPv6.
 *
 * @returns why it is none, in a few words that follow its quotation, when it is none
 */
export function parseAddressRange(text: string): AddressRange | string {
  return text.includes('-') ? fromTo(text) : prefixOf(text);
}

function fromTo(text: string): AddressRange | string {
  const ends = text.split('-').map((end) => parseIpAddress(end.trim()));
  const [first, last] = ends;
  if (first === undefined || first.length !== last?.length || ends.length > 2) {
    return 'is no address, no prefix and no range of addresses';
  }
  const range = { first: numberOf(first), last: numberOf(last) };
  if (range.last < range.first) return 'ends before it begins';
  return { family: first.length === 4 ? 4 : 6, ...range };
}

function prefixOf(text: string): AddressRange | string {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  const address = parseIpAddress(addressText);
  if (address === undefined || rest.length > 0) return 'is no address and no prefix';
  const family = address.length === 4 ? 4 : 6;
  const bits = BITS[family];
  const first = numberOf(address);
  if (lengthText === undefined) return { family, first, last: first };
  const length = /^\d{1,3}$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  if (!(length <= bits)) return `has no prefix length from 0 to ${bits}`;
  const size = 1n << BigInt(bits - length);
  if (first % size !== 0n) {
    const start = formatIpAddress(bytesOf(first - (first % size), family));
    return `has bits beyond its prefix: did you mean ${start}/${length}?`;
  }
  return { family, first, last: first + size - 1n };
}

/** The fewest prefixes that make up a range, in order. */
export function* prefixesIn(range: AddressRange): Generator<AddressRange> {
  let { first } = range;
  while (first <= range.last) {
    let size = 1n;
    while (first % (2n * size) === 0n && first + 2n * size - 1n <= range.last) size *= 2n;
    yield { ...range, first, last: first + size - 1n };
    first += size;
  }
}

/** Merges what overlaps or touches, of ranges that are sorted by their first addresses. */
export function* mergedRanges(sorted: Iterable<AddressRange>): Generator<AddressRange> {
  let open: AddressRange | undefined;
  for (const range of sorted) {
    if (open === undefined) open = range;
    else if (range.first > open.last + 1n) {
      yield open;
      open = range;
    } else if (range.last > open.last) open = { ...open, last: range.last };
  }
  if (open !== undefined) yield open;
}

/**
 * What is in `ranges` and in none of `others`, one after the other; all of one family, and both in
 * order and without overlaps.
 */
export function* rangesWithout(
  ranges: Iterable<AddressRange>,
  others: Iterable<AddressRange>,
): Generator<AddressRange> {
  const holes = new Cursor(others);
  for (const range of ranges) {
    while (holes.at !== undefined && holes.at.last < range.first) holes.advance();
    yield* cutUp(range, holes);
  }
}

/** What the holes from there on leave of a range. */
function* cutUp(range: AddressRange, holes: Cursor): Generator<AddressRange> {
  let { first } = range;
  for (let hole = holes.at; hole !== undefined && hole.first <= range.last; hole = holes.at) {
    if (hole.first > first) yield { ...range, first, last: hole.first - 1n };
    first = hole.last + 1n;
    if (first > range.last) return; // the hole may reach into the next range, too
    holes.advance();
  }
  yield first === range.first ? range : { ...range, first };
}

/** A place in a row of ranges. */
class Cursor {
  /** Undefined behind the last. */
  at: AddressRange | undefined;
  readonly #ranges: Iterator<AddressRange>;

  constructor(ranges: Iterable<AddressRange>) {
    this.#ranges = ranges[Symbol.iterator]();
    this.advance();
  }

  advance(): void {
    const next = this.#ranges.next();
    this.at = next.done ? undefined : next.value;
  }
}

/** All that a set is, for another thread to make the same one of. */
export interface AddressSetParts {
  readonly family: IpFamily;
  readonly size: number;
  /** First addresses of its ranges, network order, one after the other. */
  readonly firsts: Uint8Array;
  /** Number of the first address of each range. */
  readonly numbers: Float64Array;
}

/** A set whose members have numbers. */
export class AddressSet {
  readonly family: IpFamily;
  /** How many addresses there are. */
  readonly size: number;
  readonly #addressBytes: number;
  /** First addresses, network order, one after the other. */
  readonly #firsts: Uint8Array;
  /** Number of the first address of each range. */
  readonly #numbers: Float64Array;

  /**
   * @param ranges in order and without overlaps; looked at twice, so that nothing more than the set
   *   is kept of them; or the parts of another set
   * @throws {RangeError} when the set is empty, or its size is beyond 2^40
   */
  constructor(ranges: Iterable<AddressRange> | AddressSetParts) {
    if (!(Symbol.iterator in ranges)) {
      const { family, size, firsts, numbers } = ranges;
      [this.family, this.size, this.#firsts, this.#numbers] = [family, size, firsts, numbers];
      this.#addressBytes = BITS[family] / 8;
      return;
    }
    let [count, family] = [0, 4 as IpFamily];
    for (const range of ranges) {
      count++;
      ({ family } = range);
    }
    this.family = family;
    this.#addressBytes = BITS[family] / 8;
    this.#firsts = new Uint8Array(count * this.#addressBytes);
    this.#numbers = new Float64Array(count);
    let [size, i] = [0, 0];
    for (const { first, last } of ranges) {
      this.#writeFirst(i, first);
      this.#numbers[i++] = size;
      size += last === first ? 1 : Number(last - first) + 1;
    }
    if (size < 1 || size > 2 ** 40) {
      throw new RangeError(`a set of addresses has 1 to 2^40 of them, got ${size}`);
    }
    this.size = size;
  }

  /** Not copied: for messages, which do that. */
  parts(): AddressSetParts {
    const { family, size } = this;
    return { family, size, firsts: this.#firsts, numbers: this.#numbers };
  }

  /** The ranges as bytes: the same for the same set. */
  fingerprint(): Uint8Array {
    const numbers = new Uint8Array(this.#numbers.buffer);
    const all = new Uint8Array(this.#firsts.length + numbers.length);
    all.set(this.#firsts);
    all.set(numbers, this.#firsts.length);
    return all;
  }

  /**
   * Writes a member's address.
   *
   * @param number an integer in [0, size)
   */
  writeAddress(number: number, into: Uint8Array, offset: number): void {
    const range = this.#rangeOf(number);
    const bytes = this.#addressBytes;
    const start = range * bytes;
    let carry = number - (this.#numbers[range] as number);
    for (let i = bytes - 1; i >= 0; i--) {
      const sum = (this.#firsts[start + i] as number) + carry;
      into[offset + i] = sum % 256;
      carry = Math.floor(sum / 256);
    }
  }

  /** @returns the member's number, −1 for an address that is none */
  numberOf(bytes: Uint8Array, offset: number): number {
    let low = 0;
    let high = this.#numbers.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#compare(middle, bytes, offset) <= 0) low = middle;
      else high = middle - 1;
    }
    const distance = this.#distance(low, bytes, offset);
    const next = this.#numbers[low + 1] ?? this.size;
    const number = (this.#numbers[low] as number) + distance;
    return distance >= 0 && number < next ? number : -1;
  }

  #writeFirst(range: number, first: bigint): void {
    const start = range * this.#addressBytes;
    if (this.family === 6) {
      this.#firsts.set(bytesOf(first, 6), start);
      return;
    }
    let rest = Number(first);
    for (let i = start + 3; i >= start; i--) {
      this.#firsts[i] = rest % 256;
      rest = Math.floor(rest / 256);
    }
  }

  #rangeOf(number: number): number {
    let low = 0;
    let high = this.#numbers.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#numbers[middle] as number) <= number) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #compare(range: number, bytes: Uint8Array, offset: number): number {
    const start = range * this.#addressBytes;
    for (let i = 0; i < this.#addressBytes; i++) {
      const difference = (this.#firsts[start + i] as number) - (bytes[offset + i] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }

  /** Beyond 2^53 it is not exact, which is far beyond every range. */
  #distance(range: number, bytes: Uint8Array, offset: number): number {
    const start = range * this.#addressBytes;
    let distance = 0;
    for (let i = 0; i < this.#addressBytes; i++) {
      distance =
        distance * 256 + (bytes[offset + i] as number) - (this.#firsts[start + i] as number);
    }
    return distance;
  }
}

function numberOf(address: Uint8Array): bigint {
  if (address.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    return BigInt(((a * 256 + b) * 256 + c) * 256 + d);
  }
  let number = 0n;
  for (const byte of address) number = (number << 8n) | BigInt(byte);
  return number;
}

function bytesOf(number: bigint, family: IpFamily): Uint8Array {
  const bytes = new Uint8Array(BITS[family] / 8);
  let rest = number;
  for (let i = bytes.length - 1; i >= 0; i--) {
    bytes[i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  return bytes;
}
