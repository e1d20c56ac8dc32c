/** Captures as tcpdump and its kin write them, for tests. */

import { type RecordingEvent, recordedNetwork } from '../../src/runtime/isolate/recording.ts';
import type { Network } from '../../src/runtime/links/network.ts';

/** A packet on the wire. */
export interface WirePacket {
  readonly atUs: number;
  readonly bytes: Uint8Array;
}

/** When captures of simulated networks begin. */
const STARTED_US = 1_700_000_000_000_000;

/** The same network, every packet of which is kept with its time. */
export function tappedNetwork(network: Network, packets: WirePacket[]): Network {
  let nowUs = 0;
  const keep = (text: string, atUs: number): void => {
    packets.push({ atUs: STARTED_US + atUs, bytes: Buffer.from(text, 'base64') });
  };
  const tap = (event: RecordingEvent): void => {
    if (event.type === 'clock') nowUs = event.us;
    if (event.type === 'received') keep(event.packet, event.us);
    if (event.type === 'sent') for (const packet of event.packets) keep(packet, nowUs);
  };
  return recordedNetwork(network, tap, new AbortController().signal);
}

/** How a capture file is written. */
export interface PcapForm {
  readonly isLittle: boolean;
  readonly isNano: boolean;
  readonly link: number;
  /** Put before each packet. */
  readonly header: Uint8Array;
}

const RAW = 101;
export const RAW_PCAP: PcapForm = {
  isLittle: true,
  isNano: false,
  link: RAW,
  header: new Uint8Array(),
};

/** A whole pcap. */
export function pcapOf(packets: readonly WirePacket[], form: PcapForm = RAW_PCAP): Buffer {
  const words = (values: readonly number[]): Buffer => wordsOf(values, form.isLittle);
  const head = words([form.isNano ? 0xa1b23c4d : 0xa1b2c3d4, 0x00040002, 0, 0, 262_144, form.link]);
  const scale = form.isNano ? 1000 : 1;
  const records = packets.flatMap(({ atUs, bytes }) => {
    const length = form.header.length + bytes.length;
    const [seconds, rest] = [Math.floor(atUs / 1e6), Math.round(atUs % 1e6)];
    return [words([seconds, rest * scale, length, length]), form.header, bytes];
  });
  return Buffer.concat([head, ...records]);
}

/** A whole pcapng of one section and one interface, by nanoseconds. */
export function pcapngOf(packets: readonly WirePacket[], isLittle = true): Buffer {
  const words = (values: readonly number[]): Buffer => wordsOf(values, isLittle);
  const block = (type: number, body: Buffer): Buffer => {
    const padded = Buffer.concat([body, Buffer.alloc((4 - (body.length % 4)) % 4)]);
    const length = words([12 + padded.length]);
    return Buffer.concat([words([type]), length, padded, length]);
  };
  const short = (value: number): Buffer => {
    const bytes = Buffer.alloc(2);
    if (isLittle) bytes.writeUInt16LE(value);
    else bytes.writeUInt16BE(value);
    return bytes;
  };
  const section = Buffer.concat([
    words([0x1a2b3c4d]),
    short(1),
    short(0),
    words([0xffffffff, 0xffffffff]),
  ]);
  const resolution = Buffer.concat([short(9), short(1), Buffer.from([9, 0, 0, 0])]);
  const device = Buffer.concat([short(RAW), short(0), words([0]), resolution, short(0), short(0)]);
  return Buffer.concat([
    block(0x0a0d0d0a, section),
    block(1, device),
    block(0xbad, Buffer.from('a block of somebody else')),
    ...packets.map(({ atUs, bytes }) => {
      const units = BigInt(Math.round(atUs)) * 1000n;
      const [high, low] = [Number(units >> 32n), Number(units & 0xffffffffn)];
      const head = words([0, high, low, bytes.length, bytes.length]);
      return block(6, Buffer.concat([head, bytes]));
    }),
  ]);
}

function wordsOf(values: readonly number[], isLittle: boolean): Buffer {
  const bytes = Buffer.alloc(4 * values.length);
  for (const [i, value] of values.entries()) {
    if (isLittle) bytes.writeUInt32LE(value, 4 * i);
    else bytes.writeUInt32BE(value, 4 * i);
  }
  return bytes;
}
