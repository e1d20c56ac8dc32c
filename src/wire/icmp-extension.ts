/**
 * The extension behind the quote of an ICMP error (RFC 4884 §7) and the MPLS label stack that it
 * may hold (RFC 4950). Routers disagree on where it starts, so finding it is tolerant.
 */

import { addWords, checksumOf, foldSum } from '../lib/checksum.ts';
import type { Malformed } from './malformed.ts';
import {
  requireRoom,
  uint16At,
  uint32At,
  writeOctets,
  writeUint16,
  writeUint32,
} from './octets.ts';

/** One object of an extension (RFC 4884 §8); its length follows from the payload. */
export interface IcmpObject {
  readonly classNumber: number;
  readonly classType: number;
  readonly payload: Uint8Array;
}

/** One entry of an MPLS label stack (RFC 3032 §2.1). */
export interface MplsEntry {
  /** 20 bits. */
  readonly label: number;
  /** 3 bits, formerly EXP (RFC 5462). */
  readonly trafficClass: number;
  readonly isBottomOfStack: boolean;
  readonly ttl: number;
}

/** A quote in front of an extension has at least this length, padded with zeros (RFC 4884 §3). */
export const EXTENDED_QUOTE_BYTES_MIN = 128;
const ICMP_EXTENSION_HEADER_BYTES = 4;
const ICMP_OBJECT_HEADER_BYTES = 4;
export const ICMP_OBJECTS_MAX = 32;
export const MPLS_ENTRIES_MAX = 64;
const MPLS_CLASS = 1;
/** The incoming label stack, the only class type that RFC 4950 §5 knows. */
const MPLS_CLASS_TYPE = 1;

const VERSION = 2;

/**
 * Reads one extension from its header on. Objects are read up to `ICMP_OBJECTS_MAX`, and up to the
 * first whose length cannot be: those before it still count. Payloads are views.
 */
export function decodeIcmpExtension(bytes: Uint8Array): readonly IcmpObject[] | Malformed {
  const end = bytes.length;
  if (end < ICMP_EXTENSION_HEADER_BYTES) return { malformed: 'truncated', offset: end };
  if ((bytes[0] ?? 0) >> 4 !== VERSION) return { malformed: 'bad-version', offset: 0 };
  if (!isExtension(bytes, 0, end)) return { malformed: 'bad-checksum', offset: 2 };
  const objects: IcmpObject[] = [];
  let offset = ICMP_EXTENSION_HEADER_BYTES;
  while (offset + ICMP_OBJECT_HEADER_BYTES <= end && objects.length < ICMP_OBJECTS_MAX) {
    const length = uint16At(bytes, offset);
    if (length < ICMP_OBJECT_HEADER_BYTES || offset + length > end) break;
    objects.push({
      classNumber: bytes[offset + 2] ?? 0,
      classType: bytes[offset + 3] ?? 0,
      payload: bytes.subarray(offset + ICMP_OBJECT_HEADER_BYTES, offset + length),
    });
    offset += length;
  }
  return objects;
}

/** Length of the extension that holds these objects, its header included. */
export function icmpExtensionBytes(objects: readonly IcmpObject[]): number {
  let length = ICMP_EXTENSION_HEADER_BYTES;
  for (const { payload } of objects) length += ICMP_OBJECT_HEADER_BYTES + payload.length;
  return length;
}

/**
 * Writes an extension with its checksum.
 *
 * @returns the offset past it
 * @throws {RangeError} when `into` is too short
 */
export function writeIcmpExtension(
  into: Uint8Array,
  offset: number,
  objects: readonly IcmpObject[],
): number {
  requireRoom(into, offset + icmpExtensionBytes(objects));
  writeUint32(into, offset, VERSION << 28); // reserved bits and checksum are still 0
  let end = offset + ICMP_EXTENSION_HEADER_BYTES;
  for (const { classNumber, classType, payload } of objects) {
    writeUint16(into, end, ICMP_OBJECT_HEADER_BYTES + payload.length);
    into[end + 2] = classNumber;
    into[end + 3] = classType;
    writeOctets(into, end + ICMP_OBJECT_HEADER_BYTES, payload);
    end += ICMP_OBJECT_HEADER_BYTES + payload.length;
  }
  writeUint16(into, offset + 2, checksumOf(addWords(0, into, offset, end)));
  return end;
}

/**
 * Finds the extension of an ICMP error.
 *
 * It starts where the error says its quote ends, if a version 2 header with a right checksum, or
 * none (0), is there. Else it is looked for at 128 bytes, where routers older than RFC 4884 put it
 * without a word (§5), and newer ones with a wrong length; there only a right checksum is proof
 * that it is no part of the quote.
 *
 * @param start where the quote in `bytes` starts
 * @param end where the error ends
 * @param declaredBytes length of the quote as the error tells it; 0 when it does not
 * @returns where the extension starts; `end` when there is none
 */
export function findIcmpExtension(
  bytes: Uint8Array,
  start: number,
  end: number,
  declaredBytes: number,
): number {
  const declared = start + declaredBytes;
  if (declaredBytes > 0 && isExtension(bytes, declared, end)) return declared;
  const usual = start + EXTENDED_QUOTE_BYTES_MIN;
  const isProven = uint16At(bytes, usual + 2) !== 0 && isExtension(bytes, usual, end);
  return isProven ? usual : end;
}

/** The object that shows a label stack (RFC 4950 §5): 32 bits an entry, outermost first. */
export function mplsObject(entries: readonly number[]): IcmpObject {
  const payload = new Uint8Array(4 * entries.length);
  for (const [i, entry] of entries.entries()) writeUint32(payload, 4 * i, entry);
  return { classNumber: MPLS_CLASS, classType: MPLS_CLASS_TYPE, payload };
}

/** Label stack entries in `objects`, 32 bits each, outermost first, up to `MPLS_ENTRIES_MAX`. */
export function mplsEntries(objects: readonly IcmpObject[]): readonly number[] {
  const entries: number[] = [];
  for (const { classNumber, classType, payload } of objects) {
    if (classNumber !== MPLS_CLASS || classType !== MPLS_CLASS_TYPE) continue;
    for (let i = 0; i + 4 <= payload.length && entries.length < MPLS_ENTRIES_MAX; i += 4) {
      entries.push(uint32At(payload, i));
    }
  }
  return entries;
}

/** Takes a label stack entry apart (RFC 3032 §2.1). */
export function decodeMplsEntry(entry: number): MplsEntry {
  return {
    label: entry >>> 12,
    trafficClass: (entry >>> 9) & 0b111,
    isBottomOfStack: (entry & 0x100) !== 0,
    ttl: entry & 0xff,
  };
}

/** The entry as 32 bits; numbers are cut to their field's width. */
export function encodeMplsEntry({ label, trafficClass, isBottomOfStack, ttl }: MplsEntry): number {
  const bottom = isBottomOfStack ? 0x100 : 0;
  return ((label << 12) | ((trafficClass & 0b111) << 9) | bottom | (ttl & 0xff)) >>> 0;
}

/** Whether `bytes[start, end)` has the version of an extension and its checksum, or none. */
function isExtension(bytes: Uint8Array, start: number, end: number): boolean {
  if (start + ICMP_EXTENSION_HEADER_BYTES > end) return false;
  if ((bytes[start] ?? 0) >> 4 !== VERSION) return false;
  if (uint16At(bytes, start + 2) === 0) return true;
  return foldSum(addWords(0, bytes, start, end)) === 0xffff;
}
