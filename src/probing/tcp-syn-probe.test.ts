import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { octets } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import {
  addressOf,
  icmpErrorFor,
  readSynProbe,
  segmentFor,
  synAckFor,
} from '../../test/support/probe-replies.ts';
import { isMalformed } from '../wire/malformed.ts';
import { readReply } from '../wire/reply.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import {
  claimOfTcpReply,
  type ProbeClaim,
  type ProbeEndpoints,
  type ProbeFields,
  writeTcpSynProbe,
} from './tcp-syn-probe.ts';

const ENDPOINTS: Readonly<Record<4 | 6, ProbeEndpoints>> = {
  4: {
    source: addressOf('192.0.2.1'),
    destination: addressOf('198.51.100.7'),
    destinationPort: 443,
    tos: 0,
  },
  6: {
    source: addressOf('2001:db8::1'),
    destination: addressOf('2001:db8:1::7'),
    destinationPort: 443,
    tos: 0,
  },
};
const FAMILIES = [4, 6] as const;
const PROBE: ProbeFields = { sourcePort: 33_001, flowLabel: 0xabcde, ttl: 7, token: 0xfedcba98 };

function probeOf(endpoints: ProbeEndpoints, fields: ProbeFields = PROBE): Uint8Array {
  const bytes = new Uint8Array(128);
  return bytes.slice(0, writeTcpSynProbe(bytes, 0, endpoints, fields));
}

function claimIn(packet: Uint8Array, endpoints: ProbeEndpoints): ProbeClaim | undefined {
  const reply = readReply(packet);
  if (isMalformed(reply)) throw new Error(`${reply.malformed} at ${reply.offset}`);
  return claimOfTcpReply(reply, endpoints);
}

describe('a probe', () => {
  const endpoints = fc.constantFrom(4, 16).chain((length) =>
    fc.record({
      source: octets(length),
      destination: octets(length),
      destinationPort: fc.nat(65_535),
      tos: fc.nat(255),
    }),
  );
  const fields = fc.record({
    sourcePort: fc.nat(65_535),
    flowLabel: fc.nat(0xfffff),
    ttl: fc.integer({ min: 1, max: 255 }),
    token: fc.nat(2 ** 32 - 1),
  });

  test('reads back as what it was made from, with right checksums', () => {
    fc.assert(
      fc.property(endpoints, fields, (ends, probe) => {
        const { segment, ...header } = readSynProbe(probeOf(ends, probe));
        expect(header).toMatchObject({
          source: ends.source,
          destination: ends.destination,
          ttl: probe.ttl,
          tos: ends.tos,
          flowLabel: header.family === 6 ? probe.flowLabel : 0,
        });
        expect(segment).toMatchObject({
          sourcePort: probe.sourcePort,
          destinationPort: ends.destinationPort,
          sequence: probe.token,
          acknowledgment: 0,
          flags: TCP_SYN,
          options: new Uint8Array(0),
          payload: new Uint8Array(0),
        });
      }),
    );
  });

  test('differs within a flow only in TTL, token, identification and checksums', () => {
    fc.assert(
      fc.property(endpoints, fields, fields, (ends, one, two) => {
        const other = { ...one, ttl: two.ttl, token: two.token };
        const [a, b] = [probeOf(ends, one), probeOf(ends, other)];
        const isIpv4 = ends.source.length === 4;
        const start = isIpv4 ? 20 : 40;
        const sequence = [4, 5, 6, 7].map((offset) => start + offset);
        const checksum = [start + 16, start + 17];
        const mayDiffer = [...(isIpv4 ? [4, 5, 8, 10, 11] : [7]), ...sequence, ...checksum];
        const differing = [...a.keys()].filter((offset) => a[offset] !== b[offset]);
        expect(differing.filter((offset) => !mayDiffer.includes(offset))).toEqual([]);
      }),
    );
  });

  test('has an identification that the kernel need not replace', () => {
    for (const token of [0, 0x0001_0001, 0xffff_ffff, 0x1234_1234]) {
      const packet = probeOf(ENDPOINTS[4], { ...PROBE, token });
      expect(((packet[4] ?? 0) << 8) | (packet[5] ?? 0)).toBeGreaterThan(0);
    }
  });

  test('is written where it should be, and ends where it says', () => {
    const into = new Uint8Array(200).fill(0xaa);
    expect(writeTcpSynProbe(into, 100, ENDPOINTS[4], PROBE)).toBe(140);
    expect(into.slice(100, 140)).toEqual(probeOf(ENDPOINTS[4]));
    expect(into.slice(0, 100)).toEqual(new Uint8Array(100).fill(0xaa));
    expect(into.slice(140)).toEqual(new Uint8Array(60).fill(0xaa));
  });

  const GOLDENS = [
    {
      family: 4,
      bytes: `45 00 00 28  44 44 40 00  07 06 43 50  c0 00 02 01  c6 33 64 07
              80 e9 01 bb  fe dc ba 98  00 00 00 00  50 02 fa f0  8c 9b 00 00`,
    },
    {
      family: 6,
      bytes: `60 0a bc de  00 14 06 07  20 01 0d b8 00 00 00 00 00 00 00 00 00 00 00 01
              20 01 0d b8 00 01 00 00 00 00 00 00 00 00 00 07
              80 e9 01 bb  fe dc ba 98  00 00 00 00  50 02 fa f0  1d 5d 00 00`,
    },
  ] as const;

  test.each(GOLDENS)('over IPv$family has the shape that it had in earlier versions', (golden) => {
    expect(probeOf(ENDPOINTS[golden.family])).toEqual(bytesOf(golden.bytes));
  });
});

