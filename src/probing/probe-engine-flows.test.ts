import { describe, expect, test } from 'vitest';
import {
  addressOf,
  icmpErrorFor,
  readSynProbe,
  resealed,
  segmentFor,
} from '../../test/support/probe-replies.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import type { PacketArena } from '../model/packet-link.ts';
import { keptReply, type ProbeReply, type ProbeSink } from '../model/probe.ts';
import type { ProbeProtocol } from './flow.ts';
import { type FlowRequest, ProbeEngine } from './probe-engine.ts';

const SECOND = 1_000_000;
const FAMILIES = [4, 6] as const;
const SOURCE = { 4: addressOf('192.0.2.1'), 6: addressOf('2001:db8::1') };
const ROUTER = { 4: addressOf('10.0.0.1'), 6: addressOf('fdec::1') };
const STRANGER = { 4: addressOf('203.0.113.9'), 6: addressOf('2001:db8:ffff::9') };

function target(family: 4 | 6, n: number): Uint8Array {
  return family === 4
    ? Uint8Array.of(198, 51, n >> 8, n & 0xff)
    : addressOf(`2001:db8:1::${(n + 1).toString(16)}`);
}

/** What one sink hears. */
class Heard implements ProbeSink {
  readonly replies: ProbeReply[] = [];
  readonly others: string[] = [];

  replied(reply: ProbeReply): void {
    this.replies.push(keptReply(reply));
  }

  repliedLate(reply: ProbeReply): void {
    this.others.push(`late ${reply.ttl}`);
  }

  lost(_flow: number, ttl: number): void {
    this.others.push(`lost ${ttl}`);
  }

  unsent(_flow: number, ttl: number, _round: number, error?: string): void {
    this.others.push(`unsent ${ttl} ${error}`);
  }
}

/** An engine with no flows yet, and all that it sends. */
class Bench {
  readonly engine: ProbeEngine;
  readonly sent: Uint8Array[] = [];
  readonly family: 4 | 6;
  refuse: (packet: Uint8Array) => string | undefined = () => undefined;
  readonly #outbox: PacketArena;

  constructor(family: 4 | 6 = 4, slotBytes = 128) {
    this.family = family;
    const slots = 16;
    const bytes = new Uint8Array(slots * slotBytes);
    this.#outbox = { bytes, slotBytes, slots, lengths: new Uint16Array(slots) };
    const nobody = new Heard();
    this.engine = new ProbeEngine(
      {
        source: SOURCE[family],
        destination: target(family, 0),
        destinationPort: 443,
        tos: 0,
        flows: [],
        tokenKey: Uint32Array.of(1, 2, 3, 4),
        rates: { perInterface: 100_000, total: 100_000 },
        random: new Random(1),
        addresses: new AddressBook(),
        ownAddresses: [addressOf('fe80::1')],
      },
      nobody,
    );
  }

  add(request: Partial<FlowRequest> = {}): { flow: number; heard: Heard } {
    const heard = new Heard();
    const defaults = { sourcePort: 33_000, flowLabel: 5 };
    return { flow: this.engine.addFlow({ ...defaults, ...request }, heard), heard };
  }

