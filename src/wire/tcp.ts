/**
 * TCP segments (RFC 9293 §3.1), with their options kept as bytes. Connections are left to others.
 * In octets, each row 32 bits:
 *
 * |  0 source port                         | 2 destination port |
 * |  4 sequence number                                          |
 * |  8 acknowledgment number                                    |
 * | 12 data offset, flags (4 and 12 bits)  | 14 window          |
 * | 16 checksum                            | 18 urgent pointer  |
 * | 20 options: none, or up to 10 rows                          |
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import type { Malformed } from './malformed.ts';
import {
  NO_BYTES,
  requireOptions,
  requireRoom,
  uint16At,
  uint32At,
  writeOctets,
  writeUint16,
  writeUint32,
} from './octets.ts';
import { isChecksumRight } from './pseudo-header.ts';

/** A segment as its sender sees it; data offset and checksum follow from it. */
export interface TcpSegment {
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** The control bits, `TCP_SYN` and so on, and the 4 reserved bits above them: 12 bits. */
  readonly flags: number;
  readonly window: number;
  /** 0 when absent. */
  readonly urgentPointer?: number;
  /** Whole 32-bit words, at most 40 bytes. */
  readonly options?: Uint8Array;
  readonly payload?: Uint8Array;
}

export const TCP_HEADER_BYTES = 20;
export const TCP_FIN = 0x01;
export const TCP_SYN = 0x02;
export const TCP_RST = 0x04;
export const TCP_ACK = 0x10;

/**
 * Reads one segment and verifies its checksum. Options and payload are views.
 *
 * @param pseudoHeaderSum the partial sum for a segment of this length
 */
export function decodeTcp(
  bytes: Uint8Array,
  pseudoHeaderSum: number,
): Required<TcpSegment> | Malformed {
  const headerBytes = tcpHeaderBytes(bytes, 0, bytes.length);
  if (typeof headerBytes !== 'number') return headerBytes;
  if (!isChecksumRight(bytes, { start: 0, end: bytes.length, field: 16 }, pseudoHeaderSum)) {
    return { malformed: 'bad-checksum', offset: 16 };
  }
  return {
    sourcePort: uint16At(bytes, 0),
    destinationPort: uint16At(bytes, 2),
    sequence: uint32At(bytes, 4),
    acknowledgment: uint32At(bytes, 8),
    flags: tcpFlags(bytes, 0),
    window: uint16At(bytes, 14),
    urgentPointer: uint16At(bytes, 18),
    options: bytes.subarray(TCP_HEADER_BYTES, headerBytes),
    payload: bytes.subarray(headerBytes),
  };
}

/**
 * Writes a segment with its checksum, and allocates nothing. Numbers are cut to their field's
 * width.
 *
 * @param pseudoHeaderSum the partial sum for a segment of this length
 * @returns the offset past the segment
 * @throws {RangeError} when `into` is too short or options are no whole words
 */
export function writeTcpSegment(
  into: Uint8Array,
  offset: number,
  segment: TcpSegment,
  pseudoHeaderSum: number,
): number {
  const { options = NO_BYTES, payload = NO_BYTES } = segment;
  requireOptions(options);
  const headerBytes = TCP_HEADER_BYTES + options.length;
  const end = offset + headerBytes + payload.length;
  requireRoom(into, end);
  writeUint16(into, offset, segment.sourcePort);
  writeUint16(into, offset + 2, segment.destinationPort);
  writeUint32(into, offset + 4, segment.sequence);
  writeUint32(into, offset + 8, segment.acknowledgment);
  writeUint16(into, offset + 12, ((headerBytes / 4) << 12) | (segment.flags & 0xfff));
  writeUint16(into, offset + 14, segment.window);
  writeUint16(into, offset + 16, 0);
  writeUint16(into, offset + 18, segment.urgentPointer ?? 0);
  writeOctets(into, offset + TCP_HEADER_BYTES, options);
  writeOctets(into, offset + headerBytes, payload);
  writeUint16(into, offset + 16, checksumOf(addWords(pseudoHeaderSum, into, offset, end)));
  return end;
}

/** Length of the header of the segment `bytes[start, end)`: 20–60 bytes, all of them there. */
export function tcpHeaderBytes(bytes: Uint8Array, start: number, end: number): number | Malformed {
  if (start + TCP_HEADER_BYTES > end) return { malformed: 'truncated', offset: end };
  const headerBytes = ((bytes[start + 12] ?? 0) >> 4) * 4;
  if (headerBytes < TCP_HEADER_BYTES) return { malformed: 'bad-length', offset: start + 12 };
  return start + headerBytes > end ? { malformed: 'truncated', offset: end } : headerBytes;
}

/** The flags of the segment at `start`, as in `TcpSegment`. */
export function tcpFlags(bytes: Uint8Array, start: number): number {
  return uint16At(bytes, start + 12) & 0xfff;
}
