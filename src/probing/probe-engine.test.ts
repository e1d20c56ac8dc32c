import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  addressOf,
  icmpErrorFor,
  readSynProbe,
  resealed,
  segmentFor,
  synAckFor,
} from '../../test/support/probe-replies.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import type { PacketArena, SendReport } from '../model/packet-link.ts';
import { keptReply, type ProbeReply, type ProbeSink } from '../model/probe.ts';
import type { PacerRates } from './pacer.ts';
import { type EngineOptions, ProbeEngine } from './probe-engine.ts';

const FAMILIES = [4, 6] as const;
const SECOND = 1_000_000;
/** Fast enough not to hold up what is not about the pace. */
const UNHURRIED: PacerRates = { perInterface: 100_000, total: 100_000 };

const HOSTS = {
  4: { source: addressOf('192.0.2.1'), destination: addressOf('198.51.100.7') },
  6: { source: addressOf('2001:db8::1'), destination: addressOf('2001:db8:1::7') },
};
const ROUTERS = {
  4: [addressOf('10.0.0.1'), addressOf('10.0.0.2')] as const,
  6: [addressOf('fdec::1'), addressOf('fdec::2')] as const,
};

interface Sent {
  readonly packet: Uint8Array;
  readonly atUs: number;
}

/** Every outcome as a line of text, in order. */
class Journal implements ProbeSink {
  readonly lines: string[] = [];
  readonly replies: ProbeReply[] = [];

  replied(reply: ProbeReply): void {
    this.#note('replied', reply);
  }

  repliedLate(reply: ProbeReply): void {
    this.#note('late', reply);
  }

  lost(flow: number, ttl: number, round: number): void {
    this.lines.push(`lost ${flow} ${ttl} ${round}`);
  }

  unsent(flow: number, ttl: number, round: number): void {
    this.lines.push(`unsent ${flow} ${ttl} ${round}`);
  }

  #note(what: string, reply: ProbeReply): void {
    this.replies.push(keptReply(reply));
    this.lines.push(`${what} ${reply.flow} ${reply.ttl} ${reply.round} ${reply.kind}`);
  }
}

/** An engine, what it reports, and a kernel that takes its packets or refuses them. */
class Bench {
  readonly journal = new Journal();
  readonly addresses = new AddressBook();
  readonly engine: ProbeEngine;
  readonly sent: Sent[] = [];
  readonly #outbox: PacketArena;
  /** How long the kernel keeps us waiting for each batch. */
  sendingUs = 0;
  /** The errno for a packet, or undefined to take it. */
  refuse: (packet: Uint8Array, nowUs: number) => string | undefined = () => undefined;

  constructor(
    family: 4 | 6 = 4,
    { slots = 8, ...options }: Partial<EngineOptions> & { slots?: number } = {},
  ) {
    this.#outbox = {
      bytes: new Uint8Array(slots * 128),
      slotBytes: 128,
      slots,
      lengths: new Uint16Array(slots),
    };
    this.engine = new ProbeEngine(
      {
        ...HOSTS[family],
        destinationPort: 443,
        tos: 0,
        flows: [33_000, 33_001, 33_002].map((sourcePort) => ({
          sourcePort,
          flowLabel: sourcePort,
        })),
        tokenKey: Uint32Array.of(1, 2, 3, 4),
        rates: UNHURRIED,
        random: new Random(1),
        addresses: this.addresses,
        ...options,
      },
      this.journal,
    );
  }

  /** Sends all that may leave by `untilUs`; the time of the last look. */
  run(fromUs: number, untilUs: number): number {
    let nowUs = fromUs;
    for (;;) {
      this.engine.advance(nowUs);
      for (let count = this.#poll(nowUs); count > 0; count = this.#poll(nowUs));
      const nextUs = Math.max(nowUs + 1, this.engine.nextDeadlineUs());
      if (nextUs > untilUs) return nowUs;
      nowUs = nextUs;
    }
  }

  /** The only packet that one order makes, sent at `nowUs`. */
  probe(flow: number, ttl: number, nowUs = 0, round = 0): Uint8Array {
    this.engine.order(flow, ttl, round);
    const before = this.sent.length;
    this.run(nowUs, nowUs + 100);
    const packet = this.sent[before]?.packet;
    if (packet === undefined || this.sent.length !== before + 1) throw new Error('not one packet');
    return packet;
  }

  #poll(nowUs: number): number {
    const count = this.engine.poll(this.#outbox, nowUs);
    if (count > 0) this.engine.confirm(this.#send(count, nowUs), nowUs, nowUs + this.sendingUs);
    return count;
  }

  #send(count: number, nowUs: number): SendReport {
    const { bytes, slotBytes, lengths } = this.#outbox;
    for (let slot = 0; slot < count; slot++) {
      const start = slot * slotBytes;
      const packet = bytes.slice(start, start + (lengths[slot] ?? 0));
      const error = this.refuse(packet, nowUs);
      if (error !== undefined) return { accepted: slot, error };
      this.sent.push({ packet, atUs: nowUs });
    }
    return { accepted: count, error: undefined };
  }
}

