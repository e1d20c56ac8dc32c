/** Replies that no honest host sends, and odd ones that some do: none throws, none is misread. */

import { describe, expect, test } from 'vitest';
import {
  addressOf,
  icmpErrorFor,
  resealed,
  segmentFor,
  synAckFor,
} from '../../test/support/probe-replies.ts';
import type { IpFamily } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import type { ProbeReply, ProbeSink } from '../model/probe.ts';
import { ProbeEngine } from './probe-engine.ts';

const FAMILIES: readonly IpFamily[] = [4, 6];
const HOSTS = {
  4: { source: addressOf('192.0.2.1'), destination: addressOf('198.51.100.7') },
  6: { source: addressOf('2001:db8::1'), destination: addressOf('2001:db8:1::7') },
};
const HEADER_BYTES = { 4: 20, 6: 40 };
const SLOT_BYTES = 128;
const FLOODED = 1000;

/** What became of a packet: told as a reply, or counted. */
type Fate = ProbeReply['kind'] | 'foreign' | 'malformed';

/** An engine with one probe out. */
class Bench implements ProbeSink {
  readonly engine: ProbeEngine;
  readonly probe: Uint8Array;
  readonly replies: ProbeReply[] = [];

  constructor(family: IpFamily) {
    const flows = [{ sourcePort: 33_000, flowLabel: 7 }];
    const [tokenKey, random] = [Uint32Array.of(1, 2, 3, 4), new Random(1)];
    const rates = { perInterface: 100_000, total: 100_000 };
    const ends = { ...HOSTS[family], destinationPort: 443, tos: 0, flows };
    const addresses = new AddressBook();
    this.engine = new ProbeEngine({ ...ends, tokenKey, rates, random, addresses }, this);
    this.engine.order(0, 5, 0);
    const bytes = new Uint8Array(SLOT_BYTES);
    const lengths = new Uint16Array(1);
    const count = this.engine.poll({ bytes, slotBytes: SLOT_BYTES, slots: 1, lengths }, 0);
    this.engine.confirm({ accepted: count, error: undefined }, 0);
    this.probe = bytes.slice(0, lengths[0]);
  }

  replied(reply: ProbeReply): void {
    this.replies.push({ ...reply });
  }

  repliedLate(): void {}
  lost(): void {}
  unsent(): void {}

  fateOf(packet: Uint8Array): Fate {
    this.engine.handle(packet, 10);
    const { malformed, foreignReplies } = this.engine.counters;
    if (this.replies.length > 0) return this.replies[0]?.kind ?? 'foreign';
    expect(malformed + foreignReplies).toBe(1);
    return malformed > 0 ? 'malformed' : 'foreign';
  }
}

interface Case {
  readonly shows: string;
  /** Both families unless told. */
  readonly only?: IpFamily;
  readonly packet: (probe: Uint8Array, family: IpFamily) => Uint8Array;
  readonly fate: Fate;
}

const CASES: readonly Case[] = [
  ...[0, 1, 4].map(
    (words): Case => ({
      shows: `an outer header of ${words} words`,
      only: 4,
      packet: (probe) => withByte(segmentFor(probe), 0, 0x40 | words),
      fate: 'malformed',
    }),
  ),
  {
    shows: 'an outer header longer than the packet',
    only: 4,
    packet: (probe) => withByte(segmentFor(probe).subarray(0, 40), 0, 0x4f),
    fate: 'malformed',
  },
  {
    shows: 'an outer total length of 0',
    only: 4,
    packet: (probe) => withWord(segmentFor(probe), 2, 0),
    fate: 'malformed',
  },
  {
    shows: 'an outer version of 0',
    packet: (probe) => withByte(segmentFor(probe), 0, 5),
    fate: 'malformed',
  },
  ...[0, 4].map(
    (words): Case => ({
      shows: `a quoted header of ${words} words`,
      only: 4,
      packet: (probe) => resealed(withByte(icmpErrorFor(probe), 28, 0x40 | words)),
      fate: 'malformed',
    }),
  ),
  {
    shows: 'a quoted header that ends past the end',
    only: 4,
    packet: (probe) => resealed(withByte(icmpErrorFor(probe), 28, 0x4f)),
    fate: 'malformed',
  },
  {
    shows: 'a quoted total length in host order',
    only: 4,
    packet: (probe) => resealed(withWord(icmpErrorFor(probe), 30, 40 << 8)),
    fate: 'time-exceeded',
  },
  {
    shows: 'a quoted length of 65535',
    packet: (probe, family) =>
      resealed(withWord(icmpErrorFor(probe), family === 4 ? 30 : 52, 0xffff)),
    fate: 'time-exceeded',
  },
  {
    shows: 'a quote of a later fragment',
    only: 4,
    packet: (probe) => resealed(withWord(icmpErrorFor(probe), 34, 1)),
    fate: 'foreign',
  },
  {
    shows: 'a quote of another protocol',
    packet: (probe, family) => resealed(withByte(icmpErrorFor(probe), family === 4 ? 37 : 54, 17)),
    fate: 'foreign',
  },
  {
    shows: 'a wrong ICMP checksum',
    packet: (probe, family) => {
      const error = icmpErrorFor(probe);
      const at = HEADER_BYTES[family] + 2;
      return withByte(error, at, (error[at] ?? 0) ^ 1);
    },
    fate: 'malformed',
  },
  {
    shows: 'a reassembly that took too long',
    packet: (probe) => icmpErrorFor(probe, { code: 1 }),
    fate: 'foreign',
  },
  {
    shows: 'a time exceeded of a code that nobody has defined',
    packet: (probe) => icmpErrorFor(probe, { code: 255 }),
    fate: 'time-exceeded',
  },
  ...[17, 0x80, 255].map(
    (words): Case => ({
      shows: `a quote that declares ${words} words, of which few are there`,
      packet: (probe, family) =>
        resealed(
          withByte(icmpErrorFor(probe), HEADER_BYTES[family] + (family === 4 ? 5 : 4), words),
        ),
      fate: 'time-exceeded',
    }),
  ),
  {
    shows: 'hundreds of labels',
    packet: (probe) =>
      icmpErrorFor(probe, { mpls: Array.from({ length: 200 }, (_, i) => i << 12) }),
    fate: 'time-exceeded',
  },
  {
    shows: 'our own SYN, come back',
    packet: (probe) => probe.slice(),
    fate: 'foreign',
  },
  {
    shows: 'a RST without an acknowledgment',
    packet: (probe) => segmentFor(probe, { flags: 0x04 }),
    fate: 'foreign',
  },
  {
    shows: 'a SYN-ACK of another number',
    packet: (probe) => segmentFor(probe, { flags: 0x12, acknowledgment: 1 }),
    fate: 'foreign',
  },
  ...[0, 4].map(
    (words): Case => ({
      shows: `a TCP header of ${words} words`,
      packet: (probe, family) =>
        resealed(withByte(synAckFor(probe), HEADER_BYTES[family] + 12, words << 4)),
      fate: 'malformed',
    }),
  ),
  {
    shows: 'a TCP header that ends past the end',
    packet: (probe, family) =>
      resealed(withByte(synAckFor(probe), HEADER_BYTES[family] + 12, 0xf0)),
    fate: 'malformed',
  },
  {
    shows: 'an extension header of 2048 bytes that are not there',
    only: 6,
    packet: (probe) => withChain(synAckFor(probe), Uint8Array.of(6, 255, 0, 0, 0, 0, 0, 0)),
    fate: 'malformed',
  },
  {
    shows: 'a thousand hop-by-hop headers',
    only: 6,
    packet: (probe) => withChain(synAckFor(probe), new Uint8Array(8000)),
    fate: 'malformed',
  },
];

