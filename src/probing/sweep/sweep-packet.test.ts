import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIpAddress } from '../../lib/ip-address.ts';
import type { PacketArena } from '../../model/packet-link.ts';
import { decodeIcmp } from '../../wire/icmp.ts';
import { decodeIpv4 } from '../../wire/ipv4.ts';
import { decodeIpv6 } from '../../wire/ipv6.ts';
import { isMalformed } from '../../wire/malformed.ts';
import { pseudoHeaderSum } from '../../wire/pseudo-header.ts';
import { decodeTcp } from '../../wire/tcp.ts';
import { decodeUdp } from '../../wire/udp.ts';
import { SweepPackets, type SweepProbeShape, type SweepProtocol } from './sweep-packet.ts';
import { SWEEP_KEY_WORDS, type SweepTokenFields, SweepTokens } from './sweep-token.ts';

const KEY = Uint32Array.from({ length: SWEEP_KEY_WORDS }, (_, i) => (i + 1) * 0x9e3779b9);
const ENDS = {
  4: { source: '192.0.2.1', target: '198.51.100.255' },
  6: { source: '2001:db8::1', target: '2001:db8:ffff::ffff' },
} as const;
/** Where a transport header has source port and token. */
const PLACES = {
  udp: { port: 0, tokenBehind: 8, destinationPort: 33_434 },
  tcp: { port: 0, tokenBehind: 4, destinationPort: 33_434 },
  icmp: { port: 4, tokenBehind: 4, destinationPort: 0 },
} as const;
const KINDS = ([4, 6] as const).flatMap((family) =>
  (['udp', 'icmp', 'tcp'] as const).map((protocol) => ({ family, protocol })),
);

function bytesOf(text: string): Uint8Array {
  return parseIpAddress(text) ?? new Uint8Array();
}

function written(
  { family, protocol }: { family: 4 | 6; protocol: SweepProtocol },
  probe: { ttl: number; flow: number; nowUs: number },
): { packet: Uint8Array; tokens: SweepTokens; shape: SweepProbeShape } {
  const tokens = new SweepTokens(KEY);
  const destinationPort = protocol === 'icmp' ? 0x8000 : 33_434;
  const source = bytesOf(ENDS[family].source);
  const shape = { source, tos: 0, protocol, sourcePort: 33_000, destinationPort };
  const packets = new SweepPackets(shape, tokens);
  const outbox: PacketArena = {
    bytes: new Uint8Array(3 * 128),
    slotBytes: 128,
    slots: 3,
    lengths: new Uint16Array(3),
  };
  const target = bytesOf(ENDS[family].target);
  const writeAddress = (into: Uint8Array, offset: number): void => into.set(target, offset);
  // A slot is patched again and again: what the probe before left must not matter.
  packets.write(outbox, 1, { ttl: 32, flow: 9, nowUs: 0xffff_ffff }, writeAddress);
  packets.write(outbox, 1, probe, writeAddress);
  return { packet: outbox.bytes.slice(128, 128 + (outbox.lengths[1] ?? 0)), tokens, shape };
}

/** Reads addresses and transport with the decoders that verify checksums. */
function decoded(packet: Uint8Array, protocol: SweepProtocol) {
  const ip = packet[0] === 0x45 ? decodeIpv4(packet) : decodeIpv6(packet);
  if (isMalformed(ip)) throw new Error(ip.malformed);
  const isV4 = 'ttl' in ip;
  const number = isV4 ? ip.protocol : ip.nextHeader;
  const sum = pseudoHeaderSum(ip.source, ip.destination, number, ip.payload.length);
  switch (protocol) {
    case 'udp':
      return { ip, isV4, transport: decodeUdp(ip.payload, sum) };
    case 'tcp':
      return { ip, isV4, transport: decodeTcp(ip.payload, sum) };
    default:
      return { ip, isV4, transport: decodeIcmp(ip.payload, isV4 ? 0 : sum) };
  }
}

