/** Addresses as small integers: interned once, compared and counted by index ever after. */

import { formatIpAddress } from '../lib/ip-address.ts';

/** Indexes count up from 0 in the order in which addresses were first seen. */
export class AddressBook {
  readonly #indexByKey = new Map<number | string, number>();
  readonly #keys: (number | string)[] = [];
  /** Written when first asked for: of most targets of many nobody asks before the end. */
  readonly #texts = new Map<number, string>();

  /** The index of an address (4 or 16 bytes, network order), new ones numbered from 0 up. */
  indexOf(address: Uint8Array): number {
    const key = keyOf(address);
    const known = this.#indexByKey.get(key);
    if (known !== undefined) return known;
    const index = this.#keys.length;
    this.#indexByKey.set(key, index);
    this.#keys.push(key);
    return index;
  }

  /** The index of an address that is already in the book. */
  find(address: Uint8Array): number | undefined {
    return this.#indexByKey.get(keyOf(address));
  }

  /** @throws {RangeError} when no address has this index */
  textOf(index: number): string {
    const known = this.#texts.get(index);
    if (known !== undefined) return known;
    const key = this.#keys[index];
    if (key === undefined) throw new RangeError(`no address has index ${index}`);
    const text = formatIpAddress(addressOf(key));
    this.#texts.set(index, text);
    return text;
  }

  get size(): number {
    return this.#keys.length;
  }
}

/** IPv4 as one number; IPv6 as a string of its eight 16-bit words, which no number can hold. */
function keyOf(address: Uint8Array): number | string {
  if (address.length === 4) {
    const [a = 0, b = 0, c = 0, d = 0] = address;
    return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
  }
  let key = '';
  for (let i = 0; i < address.length; i += 2) {
    key += String.fromCharCode(((address[i] ?? 0) << 8) | (address[i + 1] ?? 0));
  }
  return key;
}

/** The inverse of `keyOf`. */
function addressOf(key: number | string): Uint8Array {
  if (typeof key === 'number') return Uint8Array.of(key >>> 24, key >>> 16, key >>> 8, key);
  const address = new Uint8Array(2 * key.length);
  for (let i = 0; i < key.length; i++) {
    const word = key.charCodeAt(i);
    address[2 * i] = word >> 8;
    address[2 * i + 1] = word & 0xff;
  }
  return address;
}