describe.each(FAMILIES)('over IPv%i', (family) => {
  const own = CASES.filter(({ only }) => only === undefined || only === family);

  test.each(own)('$shows: $fate', ({ packet, fate }) => {
    const bench = new Bench(family);
    expect(bench.fateOf(packet(bench.probe, family))).toBe(fate);
    bench.engine.handle(segmentFor(bench.probe), 20);
    expect(bench.replies).toHaveLength(1); // the true answer still counts, and only once
  });

  test.each(strangersOf(family))('a time exceeded from %s is told as it says', (from) => {
    const bench = new Bench(family);
    expect(bench.fateOf(icmpErrorFor(bench.probe, { from: addressOf(from) }))).toBe(
      'time-exceeded',
    );
    expect(bench.replies).toMatchObject([{ isTarget: false }]);
  });

  // A cut just before the labels leaves a whole reply: their own checksum keeps that of ICMP right.
  test('no cut of a reply is misread', () => {
    const { probe } = new Bench(family);
    const labels = [1 << 12, 2 << 12];
    for (const reply of [icmpErrorFor(probe, { mpls: labels }), synAckFor(probe)]) {
      const whole = new Bench(family);
      const kind = whole.fateOf(reply);
      for (let length = 0; length < reply.length; length++) {
        const bench = new Bench(family);
        bench.engine.handle(reply.subarray(0, length), 10);
        for (const told of bench.replies) expect(told).toMatchObject({ kind, flow: 0, ttl: 5 });
      }
    }
  });

  test(`${FLOODED} copies of an answer are one answer`, () => {
    const bench = new Bench(family);
    for (let i = 0; i < FLOODED; i++) bench.engine.handle(synAckFor(bench.probe), 10 + i);
    expect(bench.replies).toHaveLength(1);
    expect(bench.engine.counters).toMatchObject({ duplicates: FLOODED - 1, foreignReplies: 0 });
  });

  test('a message of 64 kB is read as far as needed', () => {
    const bench = new Bench(family);
    const error = icmpErrorFor(bench.probe);
    const lengthAt = family === 4 ? 2 : 4;
    const long = new Uint8Array(65_535);
    long.set(error);
    const lengthBytes = family === 4 ? long.length : long.length - HEADER_BYTES[6];
    expect(bench.fateOf(resealed(withWord(long, lengthAt, lengthBytes)))).toBe('time-exceeded');
  });
});

/** Senders that a reply cannot honestly have, or that mean nothing beyond their own network. */
function strangersOf(family: IpFamily): string[] {
  return family === 4
    ? ['0.0.0.0', '255.255.255.255', '224.0.0.1', '127.0.0.1', '10.0.0.1']
    : ['::', 'ff02::1', '::1', 'fe80::1', '::ffff:192.0.2.9'];
}

function withByte(packet: Uint8Array, at: number, value: number): Uint8Array {
  const changed = packet.slice();
  changed[at] = value;
  return changed;
}

/** In network byte order. */
function withWord(packet: Uint8Array, at: number, value: number): Uint8Array {
  return withByte(withByte(packet, at, value >> 8), at + 1, value & 0xff);
}

/** Puts extension headers, the first of them hop-by-hop, behind an IPv6 header. */
function withChain(packet: Uint8Array, chain: Uint8Array): Uint8Array {
  const changed = new Uint8Array(packet.length + chain.length);
  changed.set(packet.subarray(0, HEADER_BYTES[6]));
  changed.set(chain, HEADER_BYTES[6]);
  changed.set(packet.subarray(HEADER_BYTES[6]), HEADER_BYTES[6] + chain.length);
  return withWord(withByte(changed, 6, 0), 4, changed.length - HEADER_BYTES[6]);
}