describe.each(KINDS)('sweep probes of IPv$family, $protocol', (kind) => {
  it('have right checksums and a token that says TTL and time', () => {
    const probes = fc.record({
      ttl: fc.integer({ min: 1, max: 32 }),
      flow: fc.integer({ min: 0, max: 500 }),
      nowUs: fc.integer({ min: 0, max: 2 ** 44 }),
    });
    fc.assert(
      fc.property(probes, (probe) => {
        const { packet, tokens } = written(kind, probe);
        const { ip, isV4, transport } = decoded(packet, kind.protocol);
        expect(isMalformed(transport)).toBe(false);
        expect('ttl' in ip ? ip.ttl : ip.hopLimit).toBe(probe.ttl);
        expect(isV4 ? headerSum(packet) : 0xffff).toBe(0xffff);
        const sourcePort = 33_000 + probe.flow;
        const view = new DataView(packet.buffer, packet.byteOffset);
        const at = (isV4 ? 20 : 40) + PLACES[kind.protocol].port;
        expect(view.getUint16(at)).toBe(sourcePort);
        const token = view.getUint32(at + PLACES[kind.protocol].tokenBehind);
        const ports = (sourcePort << 16) | PLACES[kind.protocol].destinationPort;
        const hash = tokens.flowHash(ip.destination, 0, ip.destination.length, ports);
        const fields: SweepTokenFields = { ttl: 0, tick: 0 };
        expect(tokens.read(token, hash, fields)).toBe(true);
        expect(fields.ttl).toBe(probe.ttl);
        // The tick may run a little ahead where the protocol could not carry the token.
        const ahead = (fields.tick - Math.floor(probe.nowUs / 1000) + 2 ** 43) % 4096;
        expect(ahead === 0 || ahead < 5).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keep what balancers hash the same within a flow', () => {
    const at = kind.family === 4 ? 20 : 40;
    const leading = [1, 7, 30].map((ttl) =>
      written(kind, { ttl, flow: 3, nowUs: ttl * 12_345 })
        .packet.slice(at, at + 4)
        .join(),
    );
    expect(new Set(leading).size).toBe(1);
    const other = written(kind, { ttl: 1, flow: 4, nowUs: 12_345 })
      .packet.slice(at, at + 4)
      .join();
    expect(other).not.toBe(leading[0]);
  });
});

describe('SweepTokens', () => {
  it('refuse all but one in 32,768 guesses', () => {
    const tokens = new SweepTokens(KEY);
    const hash = tokens.flowHash(bytesOf('198.51.100.7'), 0, 4, 0x8000_0050);
    const into: SweepTokenFields = { ttl: 0, tick: 0 };
    let passed = 0;
    for (let i = 0; i < 1_000_000; i++) {
      if (tokens.read(Math.imul(i, 0x9e37_79b1) >>> 0, hash, into)) passed++;
    }
    // 30.5 expected; 70 or more would come once in 10^9.
    expect(passed).toBeGreaterThan(5);
    expect(passed).toBeLessThan(70);
  });

  it('refuse the token of another target, port or key', () => {
    const tokens = new SweepTokens(KEY);
    const into: SweepTokenFields = { ttl: 0, tick: 0 };
    const hash = tokens.flowHash(bytesOf('198.51.100.7'), 0, 4, 0x8000_0050);
    const token = tokens.token(hash, 9, 77);
    expect(tokens.read(token, hash, into)).toBe(true);
    expect(into).toEqual({ ttl: 9, tick: 77 });
    const elsewhere = tokens.flowHash(bytesOf('198.51.100.8'), 0, 4, 0x8000_0050);
    const otherPort = tokens.flowHash(bytesOf('198.51.100.7'), 0, 4, 0x8001_0050);
    expect(tokens.read(token, elsewhere, into)).toBe(false);
    expect(tokens.read(token, otherPort, into)).toBe(false);
    expect(new SweepTokens(KEY.map((word) => ~word)).read(token, hash, into)).toBe(false);
    expect(() => new SweepTokens(KEY.slice(1))).toThrow(RangeError);
  });
});

/** Folded sum of the IPv4 header: all ones where its checksum is right. */
function headerSum(packet: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += ((packet[i] ?? 0) << 8) | (packet[i + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}