describe.each(FAMILIES)('IPv%i', (family) => {
  const { destination } = HOSTS[family];
  const [near] = ROUTERS[family];

  test('what is sent is what was ordered', () => {
    const bench = new Bench(family, { tos: 0x28 });
    const probe = readSynProbe(bench.probe(2, 9));
    expect(probe).toMatchObject({ family, ...HOSTS[family], ttl: 9, tos: 0x28 });
    expect(probe.segment).toMatchObject({ sourcePort: 33_002, destinationPort: 443 });
    expect(probe.flowLabel).toBe(family === 6 ? 33_002 : 0);
    expect(bench.engine.counters).toMatchObject({ probesSent: 1, sendErrors: {} });
  });

  test('a time exceeded is told with all that it shows', () => {
    const bench = new Bench(family);
    const probe = bench.probe(1, 3, 100, 7);
    const traits = { from: near, replyTtl: 253, quotedTtl: 0, mpls: [0x0012_31ff] };
    const packet = icmpErrorFor(probe, traits);
    bench.engine.handle(packet, 1600);
    expect(bench.journal.replies).toEqual([
      {
        flow: 1,
        ttl: 3,
        round: 7,
        kind: 'time-exceeded',
        responder: bench.addresses.indexOf(near),
        isTarget: false,
        code: 0,
        rttUs: 1500,
        replyTtl: 253,
        quotedTtl: 0,
        mpls: [0x0012_31ff],
        details: {
          sentAtUs: 100,
          icmpType: family === 4 ? 11 : 3,
          mtu: 0,
          quotedTos: 0,
          isStamped: false,
          isTranslated: false,
          matchedBy: 'token',
          replyBytes: packet.length,
          replyTos: 0,
          replyIdentification: family === 4 ? 9 : 0, // what the packets of this test have
          quotedBytes: probe.length,
          tcpFlags: -1,
          interfaces: [],
        },
      },
    ]);
  });

  const ANSWERS = [
    { kind: 'accepted', isTarget: true, reply: (probe: Uint8Array) => synAckFor(probe) },
    { kind: 'refused', isTarget: true, reply: (probe: Uint8Array) => segmentFor(probe) },
    {
      kind: 'unreachable',
      isTarget: false,
      reply: (probe: Uint8Array) =>
        icmpErrorFor(probe, { from: near, cause: 'unreachable', code: 1 }),
    },
    {
      kind: 'unreachable',
      isTarget: true,
      reply: (probe: Uint8Array) =>
        icmpErrorFor(probe, { from: destination, cause: 'unreachable', code: 4 }),
    },
  ];

  test.each(ANSWERS)('$kind, from the target: $isTarget', ({ kind, isTarget, reply }) => {
    const bench = new Bench(family);
    bench.engine.handle(reply(bench.probe(0, 5)), 10);
    expect(bench.journal.replies).toMatchObject([{ kind, isTarget, flow: 0, ttl: 5 }]);
    expect(bench.engine.isIdle).toBe(true);
  });

  test('the second reply to a probe is a duplicate, and no outcome', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    for (const atUs of [10, 20, 30]) bench.engine.handle(segmentFor(probe), atUs);
    expect(bench.journal.lines).toEqual(['replied 0 5 0 refused']);
    expect(bench.engine.counters).toMatchObject({ duplicates: 2, lateReplies: 0 });
  });

  test('a reply says nothing of what the one before it said, and a kept one stays', () => {
    const bench = new Bench(family);
    const [first, second] = [bench.probe(0, 5), bench.probe(1, 6)];
    bench.engine.handle(icmpErrorFor(first, { from: near }), 10);
    const [kept] = bench.journal.replies;
    const asTold = structuredClone(kept);
    bench.engine.handle(segmentFor(second), 20);
    const alone = new Bench(family);
    alone.probe(0, 5);
    alone.engine.handle(segmentFor(alone.probe(1, 6)), 20);
    const responder = bench.addresses.indexOf(destination);
    expect(bench.journal.replies[1]).toEqual({ ...alone.journal.replies[0], responder });
    expect(kept).toEqual(asTold);
  });

  test('a reply after the time-out is late, once', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    bench.run(0, 2 * SECOND);
    bench.engine.handle(segmentFor(probe), 2 * SECOND);
    bench.engine.handle(segmentFor(probe), 2 * SECOND);
    expect(bench.journal.lines).toEqual(['lost 0 5 0', 'late 0 5 0 refused']);
    expect(bench.engine.counters).toMatchObject({ duplicates: 1, lateReplies: 1 });
  });

  test('a reply long after that is foreign', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    bench.run(0, 2 * SECOND);
    bench.engine.advance(20 * SECOND);
    bench.engine.handle(segmentFor(probe), 20 * SECOND);
    expect(bench.journal.lines).toEqual(['lost 0 5 0']);
    expect(bench.engine.counters.foreignReplies).toBe(1);
  });

  test('a reply from before the probe is foreign, but clocks may differ a little', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5, 50_000);
    bench.engine.handle(segmentFor(probe), 48_000);
    expect(bench.journal.lines).toEqual([]);
    bench.engine.handle(segmentFor(probe), 49_500);
    expect(bench.journal.replies).toMatchObject([{ kind: 'refused', rttUs: 0 }]);
  });

  test('a reply that comes while the sender is kept waiting is ours, by the time it began', () => {
    const bench = new Bench(family);
    bench.sendingUs = 40_000;
    const probe = bench.probe(0, 5, 50_000);
    bench.engine.handle(segmentFor(probe), 48_000);
    expect(bench.engine.counters.foreignReplies).toBe(1);
    bench.engine.handle(segmentFor(probe), 50_300);
    expect(bench.journal.replies).toMatchObject([{ rttUs: 300, details: { sentAtUs: 50_000 } }]);
  });

  test('a round trip is as long as the kernel says, where it tells when the probe left', () => {
    const bench = new Bench(family, { hasSendTimes: true });
    bench.sendingUs = 40_000;
    const probes = [bench.probe(0, 5, 50_000), bench.probe(1, 5, 150_000)];
    bench.engine.noteSendTime(1, 150_020);
    bench.engine.noteSendTime(0, 50_011);
    bench.engine.noteSendTime(0, 50_999); // told already
    bench.engine.noteSendTime(2, 150_000); // of no packet
    for (const probe of probes) bench.engine.handle(segmentFor(probe), 150_300);
    expect(bench.journal.replies).toMatchObject([
      { rttUs: 100_289, details: { sentAtUs: 50_011, isStamped: true } },
      { rttUs: 280, details: { sentAtUs: 150_020, isStamped: true } },
    ]);
  });

  test('a send time from before the call is not this probe’s', () => {
    const bench = new Bench(family, { hasSendTimes: true });
    const probe = bench.probe(0, 5, 50_000);
    bench.engine.noteSendTime(0, 40_000);
    bench.engine.handle(segmentFor(probe), 50_300);
    expect(bench.journal.replies).toMatchObject([{ rttUs: 300, details: { isStamped: false } }]);
  });

  /** What is like a reply to our probe but for one thing. */
  const FOREIGN: readonly {
    shows: string;
    reply: (bench: Bench, probe: Uint8Array) => Uint8Array;
  }[] = [
    {
      shows: 'a time exceeded about a stranger’s packet',
      reply: () =>
        icmpErrorFor(new Bench(family, { tokenKey: Uint32Array.of(9, 9, 9, 9) }).probe(0, 5)),
    },
    {
      shows: 'our token with the ports of another of our flows',
      reply: (_, probe) => segmentFor(probe, { toPort: 33_001 }),
    },
    {
      shows: 'our token with a source port that is not ours',
      reply: (_, probe) => segmentFor(probe, { toPort: 40_000 }),
    },
    {
      shows: 'our token from another port of the target',
      reply: (_, probe) => segmentFor(probe, { fromPort: 80 }),
    },
    {
      shows: 'our token from another host',
      reply: (_, probe) => segmentFor(probe, { from: near }),
    },
    {
      shows: 'an acknowledgment of something that we never sent',
      reply: (_, probe) => segmentFor(probe, { acknowledgment: 12_345 }),
    },
    {
      shows: 'a reassembly that took too long',
      reply: (_, probe) => icmpErrorFor(probe, { code: 1 }),
    },
    {
      shows: 'a SYN from the target',
      reply: (_, probe) => segmentFor(probe, { flags: 2 }),
    },
  ];

  test.each(FOREIGN)('$shows is foreign', ({ reply }) => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    bench.engine.handle(reply(bench, probe), 10);
    expect(bench.journal.lines).toEqual([]);
    expect(bench.engine.counters).toMatchObject({ foreignReplies: 1, repliesReceived: 0 });
    bench.engine.handle(segmentFor(probe), 20);
    expect(bench.journal.lines).toEqual(['replied 0 5 0 refused']);
  });

  test('whoever does not know a token does not guess one', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    const random = new Random(7);
    for (let i = 0; i < 20_000; i++) {
      bench.engine.handle(segmentFor(probe, { acknowledgment: random.uint32() }), 10);
    }
    expect(bench.journal.lines).toEqual([]);
  });

  test('bytes that are no packet are counted, and harm nothing', () => {
    const bench = new Bench(family);
    const probe = bench.probe(0, 5);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
        bench.engine.handle(bytes, 10);
      }),
    );
    const { malformed, foreignReplies } = bench.engine.counters;
    expect(malformed).toBeGreaterThan(0);
    expect(malformed + foreignReplies).toBe(100);
    bench.engine.handle(segmentFor(probe), 20);
    expect(bench.journal.lines).toEqual(['replied 0 5 0 refused']);
  });

  test('no change of one byte makes a reply answer another probe', () => {
    const bench = new Bench(family, { flows: manyFlows(50) });
    for (let i = 0; i < 1000; i++) bench.engine.order(i % 50, 1 + Math.floor(i / 50), 0);
    bench.run(0, SECOND / 2);
    const probe = bench.sent[423]?.packet ?? new Uint8Array();
    const { segment, ttl } = readSynProbe(probe);
    const own = `${segment.sourcePort - 33_000} ${ttl} 0`;
    const genuine = [icmpErrorFor(probe, { from: near }), segmentFor(probe), synAckFor(probe)];
    for (const changed of genuine.flatMap(changesOf)) {
      bench.engine.handle(changed, 600_000);
      bench.engine.handle(resealedIfPossible(changed), 600_000);
    }
    const others = bench.journal.lines.filter((line) => !line.includes(` ${own} `));
    expect(others).toEqual([]);
    expect(bench.journal.lines).toHaveLength(1); // changes of what does not matter: it was answered
  });
});