  run(fromUs: number, untilUs: number): void {
    for (let nowUs = fromUs; nowUs <= untilUs; ) {
      this.engine.advance(nowUs);
      for (;;) {
        const count = this.engine.poll(this.#outbox, nowUs);
        if (count === 0) break;
        this.engine.confirm(this.#send(count), nowUs);
      }
      nowUs = Math.max(nowUs + 1, this.engine.nextDeadlineUs());
    }
  }

  probe(flow: number, ttl: number, nowUs = 0): Uint8Array {
    const before = this.sent.length;
    this.engine.order(flow, ttl, 0);
    this.run(nowUs, nowUs + 100);
    return this.sent[before] ?? new Uint8Array();
  }

  #send(count: number) {
    const { bytes, slotBytes, lengths } = this.#outbox;
    for (let slot = 0; slot < count; slot++) {
      const start = slot * slotBytes;
      const packet = bytes.slice(start, start + (lengths[slot] ?? 0));
      const error = this.refuse(packet);
      if (error !== undefined) return { accepted: slot, error };
      this.sent.push(packet);
    }
    return { accepted: count, error: undefined };
  }
}

const PROTOCOLS: readonly ProbeProtocol[] = ['tcp', 'tcp-ack', 'udp', 'udp-classic', 'icmp'];
const KINDS = FAMILIES.flatMap((family) => PROTOCOLS.map((protocol) => ({ family, protocol })));

describe.each(KINDS)('$protocol over IPv$family', ({ family, protocol }) => {
  const headerBytes = family === 4 ? 20 : 40;

  test.each([8, 40])('a time exceeded that quotes %i bytes finds its probe', (bytes) => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add({ protocol });
    const probes = [3, 4, 5].map((ttl) => bench.probe(flow, ttl));
    const quoted = Math.min(bytes, (probes[1] ?? []).length - headerBytes);
    const traits = { from: ROUTER[family], quotedTransportBytes: quoted };
    bench.engine.handle(icmpErrorFor(probes[1] ?? new Uint8Array(), traits), 1000);
    expect(heard.replies).toMatchObject([{ flow, ttl: 4, kind: 'time-exceeded' }]);
    expect(bench.engine.counters.foreignReplies).toBe(0);
  });

  test('a quote with another source is one, and says so', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add({ protocol });
    const error = icmpErrorFor(bench.probe(flow, 4), { quotedSource: STRANGER[family] });
    bench.engine.handle(error, 1000);
    expect(heard.replies).toMatchObject([{ ttl: 4, details: { isTranslated: true } }]);
  });

  test('a flow to elsewhere with the same ports hears nothing of it', () => {
    const bench = new Bench(family);
    const here = bench.add({ protocol });
    const there = bench.add({ protocol, destination: target(family, 1) });
    const probe = bench.probe(here.flow, 4);
    bench.probe(there.flow, 4);
    bench.engine.handle(icmpErrorFor(probe), 1000);
    expect([here.heard.replies.length, there.heard.replies.length]).toEqual([1, 0]);
  });

  test('a released flow is silent, and its number rests until nothing can name it', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add({ protocol });
    const probe = bench.probe(flow, 4);
    bench.engine.order(flow, 5, 0);
    bench.engine.releaseFlow(flow, 200);
    bench.run(300, SECOND / 2);
    expect(bench.sent).toHaveLength(1);
    expect(bench.add({ protocol }).flow).not.toBe(flow);
    bench.engine.handle(icmpErrorFor(probe), SECOND / 2);
    bench.engine.advance(30 * SECOND);
    expect(bench.add({ protocol }).flow).toBe(flow);
    expect(heard).toMatchObject({ replies: [], others: [] });
  });

  test('a packet too long for the outbox is not sent, and does no harm', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add({ protocol, lengthBytes: 129 });
    bench.engine.order(flow, 4, 0);
    bench.run(0, SECOND);
    expect(heard.others).toEqual(['unsent 4 EMSGSIZE']);
  });
});