describe.each(FAMILIES)('claims in IPv%i', (family) => {
  const endpoints = ENDPOINTS[family];
  const probe = probeOf(endpoints);
  const claim = { token: PROBE.token, sourcePort: PROBE.sourcePort };
  const stranger = addressOf(family === 4 ? '203.0.113.9' : '2001:db8:ffff::9');
  const elsewhere = { ...endpoints, destination: stranger };

  const GOOD = [
    { shows: 'a time exceeded', packet: icmpErrorFor(probe) },
    { shows: 'a quote of 8 bytes', packet: icmpErrorFor(probe, { quotedTransportBytes: 8 }) },
    {
      shows: 'a quote with another source',
      packet: icmpErrorFor(probe, { quotedSource: stranger }),
    },
    { shows: 'an MPLS extension', packet: icmpErrorFor(probe, { mpls: [0x0001_01ff] }) },
    {
      shows: 'a quoted TTL that something rewrote',
      packet: icmpErrorFor(probe, { quotedTtl: 64 }),
    },
    { shows: 'an unreachable', packet: icmpErrorFor(probe, { cause: 'unreachable', code: 1 }) },
    { shows: 'a SYN-ACK', packet: synAckFor(probe) },
    { shows: 'a RST with ACK', packet: segmentFor(probe) },
  ];

  test.each(GOOD)('$shows names the probe', ({ packet }) => {
    expect(claimIn(packet, endpoints)).toEqual(claim);
  });

  test('the acknowledgment of the last sequence number wraps', () => {
    const last = probeOf(endpoints, { ...PROBE, token: 0xffff_ffff });
    expect(claimIn(segmentFor(last), endpoints)?.token).toBe(0xffff_ffff);
    const first = probeOf(endpoints, { ...PROBE, token: 0 });
    expect(claimIn(synAckFor(first), endpoints)?.token).toBe(0);
  });

  const otherPort = probeOf({ ...endpoints, destinationPort: 444 });
  const NONE = [
    { shows: 'an error about another destination', packet: icmpErrorFor(probeOf(elsewhere)) },
    { shows: 'an error about another port', packet: icmpErrorFor(otherPort) },
    { shows: 'a quote of 7 bytes', packet: icmpErrorFor(probe, { quotedTransportBytes: 7 }) },
    { shows: 'a reassembly that took too long', packet: icmpErrorFor(probe, { code: 1 }) },
    { shows: 'a segment from another host', packet: segmentFor(probe, { from: stranger }) },
    { shows: 'a segment from another port', packet: segmentFor(probe, { fromPort: 444 }) },
    { shows: 'a SYN', packet: segmentFor(probe, { flags: TCP_SYN }) },
    { shows: 'a RST without ACK', packet: segmentFor(probe, { flags: TCP_RST }) },
    { shows: 'an ACK alone', packet: segmentFor(probe, { flags: TCP_ACK }) },
    { shows: 'a FIN with ACK', packet: segmentFor(probe, { flags: TCP_FIN | TCP_ACK }) },
  ];

  test.each(NONE)('$shows names none', ({ packet }) => {
    expect(claimIn(packet, endpoints)).toBeUndefined();
  });

  test('an error about another protocol names none', () => {
    const reply = readReply(icmpErrorFor(probe));
    if (isMalformed(reply) || reply.kind !== 'icmp-error') throw new Error('no error');
    const transport = { kind: 'udp', sourcePort: 1, destinationPort: 443, checksum: 0 } as const;
    const quote = { ...reply.quote, transport: { ...transport, payload: new Uint8Array(0) } };
    expect(claimOfTcpReply({ ...reply, quote }, endpoints)).toBeUndefined();
  });

  test('replies of the other family name none', () => {
    const other = ENDPOINTS[family === 4 ? 6 : 4];
    expect(claimIn(icmpErrorFor(probe), other)).toBeUndefined();
    expect(claimIn(segmentFor(probe), other)).toBeUndefined();
  });
});