/** A packet with each of its bytes changed in each bit, and in all of them. */
function changesOf(packet: Uint8Array): Uint8Array[] {
  const flips = [1, 2, 4, 8, 16, 32, 64, 128, 255];
  return [...packet.keys()].flatMap((offset) =>
    flips.map((flip) => packet.map((byte, at) => (at === offset ? byte ^ flip : byte))),
  );
}

function manyFlows(count: number): EngineOptions['flows'] {
  return Array.from({ length: count }, (_, i) => ({ sourcePort: 33_000 + i, flowLabel: 0 }));
}

function resealedIfPossible(packet: Uint8Array): Uint8Array {
  try {
    return resealed(packet);
  } catch {
    return packet;
  }
}

describe('time-outs', () => {
  function lossAfterUs(bench: Bench, fromUs: number): number {
    bench.probe(0, 9, fromUs);
    for (let us = fromUs; us < fromUs + 10 * SECOND; us = bench.engine.nextDeadlineUs()) {
      bench.engine.advance(us);
      if (bench.journal.lines.at(-1) === 'lost 0 9 0') return us - fromUs;
    }
    throw new Error('never lost');
  }

  const ROWS = [
    { rttUs: 1000, waitUs: 400_000 },
    { rttUs: 300_000, waitUs: 900_000 },
    { rttUs: 950_000, waitUs: 2_850_000 },
  ];

  test('wait a second at first', () => {
    expect(lossAfterUs(new Bench(), 0)).toBe(SECOND);
  });

  test.each(ROWS)('adapt to $waitUs µs where replies take $rttUs µs', ({ rttUs, waitUs }) => {
    const bench = new Bench();
    bench.engine.handle(segmentFor(bench.probe(0, 5)), rttUs);
    expect(lossAfterUs(bench, rttUs)).toBe(waitUs);
  });

  test('grow with a late reply, which shows that the wait was too short', () => {
    const bench = new Bench();
    const probe = bench.probe(0, 5);
    bench.run(0, 1_200_000);
    bench.engine.handle(segmentFor(probe), 1_200_000);
    expect(lossAfterUs(bench, 1_200_000)).toBe(3_600_000);
  });

  test('do not grow with duplicates, which a target repeats for many seconds', () => {
    const bench = new Bench();
    const probe = bench.probe(0, 5);
    bench.engine.handle(synAckFor(probe), 10_000);
    bench.engine.handle(synAckFor(probe), 1_010_000);
    expect(lossAfterUs(bench, 1_010_000)).toBe(400_000);
  });

  test('report probes in the order in which they were sent', () => {
    const bench = new Bench();
    for (const ttl of [3, 1, 2]) bench.probe(0, ttl, ttl === 3 ? 0 : 1000 * ttl);
    bench.run(3000, 3 * SECOND);
    expect(bench.journal.lines).toEqual(['lost 0 3 0', 'lost 0 1 0', 'lost 0 2 0']);
    expect(bench.engine.isIdle).toBe(true);
    expect(bench.engine.nextDeadlineUs()).toBe(Number.POSITIVE_INFINITY);
  });
});

