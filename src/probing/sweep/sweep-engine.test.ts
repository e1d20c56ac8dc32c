import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeIcmp, encodeIpv4 } from '../../../test/support/encoded-packets.ts';
import { AddressSet, parseAddressRange } from '../../lib/address-ranges.ts';
import { Random } from '../../lib/random.ts';
import type { PacketArena } from '../../model/packet-link.ts';
import type { SweepPlan, SweepReply } from '../../model/sweep.ts';
import { SweepEngine } from './sweep-engine.ts';
import { SWEEP_KEY_WORDS } from './sweep-token.ts';

const SOURCE = Uint8Array.of(192, 0, 2, 1);
const ROUTER = Uint8Array.of(100, 64, 0, 9);
const SLOTS = 16;
const TIMEOUT_US = 1_000_000;

/** Each slot once at TTL 3. */
class OneRound implements SweepPlan {
  readonly needsLastReplies = false;
  slot = -1;
  readonly ttl = 3;
  readonly flow = 0;

  next(): boolean {
    this.slot++;
    return this.slot < SLOTS;
  }

  nextRound(): boolean {
    return false;
  }

  replied(): void {}
}

function setUp(ownAddresses: readonly Uint8Array[] = []) {
  const random = new Random(5);
  const range = parseAddressRange('10.0.0.0/28');
  if (typeof range === 'string') throw new Error(range);
  const replies: SweepReply[] = [];
  const engine = new SweepEngine(
    {
      shape: {
        source: SOURCE,
        tos: 0,
        protocol: 'udp',
        sourcePort: 33_000,
        destinationPort: 33_434,
      },
      targets: new AddressSet([range]),
      flows: 1,
      tokenKey: Uint32Array.from({ length: SWEEP_KEY_WORDS }, () => random.uint32()),
      rates: { total: 1e6, perPrefix: 1e6, perInterface: 1e6 },
      timeoutUs: TIMEOUT_US,
      ownAddresses,
    },
    { replied: (reply) => replies.push({ ...reply }) },
  );
  const outbox: PacketArena = {
    bytes: new Uint8Array(64 * 128),
    slotBytes: 128,
    slots: 64,
    lengths: new Uint16Array(64),
  };
  const window = { plan: new OneRound(), slots: SLOTS, targetOf: (slot: number) => slot };
  engine.openWindow(
    { ...window, probed: new Uint8Array(window.slots), slotOf: (target) => target },
    0,
  );
  return { engine, outbox, replies };
}

/** What a router says to the packet in a slot. */
function answerTo({ bytes, slotBytes }: PacketArena, slot: number, quoteBytes = 28): Uint8Array {
  const body = bytes.slice(slot * slotBytes, slot * slotBytes + quoteBytes);
  return error(11, body, ROUTER);
}

function error(type: number, body: Uint8Array, source: Uint8Array): Uint8Array {
  return encodeIpv4({
    tos: 0,
    identification: 1,
    flags: 0,
    fragmentOffset: 0,
    ttl: 60,
    protocol: 1,
    source,
    destination: SOURCE,
    options: new Uint8Array(),
    payload: encodeIcmp({ type, code: type === 3 ? 1 : 0, parameter: 0, body }, 0),
  });
}

/** Targets of the packets in the outbox, by their last octet. */
function sentTo({ bytes, slotBytes }: PacketArena, count: number): number[] {
  return Array.from({ length: count }, (_, slot) => bytes[slot * slotBytes + 19] ?? -1);
}

