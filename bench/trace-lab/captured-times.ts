/** Round trips as a capture at the sender's device has them: of UDP over IPv4 and its errors. */

import { readFileSync } from 'node:fs';

/** Little-endian files with nanoseconds, of Ethernet (libpcap's savefile format). */
const MAGIC_NANOSECONDS = 0xa1b23c4d;
const FILE_HEADER_BYTES = 24;
const RECORD_HEADER_BYTES = 16;
const ETHERNET_BYTES = 14;
const IP = ETHERNET_BYTES;
const UDP = 17;
const ICMP = 1;
const QUOTE = 28;

/** A probe that left, and how long its answer took; undefined where none came. */
export interface CapturedProbe {
  readonly ttl: number;
  readonly rttUs: number | undefined;
}

/** The probes in a capture, in the order in which they left. */
export function capturedProbes(file: string): CapturedProbe[] {
  const bytes = readFileSync(file);
  if (bytes.length < FILE_HEADER_BYTES) return [];
  if (bytes.readUInt32LE(0) !== MAGIC_NANOSECONDS) throw new Error(`${file}: no nanoseconds`);
  const sent = new Map<string, { readonly ttl: number; readonly atUs: number }>();
  const answered = new Map<string, number>();
  for (let at = FILE_HEADER_BYTES; at + RECORD_HEADER_BYTES <= bytes.length; ) {
    const atUs = bytes.readUInt32LE(at) * 1e6 + bytes.readUInt32LE(at + 4) / 1000;
    const length = bytes.readUInt32LE(at + 8);
    if (at + RECORD_HEADER_BYTES + length > bytes.length) break; // it is still being written
    const packet = bytes.subarray(at + RECORD_HEADER_BYTES, at + RECORD_HEADER_BYTES + length);
    const protocol = packet[IP + 9];
    if (protocol === UDP) sent.set(keyOf(packet, IP), { ttl: packet[IP + 8] ?? 0, atUs });
    if (protocol === ICMP) answered.set(keyOf(packet, IP + QUOTE), atUs);
    at += RECORD_HEADER_BYTES + length;
  }
  return [...sent].map(([key, { ttl, atUs }]) => {
    const answeredAtUs = answered.get(key);
    return { ttl, rttUs: answeredAtUs === undefined ? undefined : answeredAtUs - atUs };
  });
}

/** Identification and UDP checksum: no two probes of a capture have both in common. */
function keyOf(packet: Buffer, header: number): string {
  return `${packet.readUInt16BE(header + 4)} ${packet.readUInt16BE(header + 26)}`;
}
