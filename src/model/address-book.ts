/** Addresses as small integers: interned once, compared and counted by index ever after. */

import { FNV_BASIS, fnvStep } from '../lib/fnv1a.ts';
import { formatIpAddress } from '../lib/ip-address.ts';

/** No address has this index. */
const NOBODY = -1;
const ADDRESSES_AT_FIRST = 16;
const BYTES_MAX = 16;
/** Cells of the table for each address that there is room for: it stays half empty. */
const CELLS_EACH = 2;

/**
 * Indexes count up from 0 in the order in which addresses were first seen. All is in typed arrays,
 * as every probe's flow and every reply is looked up here: an address costs no object, nor does
 * looking for it.
 */
export class AddressBook {
  /** One after the other, 16 bytes for each. */
  #bytes: Uint8Array<ArrayBuffer> = new Uint8Array(ADDRESSES_AT_FIRST * BYTES_MAX);
  /** How many of them count: 4 or 16. */
  #lengths: Uint8Array<ArrayBuffer> = new Uint8Array(ADDRESSES_AT_FIRST);
  /** Indexes by hash, `NOBODY` where there is none: open addressing with linear steps. */
  #cells: Int32Array<ArrayBuffer> = new Int32Array(ADDRESSES_AT_FIRST * CELLS_EACH).fill(NOBODY);
  #size = 0;
  /** Written when first asked for: of most targets of many nobody asks before the end. */
  readonly #texts = new Map<number, string>();

  /** The index of an address (4 or 16 bytes, network order), new ones numbered from 0 up. */
  indexOf(address: Uint8Array): number {
    const cell = this.#cellOf(address);
    const known = this.#cells[cell] as number;
    if (known !== NOBODY) return known;
    if (this.#size === this.#lengths.length) {
      this.#grow();
      return this.indexOf(address);
    }
    const index = this.#size++;
    this.#bytes.set(address, index * BYTES_MAX);
    this.#lengths[index] = address.length;
    this.#cells[cell] = index;
    return index;
  }

  /** The index of an address that is already in the book. */
  find(address: Uint8Array): number | undefined {
    const known = this.#cells[this.#cellOf(address)] as number;
    return known === NOBODY ? undefined : known;
  }

  /** @throws {RangeError} when no address has this index */
  textOf(index: number): string {
    const known = this.#texts.get(index);
    if (known !== undefined) return known;
    if (!Number.isInteger(index) || index < 0 || index >= this.#size) {
      throw new RangeError(`no address has index ${index}`);
    }
    const text = formatIpAddress(this.#addressAt(index));
    this.#texts.set(index, text);
    return text;
  }

  /** Gives an address another text, such as a name where that is all that is known. */
  rename(index: number, text: string): void {
    this.#texts.set(index, text);
  }

  get size(): number {
    return this.#size;
  }

  #addressAt(index: number): Uint8Array {
    const start = index * BYTES_MAX;
    return this.#bytes.subarray(start, start + (this.#lengths[index] as number));
  }

  /** The cell that has the address, or the one to put it into. */
  #cellOf(address: Uint8Array): number {
    const mask = this.#cells.length - 1;
    let cell = hashOf(address) & mask;
    for (;;) {
      const index = this.#cells[cell] as number;
      if (index === NOBODY || this.#isAt(index, address)) return cell;
      cell = (cell + 1) & mask;
    }
  }

  #isAt(index: number, address: Uint8Array): boolean {
    if (this.#lengths[index] !== address.length) return false;
    const start = index * BYTES_MAX;
    for (let i = 0; i < address.length; i++) {
      if (this.#bytes[start + i] !== address[i]) return false;
    }
    return true;
  }

  #grow(): void {
    const addresses = 2 * this.#lengths.length;
    const [bytes, lengths] = [this.#bytes, this.#lengths];
    this.#bytes = new Uint8Array(addresses * BYTES_MAX);
    this.#bytes.set(bytes);
    this.#lengths = new Uint8Array(addresses);
    this.#lengths.set(lengths);
    this.#cells = new Int32Array(addresses * CELLS_EACH).fill(NOBODY);
    for (let index = 0; index < this.#size; index++) {
      this.#cells[this.#cellOf(this.#addressAt(index))] = index;
    }
  }
}

/** The steps are those of FNV-1a; the end mixes high bits into the low ones that count. */
function hashOf(address: Uint8Array): number {
  let hash = FNV_BASIS;
  for (let i = 0; i < address.length; i++) {
    hash = fnvStep(hash, address[i] as number);
  }
  return hash ^ (hash >>> 15);
}
