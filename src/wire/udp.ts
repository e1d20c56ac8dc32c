/**
 * UDP datagrams (RFC 768), with the checksum as IPv6 wants it (RFC 8200 §8.1). In octets:
 *
 * | 0 source port | 2 destination port |
 * | 4 length      | 6 checksum         |
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import type { Malformed } from './malformed.ts';
import { requireRoom, uint16At, writeOctets, writeUint16 } from './octets.ts';
import { isChecksumRight } from './pseudo-header.ts';

/** A datagram as its sender sees it; length and checksum follow from it. */
export interface UdpDatagram {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payload: Uint8Array;
}

export const UDP_HEADER_BYTES = 8;

/**
 * Reads one datagram and verifies its checksum, unless that is 0: sent without (RFC 768; RFC 6935
 * for IPv6). The payload is a view, and ends where the length field says.
 *
 * @param bytes the datagram; what follows its length is padding
 * @param pseudoHeaderSum the partial sum for a datagram of the length that its header tells
 */
export function decodeUdp(bytes: Uint8Array, pseudoHeaderSum: number): UdpDatagram | Malformed {
  const end = udpEnd(bytes, 0, bytes.length);
  if (typeof end !== 'number') return end;
  if (!isUdpChecksumRight(bytes, { start: 0, end, field: 6 }, pseudoHeaderSum)) {
    return { malformed: 'bad-checksum', offset: 6 };
  }
  return {
    sourcePort: uint16At(bytes, 0),
    destinationPort: uint16At(bytes, 2),
    payload: bytes.subarray(UDP_HEADER_BYTES, end),
  };
}

/**
 * Writes a datagram with its checksum, and allocates nothing. Ports are cut to 16 bits.
 *
 * @param pseudoHeaderSum the partial sum for a datagram of this length
 * @returns the offset past the datagram
 * @throws {RangeError} when `into` is too short
 */
export function writeUdpDatagram(
  into: Uint8Array,
  offset: number,
  datagram: UdpDatagram,
  pseudoHeaderSum: number,
): number {
  const end = offset + UDP_HEADER_BYTES + datagram.payload.length;
  requireRoom(into, end);
  writeUint16(into, offset, datagram.sourcePort);
  writeUint16(into, offset + 2, datagram.destinationPort);
  writeUint16(into, offset + 4, end - offset);
  writeUint16(into, offset + 6, 0);
  writeOctets(into, offset + UDP_HEADER_BYTES, datagram.payload);
  const checksum = checksumOf(addWords(pseudoHeaderSum, into, offset, end));
  writeUint16(into, offset + 6, checksum === 0 ? 0xffff : checksum); // 0 would mean "none"
  return end;
}

/** Where the datagram that starts at `start` ends, by its length field: at most `end`. */
export function udpEnd(bytes: Uint8Array, start: number, end: number): number | Malformed {
  if (start + UDP_HEADER_BYTES > end) return { malformed: 'truncated', offset: end };
  const length = uint16At(bytes, start + 4);
  if (length < UDP_HEADER_BYTES) return { malformed: 'bad-length', offset: start + 4 };
  return start + length > end ? { malformed: 'truncated', offset: end } : start + length;
}

/** As `isChecksumRight`; a datagram may also have none. */
export function isUdpChecksumRight(
  bytes: Uint8Array,
  place: { readonly start: number; readonly end: number; readonly field: number },
  pseudoHeaderSum: number,
): boolean {
  return uint16At(bytes, place.field) === 0 || isChecksumRight(bytes, place, pseudoHeaderSum);
}