describe('pace', () => {
  const rates = { perInterface: 100, total: 1000 };

  test('one TTL of all flows goes to one interface, as far as anyone knows', () => {
    const bench = new Bench(4, { rates });
    for (let flow = 0; flow < 3; flow++)
      for (let i = 0; i < 10; i++) bench.engine.order(flow, 1, i);
    bench.run(0, 10 * SECOND);
    expect(bench.sent.at(-1)?.atUs).toBeGreaterThan(0.8 * 290_000);
  });

  test('interfaces that are known each have their own budget', () => {
    const bench = new Bench(4, { rates });
    for (const [flow, from] of ROUTERS[4].entries()) {
      bench.engine.handle(icmpErrorFor(bench.probe(flow, 1, flow * 20_000), { from }), 40_000);
    }
    for (let flow = 0; flow < 2; flow++)
      for (let i = 0; i < 10; i++) bench.engine.order(flow, 1, i);
    bench.run(SECOND, 10 * SECOND);
    expect(bench.sent.at(-1)?.atUs).toBeLessThan(SECOND + 1.2 * 100_000);
  });

  test('an interface that was slowed down gets fewer', () => {
    const bench = new Bench(4, { rates });
    bench.engine.handle(icmpErrorFor(bench.probe(0, 1), { from: ROUTERS[4][0] }), 1000);
    bench.engine.slowDown(bench.addresses.indexOf(ROUTERS[4][0]));
    for (let i = 0; i < 11; i++) bench.engine.order(0, 1, i);
    bench.run(SECOND, 10 * SECOND);
    expect(bench.sent.at(-1)?.atUs).toBeGreaterThan(SECOND + 0.8 * SECOND);
  });
});

