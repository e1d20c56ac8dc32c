/**
 * ICMP messages of both families (RFC 792; RFC 4443 §2.1) in one frame. What differs between the
 * families is an `IcmpDialect`. In octets:
 *
 * | 0 type | 1 code | 2 checksum |
 * | 4 parameter                  |
 * | 8 body                       |
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import type { Malformed } from './malformed.ts';
import {
  NO_BYTES,
  requireRoom,
  uint32At,
  writeOctets,
  writeUint16,
  writeUint32,
} from './octets.ts';
import { isChecksumRight } from './pseudo-header.ts';

/** Why an ICMP error was sent, in the words of neither family. */
export type IcmpErrorCause =
  | 'time-exceeded'
  | 'unreachable'
  /** IPv4 calls this an unreachable with code 4, "fragmentation needed". */
  | 'packet-too-big'
  | 'parameter-problem';

/** The numbers in which ICMPv4 and ICMPv6 differ. */
export interface IcmpDialect {
  /** IP protocol number. */
  readonly protocol: number;
  readonly echoRequest: number;
  readonly echoReply: number;
  readonly unreachable: number;
  /** Code of an unreachable: nothing listens at the port. */
  readonly portUnreachableCode: number;
  readonly packetTooBig: { readonly type: number; readonly code: number };
  readonly timeExceeded: number;
  /** Byte of an error that tells the length of its quote, in units of so many bytes (RFC 4884). */
  readonly quoteLengthOffset: number;
  readonly quoteLengthUnitBytes: number;
  /** Undefined when the message is no error. */
  readonly causeOf: (type: number, code: number) => IcmpErrorCause | undefined;
  /** Whether errors of this type have a quote length, and so may have an extension (RFC 4884). */
  readonly isExtensible: (type: number) => boolean;
}

export interface IcmpMessage {
  readonly type: number;
  readonly code: number;
  /** Bytes 4–7: identifier and sequence number, MTU, pointer, or unused; 32 bits. */
  readonly parameter: number;
  readonly body: Uint8Array;
}

export interface IcmpEcho {
  /** `echoRequest` or `echoReply` of the dialect. */
  readonly type: number;
  readonly identifier: number;
  readonly sequence: number;
  readonly payload?: Uint8Array;
}

export const ICMP_HEADER_BYTES = 8;

/**
 * Reads one message and verifies its checksum. The body is a view. Messages of 4 bytes exist (a
 * bare type, code and checksum) and count as truncated.
 *
 * @param pseudoHeaderSum the partial sum for a message of this length; 0 for ICMPv4
 */
export function decodeIcmp(bytes: Uint8Array, pseudoHeaderSum: number): IcmpMessage | Malformed {
  const end = bytes.length;
  if (end < ICMP_HEADER_BYTES) return { malformed: 'truncated', offset: end };
  if (!isChecksumRight(bytes, { start: 0, end, field: 2 }, pseudoHeaderSum)) {
    return { malformed: 'bad-checksum', offset: 2 };
  }
  return {
    type: bytes[0] ?? 0,
    code: bytes[1] ?? 0,
    parameter: uint32At(bytes, 4),
    body: bytes.subarray(ICMP_HEADER_BYTES),
  };
}

/**
 * Writes a message with its checksum, and allocates nothing. Numbers are cut to their field's
 * width.
 *
 * @param pseudoHeaderSum the partial sum for a message of this length; 0 for ICMPv4
 * @returns the offset past the message
 * @throws {RangeError} when `into` is too short
 */
export function writeIcmp(
  into: Uint8Array,
  offset: number,
  message: IcmpMessage,
  pseudoHeaderSum: number,
): number {
  const end = offset + ICMP_HEADER_BYTES + message.body.length;
  requireRoom(into, end);
  into[offset] = message.type;
  into[offset + 1] = message.code;
  writeUint32(into, offset + 4, message.parameter);
  writeOctets(into, offset + ICMP_HEADER_BYTES, message.body);
  return sealIcmp(into, offset, end, pseudoHeaderSum);
}

/** Writes an echo request or reply; parameters and result are those of `writeIcmp`. */
export function writeIcmpEcho(
  into: Uint8Array,
  offset: number,
  { type, identifier, sequence, payload = NO_BYTES }: IcmpEcho,
  pseudoHeaderSum: number,
): number {
  const end = offset + ICMP_HEADER_BYTES + payload.length;
  requireRoom(into, end);
  into[offset] = type;
  into[offset + 1] = 0;
  writeUint16(into, offset + 4, identifier);
  writeUint16(into, offset + 6, sequence);
  writeOctets(into, offset + ICMP_HEADER_BYTES, payload);
  return sealIcmp(into, offset, end, pseudoHeaderSum);
}

/** Fills in the checksum of the message `into[start, end)`; returns `end`. */
export function sealIcmp(
  into: Uint8Array,
  start: number,
  end: number,
  pseudoHeaderSum: number,
): number {
  writeUint16(into, start + 2, 0);
  writeUint16(into, start + 2, checksumOf(addWords(pseudoHeaderSum, into, start, end)));
  return end;
}
