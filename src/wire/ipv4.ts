/**
 * IPv4 headers (RFC 791 §3.1), with their options kept as bytes. Reassembly and the meaning of
 * options are left to others. In octets, each row 32 bits:
 *
 * |  0 version, header length | 1 TOS      | 2 total length           |
 * |  4 identification                      | 6 flags, fragment offset |
 * |  8 TTL                    | 9 protocol | 10 checksum              |
 * | 12 source                                                         |
 * | 16 destination                                                    |
 * | 20 options: none, or up to 10 rows                                |
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import type { Malformed } from './malformed.ts';
import {
  NO_BYTES,
  requireOptions,
  requireRoom,
  uint16At,
  writeOctets,
  writeUint16,
} from './octets.ts';

/** What the sender decides; version, header length, total length and checksum follow from it. */
export interface Ipv4Header {
  /** DSCP (6 bits) and ECN (2 bits), formerly Type of Service: 0–255. */
  readonly tos: number;
  /** What fragments of one packet have in common: 16 bits. */
  readonly identification: number;
  /** 3 bits: `IPV4_DONT_FRAGMENT`, `IPV4_MORE_FRAGMENTS` and a reserved one. */
  readonly flags: number;
  /** In units of 8 bytes, 0–8191. */
  readonly fragmentOffset: number;
  /** 0–255. */
  readonly ttl: number;
  /** One of `IP_PROTOCOL`, or any other: 0–255. */
  readonly protocol: number;
  /** 4 bytes. */
  readonly source: Uint8Array;
  /** 4 bytes. */
  readonly destination: Uint8Array;
  /** Whole 32-bit words, at most 40 bytes. */
  readonly options?: Uint8Array;
}

export interface Ipv4Packet extends Ipv4Header {
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

/** A header without options. */
export const IPV4_HEADER_BYTES = 20;
export const IPV4_DONT_FRAGMENT = 0b010;
export const IPV4_MORE_FRAGMENTS = 0b001;

/**
 * Reads one packet. Addresses, options and payload are views. The payload ends where the total
 * length says, or where the bytes do if that is sooner. The header checksum is not verified:
 * kernels do that before they hand a packet over.
 */
export function decodeIpv4(bytes: Uint8Array): Ipv4Packet | Malformed {
  const headerBytes = ipv4HeaderBytes(bytes, 0, bytes.length);
  if (typeof headerBytes !== 'number') return headerBytes;
  const totalLength = uint16At(bytes, 2);
  if (totalLength < headerBytes) return { malformed: 'bad-length', offset: 2 };
  return {
    tos: bytes[1] ?? 0,
    identification: uint16At(bytes, 4),
    flags: uint16At(bytes, 6) >> 13,
    fragmentOffset: uint16At(bytes, 6) & 0x1fff,
    ttl: bytes[8] ?? 0,
    protocol: bytes[9] ?? 0,
    source: bytes.subarray(12, 16),
    destination: bytes.subarray(16, 20),
    options: bytes.subarray(IPV4_HEADER_BYTES, headerBytes),
    payload: bytes.subarray(headerBytes, totalLength),
  };
}

/**
 * Writes a header with its checksum, and allocates nothing. Numbers are cut to their field's width.
 *
 * @param header `payloadLength` counts the bytes that will follow the header
 * @returns the offset past the header
 * @throws {RangeError} when `into` is too short, an address has not 4 bytes, options are no whole
 *   words, or the packet would exceed 65535 bytes
 */
export function writeIpv4Header(
  into: Uint8Array,
  offset: number,
  header: Ipv4Header & { readonly payloadLength: number },
): number {
  const { source, destination, options = NO_BYTES } = header;
  requireOptions(options);
  if (source.length !== 4 || destination.length !== 4) {
    throw new RangeError(
      `IPv4 needs 4-byte addresses, got ${source.length}, ${destination.length}`,
    );
  }
  const end = offset + IPV4_HEADER_BYTES + options.length;
  requireRoom(into, end);
  const totalLength = end - offset + header.payloadLength;
  if (totalLength > 0xffff) throw new RangeError(`an IPv4 packet cannot have ${totalLength} bytes`);
  into[offset] = 0x40 | ((end - offset) / 4);
  into[offset + 1] = header.tos;
  writeUint16(into, offset + 2, totalLength);
  writeUint16(into, offset + 4, header.identification);
  writeUint16(into, offset + 6, (header.flags << 13) | (header.fragmentOffset & 0x1fff));
  into[offset + 8] = header.ttl;
  into[offset + 9] = header.protocol;
  writeUint16(into, offset + 10, 0);
  writeOctets(into, offset + 12, source);
  writeOctets(into, offset + 16, destination);
  writeOctets(into, offset + IPV4_HEADER_BYTES, options);
  writeUint16(into, offset + 10, checksumOf(addWords(0, into, offset, end)));
  return end;
}

/**
 * Length of the header that starts `bytes[start, end)`, options included: 20–60 bytes, all of them
 * there. The total length is not looked at: in a quote it may lie.
 */
export function ipv4HeaderBytes(bytes: Uint8Array, start: number, end: number): number | Malformed {
  if (start >= end) return { malformed: 'truncated', offset: end };
  const first = bytes[start] ?? 0;
  if (first >> 4 !== 4) return { malformed: 'bad-version', offset: start };
  const headerBytes = (first & 0x0f) * 4;
  if (headerBytes < IPV4_HEADER_BYTES) return { malformed: 'bad-length', offset: start };
  return start + headerBytes > end ? { malformed: 'truncated', offset: end } : headerBytes;
}
