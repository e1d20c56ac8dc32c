/** What the benches of the engine have in common: flows, an engine, and what a router says. */

import { Random } from '../../src/lib/random.ts';
import { AddressBook } from '../../src/model/address-book.ts';
import type { PacketArena } from '../../src/model/packet-link.ts';
import type { ProbeSink } from '../../src/model/probe.ts';
import { completeFlow, type Flow, type ProbeProtocol } from '../../src/probing/flow.ts';
import { ProbeEngine } from '../../src/probing/probe-engine.ts';
import { TOKEN_KEY_WORDS } from '../../src/probing/probe-token.ts';
import { SweepPackets } from '../../src/probing/sweep/sweep-packet.ts';
import { SweepReplyReader } from '../../src/probing/sweep/sweep-reply.ts';
import { SWEEP_KEY_WORDS, SweepTokens } from '../../src/probing/sweep/sweep-token.ts';
import { icmpErrorBytes, writeIcmpError } from '../../src/wire/icmp-error.ts';
import { ICMPV4 } from '../../src/wire/icmpv4.ts';
import { ICMPV6 } from '../../src/wire/icmpv6.ts';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '../../src/wire/ipv4.ts';
import { IPV6_HEADER_BYTES, writeIpv6Header } from '../../src/wire/ipv6.ts';
import { pseudoHeaderSum } from '../../src/wire/pseudo-header.ts';

/** Addresses of the examples, by family. */
export const ADDRESSES = {
  4: {
    source: Uint8Array.of(192, 0, 2, 1),
    target: Uint8Array.of(198, 51, 100, 7),
    router: Uint8Array.of(198, 51, 100, 1),
  },
  6: { source: ipv6(1), target: ipv6(7), router: ipv6(9) },
} as const;
const PORT = 33_000;
export const FLOWS = 64;
const SLOT_BYTES = 128;
const IPV6_QUOTE_AT = IPV6_HEADER_BYTES + 8;

function ipv6(last: number): Uint8Array {
  const address = new Uint8Array(16);
  address.set([0x20, 0x01, 0x0d, 0xb8]);
  address[15] = last;
  return address;
}

/** Room for so many packets. */
export function arenaOf(slots: number): PacketArena {
  const bytes = new Uint8Array(slots * SLOT_BYTES);
  return { bytes, slotBytes: SLOT_BYTES, slots, lengths: new Uint16Array(slots) };
}

/** Copies of the first packets in an arena. */
export function packetsIn({ bytes, slotBytes, lengths }: PacketArena, count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, slot) => {
    const start = slot * slotBytes;
    return bytes.slice(start, start + (lengths[slot] ?? 0));
  });
}

/** A flow to the target. */
export function flowOf(protocol: ProbeProtocol, sourcePort = PORT, family: 4 | 6 = 4): Flow {
  const { source, target: destination } = ADDRESSES[family];
  const ends = { source, destination, destinationPort: 443, tos: 0 };
  return completeFlow({ ...ends, sourcePort, flowLabel: 0, protocol });
}

/** The same words each time. */
export function keyOf(words: number): Uint32Array {
  const random = new Random(1);
  return Uint32Array.from({ length: words }, () => random.uint32());
}

/** An engine without a limit of pace, `FLOWS` flows, and nobody who listens unless told. */
export function openEngine(
  protocol: ProbeProtocol = 'tcp',
  family: 4 | 6 = 4,
  sink: ProbeSink = { replied() {}, repliedLate() {}, lost() {}, unsent() {} },
): ProbeEngine {
  const flows = Array.from({ length: FLOWS }, (_, i) => flowOf(protocol, PORT + i, family));
  return new ProbeEngine(
    {
      ...(flows[0] as Flow),
      flows,
      tokenKey: keyOf(TOKEN_KEY_WORDS),
      rates: { perInterface: 1e9, total: 1e9 },
      random: new Random(1),
      addresses: new AddressBook(),
    },
    sink,
  );
}

/** What writes and reads the packets of a sweep by UDP. */
export function sweepPackets(): { packets: SweepPackets; reader: SweepReplyReader } {
  const tokens = new SweepTokens(keyOf(SWEEP_KEY_WORDS));
  const shape = {
    source: ADDRESSES[4].source,
    tos: 0,
    protocol: 'udp',
    sourcePort: PORT,
    destinationPort: 33_434,
  } as const;
  return {
    packets: new SweepPackets(shape, tokens),
    reader: new SweepReplyReader(shape, 1, tokens),
  };
}

/** The time exceeded of a router, one for each TTL, that quotes so many bytes of a packet. */
export function timeExceeded(packet: Uint8Array, quoteBytes: number): Uint8Array {
  const isV4 = (packet[0] ?? 0) >> 4 === 4;
  const { source } = ADDRESSES[isV4 ? 4 : 6];
  const router = ADDRESSES[isV4 ? 4 : 6].router.slice();
  router[router.length - 1] = 100 + ((isV4 ? packet[8] : packet[7]) ?? 0);
  const dialect = isV4 ? ICMPV4 : ICMPV6;
  const error = { type: dialect.timeExceeded, code: 0, quote: packet.slice(0, quoteBytes) };
  const payloadLength = icmpErrorBytes(error, dialect);
  const ends = { source: router, destination: source, payloadLength };
  const reply = new Uint8Array((isV4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES) + payloadLength);
  const { protocol } = dialect;
  const fixed = { tos: 0, identification: 0, flags: 0, fragmentOffset: 0, ttl: 60, protocol };
  const start = isV4
    ? writeIpv4Header(reply, 0, { ...fixed, ...ends })
    : writeIpv6Header(reply, 0, {
        trafficClass: 0,
        flowLabel: 0,
        nextHeader: protocol,
        hopLimit: 60,
        ...ends,
      });
  const sum = isV4 ? 0 : pseudoHeaderSum(router, source, protocol, payloadLength);
  writeIcmpError(reply, start, error, { dialect, pseudoHeaderSum: sum });
  return reply;
}

/** Where a reply of `timeExceeded` quotes: IPv4 or IPv6. */
export const QUOTE_AT = { 4: IPV4_HEADER_BYTES + 8, 6: IPV6_QUOTE_AT } as const;