describe('packets that the kernel refuses', () => {
  it.each(['ENOBUFS', 'EAGAIN'])('are sent again after %s, none twice', (reason) => {
    const { engine, outbox } = setUp();
    const count = engine.poll(outbox, 0);
    expect(count).toBe(SLOTS);
    const accepted = sentTo(outbox, 5);
    engine.confirm({ accepted: 5, error: reason }, 0);
    expect(engine.poll(outbox, 500)).toBe(0); // the queue is given time to drain
    const rest = engine.poll(outbox, 2000);
    expect(rest).toBe(SLOTS - 5);
    expect(new Set([...accepted, ...sentTo(outbox, rest)]).size).toBe(SLOTS);
    engine.confirm({ accepted: rest, error: undefined }, 2000);
    expect(engine.counters).toMatchObject({ probesSent: SLOTS, sendPauses: 1, sendErrors: {} });
  });

  it('are left out and counted where that would not help', () => {
    const { engine, outbox } = setUp();
    engine.poll(outbox, 0);
    engine.confirm({ accepted: 5, error: 'EPERM' }, 0);
    const rest = engine.poll(outbox, 2000);
    expect(rest).toBe(SLOTS - 6);
    engine.confirm({ accepted: rest, error: undefined }, 2000);
    expect(engine.poll(outbox, 1000 + TIMEOUT_US)).toBe(0); // no further round
    expect(engine.isWindowOver(2000 + TIMEOUT_US - 1)).toBe(false);
    expect(engine.isWindowOver(2000 + TIMEOUT_US)).toBe(true);
    expect(engine.counters).toMatchObject({ probesSent: SLOTS - 1, sendErrors: { EPERM: 1 } });
  });
});

describe('replies', () => {
  it('are read from eight quoted bytes, and to the microsecond from more', () => {
    const { engine, outbox, replies } = setUp();
    engine.poll(outbox, 123_456);
    engine.handle(answerTo(outbox, 0), 130_000);
    engine.handle(answerTo(outbox, 1, 38), 130_000);
    expect(replies).toMatchObject([
      { ttl: 3, flow: 0, rttUs: 7000, isRttExact: false, isNewInterface: true, isTarget: false },
      { ttl: 3, flow: 0, rttUs: 6544, isRttExact: true, isNewInterface: false },
    ]);
  });

  it('that are forged are counted, and change nothing', () => {
    const { engine, outbox, replies } = setUp();
    const count = engine.poll(outbox, 0);
    const random = new Random(8);
    for (let i = 0; i < 20_000; i++) {
      const forged = outbox.bytes.slice((i % count) * 128, (i % count) * 128 + 28);
      const [identification, checksum] = [random.below(65_536), random.below(65_536)];
      forged.set([identification >> 8, identification & 255], 4);
      forged.set([checksum >> 8, checksum & 255], 26);
      engine.handle(error(11, forged, ROUTER), 1000);
    }
    // One in 32,768 passes: more than 9 of 20,000 would come once in 10 million runs.
    expect(replies.length).toBeLessThan(10);
    expect(engine.counters.foreignReplies).toBe(20_000 - replies.length);
  });

  it('to somebody else, of other targets, or of this host itself are none', () => {
    const { engine, outbox, replies } = setUp([ROUTER]);
    engine.poll(outbox, 0);
    const elsewhere = outbox.bytes.slice(0, 28);
    elsewhere.set([10, 0, 9, 9], 16);
    engine.handle(error(11, elsewhere, ROUTER), 1000);
    const foreignSource = outbox.bytes.slice(0, 28);
    foreignSource.set([192, 0, 2, 77], 12);
    engine.handle(error(11, foreignSource, ROUTER), 1000);
    engine.handle(error(3, outbox.bytes.slice(0, 28), ROUTER), 1000);
    expect(replies).toEqual([]);
    expect(engine.counters).toMatchObject({ foreignReplies: 2, ownHostErrors: 1, replies: 0 });
  });

  it('of any bytes at all do no harm', () => {
    const { engine, outbox } = setUp();
    engine.poll(outbox, 0);
    const answer = answerTo(outbox, 0, 38);
    const spoiled = fc
      .record({ at: fc.nat(answer.length - 1), byte: fc.nat(255), length: fc.nat(answer.length) })
      .map(({ at, byte, length }) => {
        const packet = answer.slice();
        packet[at] = byte;
        return packet.subarray(0, length);
      });
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.uint8Array({ maxLength: 80 })), (packet) => {
        engine.handle(packet, 1000);
      }),
      { numRuns: 2000 },
    );
  });
});
