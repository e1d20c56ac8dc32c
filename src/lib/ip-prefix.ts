/** Prefixes of addresses, such as 192.0.2.0/24 (RFC 4632 §3.1, RFC 4291 §2.3). */

import { formatIpAddress, parseIpAddress } from './ip-address.ts';

export interface IpPrefix {
  /** 4 or 16 bytes, network order; bits beyond the length are 0. */
  readonly address: Uint8Array;
  /** Bits, 0 to 32 or 128. */
  readonly length: number;
}

/**
 * Reads a prefix, or an address as the prefix that has it alone.
 *
 * @returns undefined when `text` is neither, or has bits set beyond its length
 */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const [addressText = '', lengthText, ...rest] = text.split('/');
  const address = parseIpAddress(addressText);
  if (address === undefined || rest.length > 0) return undefined;
  const bits = 8 * address.length;
  if (lengthText === undefined) return { address, length: bits };
  if (!/^\d{1,3}$/.test(lengthText) || Number(lengthText) > bits) return undefined;
  const length = Number(lengthText);
  const masked = maskAddress(address, length);
  return masked.every((byte, i) => byte === address[i]) ? { address, length } : undefined;
}

/** With its length, also where it is a single address. */
export function formatIpPrefix({ address, length }: IpPrefix): string {
  return `${formatIpAddress(address)}/${length}`;
}

/** The address with all bits beyond `length` set to 0; a copy. */
export function maskAddress(address: Uint8Array, length: number): Uint8Array {
  return address.map((byte, i) => byte & maskOfByte(length - 8 * i));
}

/** Whether `address` begins with the prefix; false for the other family. */
export function contains({ address: start, length }: IpPrefix, address: Uint8Array): boolean {
  if (start.length !== address.length) return false;
  return start.every((byte, i) => byte === ((address[i] ?? 0) & maskOfByte(length - 8 * i)));
}

function maskOfByte(bits: number): number {
  const kept = Math.min(8, Math.max(0, bits));
  return 0xff & ~(0xff >> kept);
}
