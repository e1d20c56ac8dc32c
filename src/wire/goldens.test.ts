import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesThatThrow, lengthsThatThrow } from '../../test/goldens/wire/codec-contract.ts';
import { type Golden, readGoldens, stateField } from '../../test/goldens/wire/golden.ts';
import {
  encodeIcmp,
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeUdp,
} from '../../test/support/encoded-packets.ts';
import { decodeIcmp, ICMP_HEADER_BYTES } from './icmp.ts';
import { icmpErrorBytes, writeIcmpError } from './icmp-error.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { decodeIpv4 } from './ipv4.ts';
import { decodeIpv6 } from './ipv6.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { pseudoHeaderSum } from './pseudo-header.ts';
import { ReplyReader, readReply } from './reply-reader.ts';
import { decodeTcp } from './tcp.ts';
import { decodeUdp } from './udp.ts';

const GOLDENS = readGoldens();

describe.each(GOLDENS)('$name', (golden) => {
  const { bytes, stated } = golden;

  test('reads as the other tool read it', () => {
    const reply = readReply(bytes);
    const read = Object.keys(stated).map((path) => [path, stateField(reply, path)]);
    expect(Object.fromEntries(read)).toEqual(stated);
  });

  test('survives a cut anywhere and any changed byte', () => {
    expect(lengthsThatThrow(bytes, readReply)).toEqual([]);
    expect(changesThatThrow(bytes, readReply)).toEqual([]);
  });

  test('is written back byte for byte', () => {
    const packet = ipPacketIn(bytes);
    expect(packet.encoded).toEqual(bytes);
    const encoded = encodedTransport(packet);
    // Offload leaves the checksum to a network card that the packet never met.
    if (golden.name.includes('offloaded')) encoded.set(checksumIn(packet), checksumOffset(packet));
    expect(encoded).toEqual(packet.payload);
  });
});

test('one reader reads all of them, in any order, as each alone is read', () => {
  fc.assert(
    fc.property(fc.shuffledSubarray(GOLDENS), (goldens) => {
      const reader = new ReplyReader();
      for (const { bytes } of goldens) expect(reader.read(bytes)).toEqual(readReply(bytes));
    }),
  );
});

test.each(GOLDENS.filter(isIcmpError))('$name is what our routers would send', ({ bytes }) => {
  const { payload, pseudoHeaderSum } = ipPacketIn(bytes);
  const reply = readReply(bytes);
  if (isMalformed(reply) || reply.kind !== 'icmp-error') throw new Error('a golden is no error');
  const dialect = reply.family === 4 ? ICMPV4 : ICMPV6;
  const { type, code, mtu, mpls } = reply;
  const extensionBytes = mpls.length === 0 ? 0 : 8 + 4 * mpls.length;
  const quote = payload.slice(ICMP_HEADER_BYTES, payload.length - extensionBytes);
  const error = { type, code, parameter: mtu, quote, mpls };
  const written = new Uint8Array(icmpErrorBytes(error, dialect));
  writeIcmpError(written, 0, error, { dialect, pseudoHeaderSum });
  expect(written).toEqual(payload);
});

function isIcmpError({ stated }: Golden): boolean {
  return stated['kind'] === 'icmp-error';
}

interface IpPacket {
  readonly encoded: Uint8Array;
  readonly protocol: number;
  readonly payload: Uint8Array;
  /** What the checksum of the transport header covers besides the payload. */
  readonly pseudoHeaderSum: number;
}

function ipPacketIn(bytes: Uint8Array): IpPacket {
  if ((bytes[0] ?? 0) >> 4 === 4) {
    const packet = valid(decodeIpv4(bytes));
    const { protocol, payload } = packet;
    const sum = sumFor(packet, protocol);
    const covered = protocol === IP_PROTOCOL.icmpv4 ? 0 : sum;
    return { encoded: encodeIpv4(packet), protocol, payload, pseudoHeaderSum: covered };
  }
  const packet = valid(decodeIpv6(bytes));
  const { nextHeader: protocol, payload } = packet;
  const sum = sumFor(packet, protocol);
  return { encoded: encodeIpv6(packet), protocol, payload, pseudoHeaderSum: sum };
}

function sumFor(
  packet: { source: Uint8Array; destination: Uint8Array; payload: Uint8Array },
  protocol: number,
): number {
  return pseudoHeaderSum(packet.source, packet.destination, protocol, packet.payload.length);
}

function encodedTransport({ protocol, payload, pseudoHeaderSum: sum }: IpPacket): Uint8Array {
  switch (protocol) {
    case IP_PROTOCOL.tcp:
      return encodeTcp(valid(decodeTcp(payload, sum)), sum);
    case IP_PROTOCOL.udp:
      return encodeUdp(valid(decodeUdp(payload, sum)), sum);
    default:
      return encodeIcmp(valid(decodeIcmp(payload, sum)), sum);
  }
}

function checksumOffset({ protocol }: IpPacket): number {
  return protocol === IP_PROTOCOL.tcp ? 16 : 6;
}

function checksumIn(packet: IpPacket): Uint8Array {
  return packet.payload.subarray(checksumOffset(packet), checksumOffset(packet) + 2);
}

function valid<T extends object>(answer: T | Malformed): T {
  if (isMalformed(answer)) throw new Error(`${answer.malformed} at ${answer.offset}`);
  return answer;
}