describe('a kernel that refuses', () => {
  test('one packet with ENOBUFS gets it again, and it is counted', () => {
    const bench = new Bench();
    let refusals = 0;
    bench.refuse = () => (refusals++ === 0 ? 'ENOBUFS' : undefined);
    for (let ttl = 1; ttl <= 5; ttl++) bench.engine.order(0, ttl, 0);
    bench.run(0, SECOND / 2);
    expect(bench.sent.map(({ packet }) => readSynProbe(packet).ttl).sort()).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(bench.sent[0]?.atUs).toBeGreaterThanOrEqual(20_000);
    expect(bench.journal.lines).toEqual([]);
    expect(bench.engine.counters).toMatchObject({ probesSent: 5, sendErrors: { ENOBUFS: 1 } });
  });

  test('in the middle of a batch does not lose or repeat the rest of it', () => {
    const bench = new Bench(4, { slots: 64 });
    let calls = 0;
    bench.refuse = () => (++calls % 7 === 0 ? 'ENOBUFS' : undefined);
    for (let round = 0; round < 40; round++) bench.engine.order(0, 1 + (round % 20), round);
    bench.run(0, 0.9 * SECOND);
    const tokens = bench.sent.map(({ packet }) => readSynProbe(packet).segment.sequence);
    expect(new Set(tokens).size).toBe(40);
    expect(bench.engine.counters.probesSent).toBe(40);
    expect(bench.journal.lines).toEqual([]);
  });

  test('one flow with EPERM for ever: its probes are unsent, all others go out', () => {
    const bench = new Bench();
    const isBarred = (packet: Uint8Array) => readSynProbe(packet).segment.sourcePort === 33_001;
    bench.refuse = (packet) => (isBarred(packet) ? 'EPERM' : undefined);
    for (let flow = 0; flow < 3; flow++)
      for (let ttl = 1; ttl <= 4; ttl++) bench.engine.order(flow, ttl, 0);
    bench.run(0, 2 * SECOND);
    const barred = bench.journal.lines.filter((line) => line.split(' ')[1] === '1');
    expect(barred.sort()).toEqual(['unsent 1 1 0', 'unsent 1 2 0', 'unsent 1 3 0', 'unsent 1 4 0']);
    expect(bench.sent).toHaveLength(8);
    // Once the flow has failed that often, its others get one attempt each.
    expect(bench.engine.counters.sendErrors).toEqual({ EPERM: 9 });
    expect(bench.engine.isIdle).toBe(true);
  });

  test('all with ENETUNREACH for a second: sending resumes', () => {
    const bench = new Bench();
    bench.refuse = (_, nowUs) => (nowUs < SECOND ? 'ENETUNREACH' : undefined);
    for (let i = 0; i < 30; i++) bench.engine.order(i % 3, 1 + (i % 10), i);
    bench.run(0, 20 * SECOND);
    const unsent = bench.journal.lines.filter((line) => line.startsWith('unsent'));
    expect(bench.sent.length + unsent.length).toBe(30);
    expect(bench.sent.length).toBeGreaterThanOrEqual(28);
    expect(bench.sent[0]?.atUs).toBeLessThan(1.6 * SECOND);
    expect(bench.engine.counters.sendErrors['ENETUNREACH']).toBeLessThan(12); // pauses, no storm
  });
});

