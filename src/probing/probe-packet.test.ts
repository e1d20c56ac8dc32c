import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { octets } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { addressOf, icmpErrorFor, readSynProbe } from '../../test/support/probe-replies.ts';
import { readProbe } from '../sim/probe-packet.ts';
import { isMalformed } from '../wire/malformed.ts';
import { readReply } from '../wire/reply-reader.ts';
import { TCP_SYN } from '../wire/tcp.ts';
import { completeFlow, type Flow, type ProbeProtocol, probeLengthMin } from './flow.ts';
import { claimOf } from './probe-claim.ts';
import { canCarry, type ProbeFields, ProbeWriter, secondaryKey } from './probe-packet.ts';

const PROTOCOLS: readonly ProbeProtocol[] = ['tcp', 'tcp-ack', 'udp', 'udp-classic', 'icmp'];
const FAMILIES = [4, 6] as const;
const ENDS = {
  4: { source: addressOf('192.0.2.1'), destination: addressOf('198.51.100.7') },
  6: { source: addressOf('2001:db8::1'), destination: addressOf('2001:db8:1::7') },
};
const KINDS = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));
const FIELDS: ProbeFields = { ttl: 7, token: 0xfedc_ba98, portOffset: 0 };

function flowOf(family: 4 | 6, protocol: ProbeProtocol, traits: Partial<Flow> = {}): Flow {
  return completeFlow({
    ...ENDS[family],
    sourcePort: 33_001,
    destinationPort: 443,
    tos: 0,
    flowLabel: 0xabcde,
    protocol,
    ...traits,
  });
}

function packetOf(flow: Flow, fields: ProbeFields = FIELDS): Uint8Array {
  const bytes = new Uint8Array(flow.lengthBytes);
  expect(new ProbeWriter().write(bytes, 0, flow, fields)).toBe(flow.lengthBytes);
  return bytes;
}

const tokens = fc.integer();

describe.each(KINDS)('a probe by $protocol over IPv$family', ({ family, protocol }) => {
  const addressBytes = family === 4 ? 4 : 16;
  const flows = fc
    .record({
      source: octets(addressBytes),
      destination: octets(addressBytes),
      sourcePort: fc.nat(65_535),
      destinationPort: fc.integer({ min: 1, max: 65_000 }),
      tos: fc.nat(255),
      flowLabel: fc.nat(0xfffff),
      extraBytes: fc.nat(200),
    })
    .map(({ extraBytes, ...rest }) => {
      const lengthBytes = probeLengthMin(protocol, family) + extraBytes;
      return completeFlow({ ...rest, protocol, lengthBytes });
    });

  test('has right checksums, and the fields of its flow', () => {
    fc.assert(
      fc.property(flows, tokens, fc.integer({ min: 1, max: 255 }), (flow, token, ttl) => {
        fc.pre(canCarry(flow, token));
        const packet = packetOf(flow, { ttl, token, portOffset: 0 });
        const probe = readProbe(packet, family); // verifies checksums
        if (isMalformed(probe)) throw new Error(`${probe.malformed} at ${probe.offset}`);
        const { source, destination } = probe.flow;
        expect({ source, destination }).toEqual({
          source: flow.source,
          destination: flow.destination,
        });
        expect(probe).toMatchObject({ ttl, tos: flow.tos, isFragmentable: false });
        const kinds = {
          tcp: 'tcp',
          'tcp-ack': 'tcp',
          udp: 'udp',
          'udp-classic': 'udp',
          icmp: 'echo',
        };
        expect(probe.transport.kind).toBe(kinds[protocol]);
      }),
    );
  });

  test('looks to a balancer like any other of its flow', () => {
    fc.assert(
      fc.property(flows, tokens, tokens, (flow, one, two) => {
        fc.pre(canCarry(flow, one) && canCarry(flow, two));
        const start = family === 4 ? 20 : 40;
        const hashed = [one, two].map((token) => {
          const packet = packetOf(flow, { ttl: 1 + ((token >>> 0) % 255), token, portOffset: 0 });
          const label = family === 4 ? [] : packet.slice(0, 4);
          return [...label, ...packet.slice(start, start + 4)];
        });
        expect(hashed[0]).toEqual(hashed[1]);
      }),
    );
  });

  test('is named by a quote of 8 bytes', () => {
    fc.assert(
      fc.property(flows, tokens, (flow, token) => {
        fc.pre(canCarry(flow, token));
        const packet = packetOf(flow, { ...FIELDS, token });
        const reply = readReply(icmpErrorFor(packet, { quotedTransportBytes: 8 }));
        const claim = isMalformed(reply) ? undefined : claimOf(reply);
        expect(claim).toMatchObject({ sourcePort: flow.sourcePort, source: flow.source });
        // UDP and ICMP over IPv6 have no more than 16 bits there.
        if (family === 4 || protocol.startsWith('tcp')) expect(claim?.token).toBe(token);
        else expect(claim?.secondaryKey).toBe(secondaryKey(flow, token));
      }),
    );
  });

  test('is named by a whole quote, also by its 16 bits alone', () => {
    fc.assert(
      fc.property(flows, tokens, (flow, token) => {
        fc.pre(canCarry(flow, token));
        const reply = readReply(icmpErrorFor(packetOf(flow, { ...FIELDS, token })));
        const claim = isMalformed(reply) ? undefined : claimOf(reply);
        expect(claim).toMatchObject({ token, secondaryKey: secondaryKey(flow, token) });
      }),
    );
  });

  test('is written where it should be, and ends where it says', () => {
    const flow = flowOf(family, protocol);
    const into = new Uint8Array(300).fill(0xaa);
    const end = 100 + flow.lengthBytes;
    expect(new ProbeWriter().write(into, 100, flow, FIELDS)).toBe(end);
    expect(into.slice(100, end)).toEqual(packetOf(flow));
    expect(into.slice(0, 100)).toEqual(new Uint8Array(100).fill(0xaa));
    expect(into.slice(end)).toEqual(new Uint8Array(300 - end).fill(0xaa));
  });
});

