/** Reads fields out of one record of warts: bits tell which are there, and they follow in order. */

import { TraceFileError } from './seen-traces.ts';

/** How a field is written: so many bytes, an address, a block with its length, a text to its 0. */
export type FieldKind = number | 'address' | 'block' | 'text';

/** Where fields are, by their bits from 1 on. */
export class Fields {
  readonly #found: ReadonlyMap<number, Uint8Array>;

  constructor(found: ReadonlyMap<number, Uint8Array>) {
    this.#found = found;
  }

  has(bit: number): boolean {
    return this.#found.has(bit);
  }

  /** Of at most four bytes; 0 where it is not there. */
  number(bit: number): number {
    let value = 0;
    for (const byte of this.#found.get(bit) ?? []) value = value * 256 + byte;
    return value;
  }

  /** The 32-bit numbers of a longer one. */
  words(bit: number): number[] {
    const bytes = Buffer.from(this.#found.get(bit) ?? []);
    return Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readUInt32BE(4 * i));
  }

  /** 4 or 16 bytes; undefined where it is not there, or no address of the Internet Protocol. */
  address(bit: number): Uint8Array | undefined {
    const bytes = this.#found.get(bit);
    return bytes?.length === 4 || bytes?.length === 16 ? bytes : undefined;
  }

  text(bit: number): string | undefined {
    const bytes = this.#found.get(bit);
    return bytes === undefined ? undefined : Buffer.from(bytes).toString('utf8');
  }
}

/** The body of a record, read from front to back. Its addresses are numbered as they come. */
export class WartsBody {
  readonly #bytes: Buffer;
  readonly #end: number;
  readonly #addresses: Uint8Array[] = [];
  #at: number;

  constructor(bytes: Buffer, { at, end }: { readonly at: number; readonly end: number }) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
  }

  /** Offset in the file of what is read next. */
  get at(): number {
    return this.#at;
  }

  uint16(): number {
    return this.#bytes.readUInt16BE(this.#take(2));
  }

  /** A set of fields; those that a later version has added are passed over. */
  fields(kinds: readonly FieldKind[]): Fields {
    const bits = this.#bits();
    const found = new Map<number, Uint8Array>();
    if (bits.length === 0) return new Fields(found);
    const length = this.uint16();
    const end = this.#at + length;
    if (end > this.#end) throw this.#short();
    for (const bit of bits) {
      const kind = kinds[bit - 1];
      if (kind === undefined) break;
      found.set(bit, this.#field(kind));
    }
    if (this.#at > end) throw this.#short();
    this.#at = end;
    return new Fields(found);
  }

  /** Seven to a byte; the eighth says that another byte follows. */
  #bits(): number[] {
    const bits: number[] = [];
    for (let first = 1; ; first += 7) {
      const byte = this.#bytes[this.#take(1)] ?? 0;
      for (let i = 0; i < 7; i++) if ((byte & (1 << i)) !== 0) bits.push(first + i);
      if ((byte & 0x80) === 0) return bits;
    }
  }

  #field(kind: FieldKind): Uint8Array {
    if (typeof kind === 'number') return this.#slice(kind);
    if (kind === 'address') return this.#address();
    if (kind === 'block') return this.#slice(this.uint16());
    const end = this.#bytes.indexOf(0, this.#at);
    if (end < 0 || end >= this.#end) throw this.#short();
    const text = this.#slice(end - this.#at);
    this.#take(1);
    return text;
  }

  /** In full with its length and kind or, after a length of 0, by its number in this record. */
  #address(): Uint8Array {
    const length = this.#bytes[this.#take(1)] ?? 0;
    if (length === 0) {
      const number = this.#bytes.readUInt32BE(this.#take(4));
      const known = this.#addresses[number];
      if (known === undefined) throw this.#short();
      return known;
    }
    this.#take(1);
    const address = this.#slice(length);
    this.#addresses.push(address);
    return address;
  }

  #slice(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #take(length: number): number {
    const at = this.#at;
    if (at + length > this.#end) throw this.#short();
    this.#at += length;
    return at;
  }

  #short(): TraceFileError {
    return new TraceFileError(`it is damaged: a field that is not there (offset ${this.#at})`);
  }
}