describe.each(FAMILIES)('where a firewall shifts sequence numbers, IPv%i', (family) => {
  const start = family === 4 ? 20 : 40;

  /** A quote as such a firewall leaves it. */
  function shifted(probe: Uint8Array): Uint8Array {
    const copy = probe.slice();
    for (const [i, byte] of [0x12, 0x34, 0x56, 0x78].entries()) {
      copy[start + 4 + i] = (copy[start + 4 + i] ?? 0) ^ byte;
    }
    return icmpErrorFor(resealed(copy), { from: ROUTER[family] });
  }

  test('every quote still finds its probe, and says how', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const ttls = Array.from({ length: 30 }, (_, i) => i + 1);
    const probes = ttls.map((ttl) => bench.probe(flow, ttl, ttl * 200));
    for (const probe of probes) bench.engine.handle(shifted(probe), 10_000);
    expect(heard.replies.map(({ ttl }) => ttl)).toEqual(ttls);
    expect(heard.replies.every(({ details }) => details?.matchedBy === 'half-token')).toBe(true);
    expect(bench.engine.counters.secondaryMatches).toBe(30);
  });

  test('a second quote is a duplicate', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const error = shifted(bench.probe(flow, 4));
    for (const atUs of [1000, 2000]) bench.engine.handle(error, atUs);
    expect(heard.replies).toHaveLength(1);
    expect(bench.engine.counters.duplicates).toBe(1);
  });

  test('a quote that comes late is believed only where others came in time', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const late = shifted(bench.probe(flow, 4));
    bench.run(200, 2 * SECOND);
    expect(heard.others).toEqual(['lost 4']);
    bench.engine.handle(late, 2 * SECOND);
    expect(bench.engine.counters).toMatchObject({ lateReplies: 0, foreignReplies: 1 });
    const inTime = shifted(bench.probe(flow, 5, 2 * SECOND));
    bench.engine.handle(inTime, 2 * SECOND + 1000);
    expect(heard.replies.map(({ ttl }) => ttl)).toEqual([5]);
    bench.engine.handle(late, 2 * SECOND + 2000);
    expect(bench.engine.counters).toMatchObject({ lateReplies: 1, foreignReplies: 1 });
  });

  test('a quote that guesses the key of an answered probe is foreign', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const probe = bench.probe(flow, 4);
    bench.engine.handle(icmpErrorFor(probe, { from: ROUTER[family] }), 1000);
    bench.engine.handle(shifted(probe), 2000);
    expect(heard.replies).toHaveLength(1);
    expect(bench.engine.counters).toMatchObject({ duplicates: 0, foreignReplies: 1 });
  });
});

describe('our own host', () => {
  test('says of an unresolved neighbour nothing that counts as a reply', () => {
    const bench = new Bench(6);
    const { flow, heard } = bench.add();
    const probe = bench.probe(flow, 4);
    bench.run(200, 2 * SECOND);
    const own = { from: addressOf('fe80::1'), cause: 'unreachable', code: 3 } as const;
    bench.engine.handle(icmpErrorFor(probe, own), 2 * SECOND);
    bench.engine.handle(icmpErrorFor(probe, { ...own, from: SOURCE[6] }), 2 * SECOND);
    expect(heard).toMatchObject({ replies: [], others: ['lost 4'] });
    const { lateReplies, ownHostErrors } = bench.engine.counters;
    expect({ lateReplies, ownHostErrors }).toEqual({ lateReplies: 0, ownHostErrors: 2 });
  });
});

test('one flow that the kernel refuses holds up no other', () => {
  const bench = new Bench();
  const barred = bench.add({ destination: target(4, 1) });
  const free = bench.add();
  bench.refuse = (packet) => (packet[18] === 0 && packet[19] === 1 ? 'EPERM' : undefined);
  for (let ttl = 1; ttl <= 5; ttl++) {
    bench.engine.order(barred.flow, ttl, 0);
    bench.engine.order(free.flow, ttl, 0);
  }
  bench.run(0, 5000);
  expect(bench.sent).toHaveLength(5);
  bench.run(5001, 20 * SECOND);
  expect(barred.heard.others.sort()).toEqual([1, 2, 3, 4, 5].map((ttl) => `unsent ${ttl} EPERM`));
});

test('ten thousand flows over one engine: each reply finds its own', () => {
  const bench = new Bench();
  const flows = Array.from({ length: 10_000 }, (_, n) => bench.add({ destination: target(4, n) }));
  for (const { flow } of flows) bench.engine.order(flow, 9, 0);
  bench.run(0, SECOND / 2);
  expect(bench.sent).toHaveLength(10_000);
  for (const packet of bench.sent) bench.engine.handle(segmentFor(packet), SECOND / 2);
  expect(flows.every(({ flow, heard }) => heard.replies[0]?.flow === flow)).toBe(true);
  expect(flows.every(({ heard }) => heard.replies.length === 1)).toBe(true);
});

