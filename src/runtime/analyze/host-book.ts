/**
 * Hosts as addresses: those of which a file has only the name get one that no host has and that
 * nobody is ever shown, of 0.0.0.0/8 or of the prefix that is only for discarding (RFC 6666).
 */

import { parseIpAddress } from '../../lib/ip-address.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { SeenHost } from './seen-traces.ts';

const DISCARD_PREFIX = [0x01, 0x00] as const;

/** Interns hosts, and knows their names. */
export class HostBook {
  readonly addresses: AddressBook;
  readonly #bytes = new Map<string, Uint8Array>();
  readonly #names = new Map<string, string>();
  readonly #family: 4 | 6;
  #standIns = 0;

  constructor(addresses: AddressBook, family: 4 | 6) {
    this.addresses = addresses;
    this.#family = family;
  }

  indexOf(host: SeenHost): number {
    const index = this.addresses.indexOf(this.bytesOf(host));
    if (host.address === undefined) this.addresses.rename(index, host.name);
    return index;
  }

  /** 4 or 16 bytes. */
  bytesOf({ address, name }: SeenHost): Uint8Array {
    const key = address ?? name;
    const known = this.#bytes.get(key);
    if (known !== undefined) return known;
    const bytes = (address && parseIpAddress(address)) || this.#standIn();
    this.#bytes.set(key, bytes);
    if (name !== key) this.#names.set(key, name);
    return bytes;
  }

  /** The name of who is known by this text; null where nobody told one. */
  nameOf(text: string): string | null {
    return this.#names.get(text) ?? null;
  }

  #standIn(): Uint8Array {
    const number = ++this.#standIns;
    // Of the family of all others, which the record tells.
    if (this.#family === 4) return Uint8Array.of(0, number >> 16, number >> 8, number);
    const bytes = new Uint8Array(16);
    bytes.set(DISCARD_PREFIX);
    bytes.set([number >> 16, (number >> 8) & 0xff, number & 0xff], 13);
    return bytes;
  }
}