test('a classic UDP probe has a destination port of its own', () => {
  const flow = flowOf(4, 'udp-classic');
  const ports = [0, 1, 2].map((portOffset) => {
    const packet = packetOf(flow, { ...FIELDS, portOffset });
    return ((packet[22] ?? 0) << 8) | (packet[23] ?? 0);
  });
  expect(ports).toEqual([443, 444, 445]);
});

test('a SYN has an identification that the kernel need not replace', () => {
  for (const token of [0, 0x0001_0001, 0xffff_ffff, 0x1234_1234]) {
    const packet = packetOf(flowOf(4, 'tcp'), { ...FIELDS, token });
    expect(((packet[4] ?? 0) << 8) | (packet[5] ?? 0)).toBeGreaterThan(0);
  }
});

test('no UDP checksum means none or is ambiguous, no identification is 0', () => {
  const v4 = flowOf(4, 'udp');
  for (const token of [0x1234_0000, 0x1234_ffff, 0x0000_1234]) {
    expect(canCarry(v4, token)).toBe(false);
  }
  expect(canCarry(flowOf(6, 'udp'), 0x0000_1234)).toBe(true);
  expect(canCarry(flowOf(4, 'icmp'), 0x0000_1234)).toBe(false);
  expect(canCarry(flowOf(4, 'tcp'), 0)).toBe(true);
});

test('a SYN over IPv4 has the shape that it had in earlier versions', () => {
  const bytes = `45 00 00 28  44 44 40 00  07 06 43 50  c0 00 02 01  c6 33 64 07
                 80 e9 01 bb  fe dc ba 98  00 00 00 00  50 02 fa f0  8c 9b 00 00`;
  const packet = packetOf(flowOf(4, 'tcp'));
  expect(packet).toEqual(bytesOf(bytes));
  expect(readSynProbe(packet).segment).toMatchObject({ flags: TCP_SYN, acknowledgment: 0 });
});

describe('a flow out of range', () => {
  const ROWS: readonly Partial<Flow>[] = [
    { sourcePort: 65_536 },
    { sourcePort: Number.NaN },
    { destinationPort: -1 },
    { tos: 256 },
    { flowLabel: 2 ** 20 },
    { lengthBytes: 39 },
    { lengthBytes: 65_536 },
    { protocol: 'icmp', destinationPort: 0xffff },
    { destination: new Uint8Array(16) },
  ];

  test.each(ROWS)('is refused: %j', (traits) => {
    expect(() => flowOf(4, 'tcp', traits)).toThrow(RangeError);
  });
});