test('near hops that all targets share are paced as one interface', () => {
  const bench = new Bench();
  const flows = Array.from({ length: 40 }, (_, n) => bench.add({ destination: target(4, n) }));
  for (const { flow } of flows.slice(0, 8)) {
    bench.engine.handle(icmpErrorFor(bench.probe(flow, 1), { from: ROUTER[4] }), 500);
  }
  const router = flows[0]?.heard.replies[0]?.responder ?? -1;
  bench.engine.slowDown(router);
  const before = bench.sent.length;
  for (const { flow } of flows.slice(8)) bench.engine.order(flow, 1, 0);
  bench.run(1000, SECOND);
  expect(bench.sent.length - before).toBeLessThan(15); // 10 a second, not 32 at once
});

describe.each(FAMILIES)('where the target acknowledges shifted numbers, IPv%i', (family) => {
  const SHIFT = 0x8765_4321;

  function sentBy(bench: Bench, flow: number, ttls: readonly number[]): Uint8Array[] {
    return ttls.map((ttl, i) => bench.probe(flow, ttl, i * 200));
  }

  function shiftedAnswer(probe: Uint8Array, shift = SHIFT): Uint8Array {
    const { sequence } = readSynProbe(probe).segment;
    return segmentFor(probe, { acknowledgment: (sequence + 1 + shift) >>> 0 });
  }

  test('two answers that miss alike are both believed, and all after them', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const probes = sentBy(bench, flow, [7, 8, 9]);
    for (const [i, probe] of probes.entries()) {
      bench.engine.handle(shiftedAnswer(probe), 10_000 + i);
      expect(heard.replies.map(({ ttl }) => ttl)).toEqual([[], [7, 8], [7, 8, 9]][i]);
    }
    expect(heard.replies[0]).toMatchObject({
      kind: 'refused',
      details: { matchedBy: 'shifted-token' },
    });
    expect(bench.engine.counters).toMatchObject({ foreignReplies: 0, repliesReceived: 3 });
  });

  test('a quote shows the shift to the first answer', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const [before = new Uint8Array(), last = new Uint8Array()] = sentBy(bench, flow, [4, 7]);
    const { sequence } = readSynProbe(before).segment;
    const quoted = before.slice();
    new DataView(quoted.buffer).setUint32(family === 4 ? 24 : 44, (sequence + SHIFT) >>> 0);
    bench.engine.handle(icmpErrorFor(resealed(quoted), { from: ROUTER[family] }), 10_000);
    bench.engine.handle(shiftedAnswer(last), 10_001);
    expect(heard.replies.map(({ ttl }) => ttl)).toEqual([4, 7]);
  });

  test('a first answer that waited too long is told as late', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const [first = new Uint8Array()] = sentBy(bench, flow, [7]);
    bench.engine.handle(shiftedAnswer(first), 1000);
    bench.run(1000, 5 * SECOND);
    bench.engine.handle(shiftedAnswer(bench.probe(flow, 8, 5 * SECOND)), 5 * SECOND + 1000);
    expect(heard.others).toEqual(['lost 7', 'late 7']);
    expect(heard.replies.map(({ ttl }) => ttl)).toEqual([8]);
  });

  test('forgeries with the right ports are not believed, and hide no true answer', () => {
    const bench = new Bench(family);
    const { flow, heard } = bench.add();
    const probes = sentBy(bench, flow, [6, 7, 8, 9]);
    const random = new Random(3);
    for (let i = 0; i < 10_000; i++) {
      const forged = segmentFor(probes[0] ?? new Uint8Array(), { acknowledgment: random.uint32() });
      bench.engine.handle(forged, 10_000);
    }
    expect(heard.replies).toEqual([]);
    for (const probe of probes) bench.engine.handle(segmentFor(probe), 11_000);
    expect(heard.replies).toHaveLength(4);
    expect(bench.engine.counters.foreignReplies).toBe(10_000);
  });
});