test('every order has one outcome, over more probes than rows can be told apart at once', () => {
  const bench = new Bench(4, { slots: 64, flows: manyFlows(16) });
  const random = new Random(11);
  let [ordered, nowUs] = [0, 0];
  for (let turn = 0; turn < 40; turn++) {
    for (let i = 0; i < 500; i++) {
      bench.engine.order(i % 16, 1 + (i % 12), turn);
      ordered++;
    }
    const before = bench.sent.length;
    nowUs = bench.run(nowUs, nowUs + SECOND / 10);
    for (const { packet } of bench.sent.slice(before)) {
      if (random.below(3) > 0) bench.engine.handle(segmentFor(packet), nowUs + 1);
      if (random.below(9) === 0) bench.engine.handle(segmentFor(packet), nowUs + 2);
    }
    nowUs += 20 * SECOND; // rows have rested, and are used again
  }
  bench.run(nowUs, nowUs + 20 * SECOND);
  expect(bench.engine.isIdle).toBe(true);
  const late = bench.journal.lines.filter((line) => line.startsWith('late'));
  expect(bench.journal.lines.length - late.length).toBe(ordered);
  expect(bench.engine.counters.foreignReplies).toBe(0);
});

describe('an order that cannot be', () => {
  const ROWS = [
    { flow: 0, ttl: 0, round: 0 },
    { flow: 0, ttl: 256, round: 0 },
    { flow: 0, ttl: Number.NaN, round: 0 },
    { flow: 3, ttl: 1, round: 0 },
    { flow: -1, ttl: 1, round: 0 },
    { flow: 0, ttl: 1, round: -1 },
    { flow: 0, ttl: 1, round: 65_536 },
  ];

  test.each(ROWS)('is refused: flow $flow, TTL $ttl, round $round', ({ flow, ttl, round }) => {
    const { engine } = new Bench();
    expect(() => engine.order(flow, ttl, round)).toThrow(RangeError);
    expect(engine.queued).toBe(0);
  });
});
