/** What packets meet on the way, as a prober sees it: routers that change them, answers, routes. */

import { describe, expect, test } from 'vitest';
import { addWords, foldSum } from '../lib/checksum.ts';
import { parseIpAddress } from '../lib/ip-address.ts';
import { isMalformed } from '../wire/malformed.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import type { IcmpErrorReply, Reply } from '../wire/reply.ts';
import { readReply } from '../wire/reply-reader.ts';
import { type ProbeProtocol, writeProbe } from './probe-writer.ts';
import type { SimulatedLink } from './simulated-link.ts';
import { type SimulatedNetwork, simulate } from './simulated-network.ts';

const FAMILIES = [4, 6] as const;
const TRUTH = { verdict: 'inconclusive' };
const CHAIN = { fabric: { widths: [1, 1, 1] } };

function networkOf(traits: object, family: 4 | 6 = 4): SimulatedNetwork {
  return simulate({ shows: 'a network', truth: TRUTH, ...traits }, { family });
}

interface Sent {
  readonly ttl: number;
  readonly protocol?: ProbeProtocol;
  readonly sourcePort?: number;
  readonly token?: number;
  readonly lengthBytes?: number;
  readonly tos?: number;
}

function packetFor({ plan }: SimulatedNetwork, sent: Sent): Uint8Array {
  const { protocol = 'tcp', sourcePort = 40_000, token = 0xfedc_ba98, tos = 0 } = sent;
  const bytesOf = (address: string) => parseIpAddress(address) as Uint8Array;
  return writeProbe({
    source: bytesOf(plan.source[plan.family]),
    destination: bytesOf(plan.target.address[plan.family]),
    protocol,
    ttl: sent.ttl,
    tos,
    sourcePort,
    port: 22,
    token,
    lengthBytes: sent.lengthBytes ?? 80,
  });
}

function send(link: SimulatedLink, packet: Uint8Array, nowUs = 0) {
  link.outbox.bytes.set(packet);
  link.outbox.lengths[0] = packet.length;
  return link.send(1, nowUs);
}

/** The packet that comes back for one that is sent, as bytes. */
function bytesBack(network: SimulatedNetwork, sent: Sent, nowUs = 0): Uint8Array | undefined {
  let back: Uint8Array | undefined;
  send(network.link, packetFor(network, sent), nowUs);
  network.link.receive(Number.MAX_SAFE_INTEGER, (packet) => {
    back = packet.slice();
  });
  return back;
}

function replyTo(network: SimulatedNetwork, sent: Sent, nowUs = 0): Reply | undefined {
  const back = bytesBack(network, sent, nowUs);
  const reply = back && readReply(back);
  return reply === undefined || isMalformed(reply) ? undefined : reply;
}

function errorTo(network: SimulatedNetwork, sent: Sent): IcmpErrorReply {
  const reply = replyTo(network, sent);
  if (reply?.kind !== 'icmp-error') throw new Error(`no error but ${reply?.kind}`);
  return reply;
}

/** The quote of an error as it stands in the packet. */
function quoteIn(error: Uint8Array | undefined, family: 4 | 6): Uint8Array {
  return error?.subarray((family === 4 ? 20 : 40) + 8) ?? new Uint8Array();
}

/** Whether the transport checksum of a whole quote holds for the addresses in it. */
function isChecksumRight(quote: Uint8Array, family: 4 | 6): boolean {
  const header = family === 4 ? 20 : 40;
  const protocol = quote[family === 4 ? 9 : 6] ?? 0;
  const [source, destination] =
    family === 4
      ? [quote.subarray(12, 16), quote.subarray(16, 20)]
      : [quote.subarray(8, 24), quote.subarray(24, 40)];
  const segment = quote.subarray(header);
  const isBare = family === 4 && protocol === 1;
  const sum = isBare ? 0 : pseudoHeaderSum(source, destination, protocol, segment.length);
  return foldSum(addWords(sum, segment)) === 0xffff;
}

describe.each(FAMILIES)('quotes over IPv%i', (family) => {
  const header = family === 4 ? 20 : 40;
  const quoting = (quote: string, mplsLabels: number[] = []) =>
    networkOf({ ...CHAIN, routers: { 'r2.0': { quote, mplsLabels } } }, family);

  test.each([
    { quote: 'whole', bytes: 100 },
    { quote: 'eight-bytes', bytes: 8 },
    { quote: 'header-and-eight-bytes', bytes: header + 8 },
    { quote: 'padded-128-bytes', bytes: 128 },
  ])('are $bytes bytes long where the router quotes $quote', ({ quote, bytes }) => {
    const error = bytesBack(quoting(quote), { ttl: 2, lengthBytes: 100 });
    expect(quoteIn(error, family).length).toBe(bytes);
  });

  test('are cut to 128 bytes in front of labels, and padded up to that', () => {
    for (const lengthBytes of [80, 400]) {
      const network = quoting('whole', [16_001, 3]);
      const error = errorTo(network, { ttl: 2, lengthBytes });
      const quote = quoteIn(bytesBack(network, { ttl: 2, lengthBytes }), family);
      expect(quote.length).toBe(128 + 16); // and the extension: two headers, two labels
      expect(error.mpls.map((entry) => entry >>> 12)).toEqual([16_001, 3]);
      expect(error.quote).toMatchObject({ ttl: 1, transport: { sourcePort: 40_000 } });
    }
  });

  test('of eight bytes are no quotes to speak of', () => {
    const back = bytesBack(quoting('eight-bytes'), { ttl: 2 });
    expect(readReply(back ?? new Uint8Array())).toMatchObject({ malformed: 'truncated' });
  });

  test('of other routers stay as they are', () => {
    expect(quoteIn(bytesBack(quoting('eight-bytes'), { ttl: 1 }), family).length).toBe(80);
  });
});

describe.each(FAMILIES)('routers that rewrite over IPv%i', (family) => {
  const rewriting = (rewrites: object) =>
    networkOf({ ...CHAIN, routers: { 'r1.0': { rewrites } } }, family);

  test('TOS: quotes show the old one before, the new one behind', () => {
    const network = rewriting({ tos: 32 });
    expect(errorTo(network, { ttl: 1, tos: 184 }).quote.tos).toBe(184);
    const behind = bytesBack(network, { ttl: 2, tos: 184 });
    expect(errorTo(network, { ttl: 2, tos: 184 }).quote).toMatchObject({ tos: 32, flowLabel: 0 });
    if (family === 4) expect(foldSum(addWords(0, quoteIn(behind, 4).subarray(0, 20)))).toBe(0xffff);
  });

  test('sequence numbers: the quote has another, flow by flow, and its checksum holds', () => {
    const network = rewriting({ sequence: true });
    const shiftOf = (sourcePort: number, token: number) => {
      const { transport } = errorTo(network, { ttl: 2, sourcePort, token }).quote;
      return transport.kind === 'tcp' ? (transport.sequence - token) >>> 0 : 0;
    };
    expect(shiftOf(40_000, 1)).not.toBe(0);
    expect(shiftOf(40_000, 1)).toBe(shiftOf(40_000, 0xffff_ffff));
    expect(shiftOf(40_000, 1)).not.toBe(shiftOf(40_001, 1));
    expect(isChecksumRight(quoteIn(bytesBack(network, { ttl: 2 }), family), family)).toBe(true);
    expect(replyTo(network, { ttl: 9, token: 5, lengthBytes: header(family) })).toMatchObject({
      kind: 'tcp',
      acknowledgment: 6,
    });
  });

  test('sequence numbers: only the answers that pass the router again are shifted back', () => {
    const rewrites = { sequence: true, restoresAll: false };
    const chain = rewriting(rewrites);
    const arriving = { ttl: 9, token: 5, lengthBytes: header(family) };
    expect(replyTo(chain, arriving)).toMatchObject({ kind: 'tcp', acknowledgment: 6 });
    const links = [
      { near: 'source', far: 'gate' },
      { near: 'gate', far: 'fire' },
      { near: 'fire', far: 'exit', direction: 'forward' },
      { near: 'gate', far: 'plain', direction: 'return' },
      { near: 'plain', far: 'exit', direction: 'return' },
      { near: 'exit', far: 'target' },
    ];
    const past = networkOf({ links, routers: { fire: { rewrites } } }, family);
    const { quote } = errorTo(past, { ttl: 3, token: 5 });
    const shifted = quote.transport.kind === 'tcp' ? quote.transport.sequence : 5;
    expect(shifted).not.toBe(5);
    expect(replyTo(past, arriving)).toMatchObject({ acknowledgment: (shifted + 1) >>> 0 });
  });

  test('TTL: nothing behind is seen but the target', () => {
    const network = rewriting({ ttl: 64 });
    expect(replyTo(network, { ttl: 1 })).toMatchObject({ kind: 'icmp-error' });
    expect(replyTo(network, { ttl: 2 })).toMatchObject({ kind: 'tcp' });
  });
});

function header(family: 4 | 6): number {
  return (family === 4 ? 20 : 40) + 20;
}

describe.each(FAMILIES)('translation over IPv%i', (family) => {
  const PROTOCOLS: readonly ProbeProtocol[] = ['tcp', 'udp', 'icmp'];
  const translating = (nat: object) =>
    networkOf({ fabric: { widths: [1, 4, 1] }, routers: { 'r1.0': { nat } } }, family);

  test.each(PROTOCOLS)('of %s that restores quotes leaves no trace', (protocol) => {
    const network = translating({});
    const plain = networkOf({ fabric: { widths: [1, 1, 1] } }, family);
    const quote = quoteIn(bytesBack(network, { ttl: 2, protocol }), family);
    expect(quote).toEqual(quoteIn(bytesBack(plain, { ttl: 2, protocol }), family));
  });

  test.each(PROTOCOLS)('of %s that does not shows its own address and port', (protocol) => {
    const network = translating({ restoresQuotes: false });
    const own = parseIpAddress(network.plan.routers[0]?.address[family] ?? '');
    const before = errorTo(network, { ttl: 1, protocol }).quote;
    const behind = errorTo(network, { ttl: 2, protocol }).quote;
    expect(before.source).not.toEqual(own);
    expect(behind.source).toEqual(own);
    expect(portOf(before.transport)).toBe(40_000);
    expect(behind.transport.kind).toBe(before.transport.kind);
    expect(portOf(behind.transport)).not.toBe(40_000);
    expect(portOf(behind.transport)).toBeGreaterThanOrEqual(1024);
    expect(errorTo(network, { ttl: 2, protocol }).quote.transport).toEqual(behind.transport);
    const quote = quoteIn(bytesBack(network, { ttl: 2, protocol }), family);
    expect(isChecksumRight(quote, family)).toBe(true);
  });

  test('keeps ports, or gives every packet another', () => {
    const portsOf = (ports: string) => {
      const network = translating({ ports, restoresQuotes: false });
      const errors = Array.from({ length: 20 }, () => errorTo(network, { ttl: 2 }));
      return new Set(errors.map(({ quote }) => portOf(quote.transport)));
    };
    expect([...portsOf('kept')]).toEqual([40_000]);
    expect(portsOf('mapped').size).toBe(1);
    expect(portsOf('random').size).toBeGreaterThan(15);
  });

  test('by packet scatters a flow, by flow moves it', () => {
    const nodesOf = (ports: string) => {
      const network = translating({ ports });
      const answers = Array.from({ length: 40 }, () => network.probe({ ttl: 2 })?.node);
      return new Set(answers);
    };
    expect(nodesOf('mapped').size).toBe(1);
    expect(nodesOf('random').size).toBe(4);
  });

  test('is known to pathOf', () => {
    const network = translating({});
    for (let sourcePort = 1; sourcePort < 20; sourcePort++) {
      expect(network.probe({ ttl: 2, sourcePort })?.node).toBe(network.pathOf({ sourcePort })[1]);
    }
  });
});

function portOf(transport: IcmpErrorReply['quote']['transport']): number {
  if (transport.kind === 'icmp-echo') return transport.identifier;
  return transport.kind === 'tcp' || transport.kind === 'udp' ? transport.sourcePort : -1;
}

describe.each(FAMILIES)('links of IPv%i', (family) => {
  test('that are too narrow are named with their MTU, and small packets pass', () => {
    const linkTraits = [{ link: ['r1.0', 'r2.0'], mtu: 1300 }];
    const network = networkOf({ ...CHAIN, linkTraits }, family);
    expect(network.probe({ lengthBytes: 1301 })).toMatchObject({
      kind: 'packet-too-big',
      node: 'r1.0',
      mtu: 1300,
    });
    expect(network.probe({ lengthBytes: 1300 })?.kind).toBe('reset');
    expect(network.probe({ lengthBytes: 1301, ttl: 1 })?.kind).toBe('time-exceeded');
  });

  test('that are too narrow are named by labelled routers as well', () => {
    const linkTraits = [{ link: ['r1.0', 'r2.0'], mtu: 1300 }];
    const routers = { 'r1.0': { mplsLabels: [7] } };
    const network = networkOf({ ...CHAIN, linkTraits, routers }, family);
    // RFC 4884 §4: "packet too big" of ICMPv6 has no room for the length that labels need.
    const mpls = family === 4 ? [expect.any(Number)] : [];
    expect(network.probe({ lengthBytes: 1301 })).toMatchObject({ kind: 'packet-too-big', mpls });
  });

  test('of our own host refuse at once what they do not carry', () => {
    const linkTraits = [{ link: ['source', 'r1.0'], mtu: 1300 }];
    const network = networkOf({ ...CHAIN, linkTraits }, family);
    const packet = packetFor(network, { ttl: 9, lengthBytes: 1301 });
    expect(send(network.link, packet)).toEqual({ accepted: 0, error: 'EMSGSIZE' });
  });

  test('delay either direction for itself, and jitter spreads between its bounds', () => {
    const times = { delayMs: 5, returnDelayMs: 1, jitterMs: 4 };
    const network = networkOf({ links: [{ near: 'source', far: 'target', ...times }] }, family);
    const trips = Array.from({ length: 2000 }, () => network.probe()?.roundTripMs ?? 0);
    expect(Math.min(...trips)).toBeGreaterThanOrEqual(6);
    expect(Math.max(...trips)).toBeLessThanOrEqual(14);
    const mean = trips.reduce((sum, ms) => sum + ms, 0) / trips.length;
    // Two uniform jitters of 4 ms: variance 2 · 16/12; 4 sigma.
    expect(Math.abs(mean - 10)).toBeLessThan(4 * Math.sqrt((2 * 16) / 12 / 2000));
  });
});

test('IPv4 packets that may be fragmented pass a narrow link', () => {
  const linkTraits = [{ link: ['r1.0', 'r2.0'], mtu: 1300 }];
  const network = networkOf({ ...CHAIN, linkTraits });
  const packet = packetFor(network, { ttl: 9, lengthBytes: 1400 });
  packet[6] = 0; // no "don't fragment"
  send(network.link, packet);
  network.link.receive(1e9, (reply) => expect(readReply(reply)).toMatchObject({ kind: 'tcp' }));
  expect(network.link.counters()).toMatchObject({ lost: 0, unanswered: 0 });
});

describe('tunnels', () => {
  test('that hide their hops are shorter than they are, there and back', () => {
    const hidden = { 'r2.0': { hidden: true }, 'r3.0': { hidden: true } };
    const network = networkOf({ fabric: { widths: [1, 1, 1, 1] }, routers: hidden });
    const nodes = [1, 2, 3].map((ttl) => network.probe({ ttl }));
    expect(nodes.map((answer) => answer?.node)).toEqual(['r1.0', 'r4.0', 'target']);
    expect(nodes.map((answer) => answer?.replyTtl)).toEqual([255, 254, 62]);
  });
});

test('where destinations alone count, pathOf knows the one way of all flows', () => {
  const fabric = { widths: [1, 8, 8, 1] };
  const network = networkOf({ fabric, balancing: { kind: 'per-destination' } });
  for (const ttl of [2, 3]) {
    const ports = Array.from({ length: 16 }, (_, i) => 40_000 + i);
    const seen = ports.map((sourcePort) => network.probe({ ttl, sourcePort })?.node);
    expect(new Set(seen)).toEqual(new Set([network.pathOf()[ttl - 1]]));
  }
});

describe('errors from another interface', () => {
  test.each(FAMILIES)('come from the one that leads to the neighbour (IPv%i)', (family) => {
    const routers = {
      'r2.0': { errorSource: { interfaceTo: 'r3.0' } },
      'r3.0': { errorSource: { interfaceTo: 'r2.0' } },
      'r1.0': { errorSource: 'router' },
    };
    const network = networkOf({ ...CHAIN, routers }, family);
    const { links, routers: planned } = network.plan;
    expect([1, 2, 3].map((ttl) => network.probe({ ttl })?.from)).toEqual([
      planned[0]?.address[family],
      links[2]?.nearAddress[family],
      links[2]?.farAddress[family],
    ]);
    expect([1, 2, 3].map((ttl) => network.probe({ ttl })?.node)).toEqual(['r1.0', 'r2.0', 'r3.0']);
  });
});

describe('routes', () => {
  const FABRIC = { fabric: { widths: [1, 2, 1] } };
  const nodesAt = (network: SimulatedNetwork, ms: number) => {
    network.sleep(ms - network.nowMs);
    const ports = Array.from({ length: 32 }, (_, i) => 40_000 + i);
    return new Set(ports.map((sourcePort) => network.pathOf({ sourcePort })[1]));
  };

  test('move at their time, and come back', () => {
    const routes = [{ router: 'r1.0', nextHops: ['r2.1'], fromMs: 1000, untilMs: 2000 }];
    const network = networkOf({ ...FABRIC, routes });
    expect(nodesAt(network, 0)).toEqual(new Set(['r2.0', 'r2.1']));
    expect(nodesAt(network, 1000)).toEqual(new Set(['r2.1']));
    for (let sourcePort = 1; sourcePort <= 16; sourcePort++) {
      expect(network.probe({ ttl: 2, sourcePort })?.node).toBe('r2.1');
    }
    expect(nodesAt(network, 2000)).toEqual(new Set(['r2.0', 'r2.1']));
  });

  test('through hash buckets move the flows of the lost next hop alone', () => {
    const routes = [{ router: 'r1.0', nextHops: ['r2.0', 'r2.1', 'r2.2'], fromMs: 1000 }];
    const movedWith = (buckets: number) => {
      const fabric = { widths: [1, 4, 1] };
      const network = networkOf({ fabric, routes, balancing: { buckets } });
      const ports = Array.from({ length: 256 }, (_, i) => 40_000 + i);
      const ways = () => ports.map((sourcePort) => network.pathOf({ sourcePort })[1]);
      const before = ways();
      network.sleep(1000);
      const after = ways();
      expect(after).not.toContain('r2.3');
      return before.filter((way, i) => way !== 'r2.3' && way !== after[i]).length;
    };
    expect(movedWith(64)).toBe(0);
    expect(movedWith(0)).toBeGreaterThan(50);
  });

  test('of several at once, the last one counts', () => {
    const routes = [
      { router: 'r1.0', nextHops: ['r2.0'] },
      { router: 'r1.0', nextHops: ['r2.1'], fromMs: 1000 },
    ];
    const network = networkOf({ ...FABRIC, routes });
    expect(nodesAt(network, 0)).toEqual(new Set(['r2.0']));
    expect(nodesAt(network, 1000)).toEqual(new Set(['r2.1']));
  });

  test('back to where packets came from are a loop, which the TTL ends', () => {
    const routes = [{ router: 'r2.0', nextHops: ['r1.0'] }];
    const network = networkOf({ fabric: { widths: [1, 1] }, routes });
    const seen = [1, 2, 3, 4, 29].map((ttl) => network.probe({ ttl })?.node);
    expect(seen).toEqual(['r1.0', 'r2.0', 'r1.0', 'r2.0', 'r1.0']);
    // Turning back, a packet comes in by the interface that leads on.
    expect(network.probe({ ttl: 3 })?.from).toBe(network.plan.links[1]?.nearAddress[4]);
    expect(network.pathOf().length).toBe(255);
    expect(network.probe({ ttl: 255, timeoutMs: 60_000 })?.kind).toBe('time-exceeded');
  });

  test('of hidden routers in a loop lose the packet in the end', () => {
    const routers = { 'r1.0': { hidden: true }, 'r2.0': { hidden: true } };
    const routes = [{ router: 'r2.0', nextHops: ['r1.0'] }];
    const network = networkOf({ fabric: { widths: [1, 1] }, routes, routers });
    expect(network.probe()).toBeUndefined();
    expect(network.link.counters().lost).toBe(1);
  });

  test('towards the source move replies alone', () => {
    const routes = [{ router: 'r3.0', towards: 'source', nextHops: ['r2.0'] }];
    const faults = [{ link: ['r2.1', 'r3.0'], returnLoss: 1 }];
    const answered = (traits: object) => {
      const network = networkOf({ ...FABRIC, faults, ...traits });
      const ports = Array.from({ length: 64 }, (_, i) => 40_000 + i);
      return ports.filter((sourcePort) => network.probe({ sourcePort }) !== undefined).length;
    };
    expect(answered({})).toBeLessThan(50);
    expect(answered({ routes })).toBe(64);
  });
});

describe('links for one direction', () => {
  const links = [
    { near: 'source', far: 'gate' },
    { near: 'gate', far: 'there', direction: 'forward', returnLoss: 1 },
    { near: 'there', far: 'exit', direction: 'forward', returnLoss: 1 },
    { near: 'gate', far: 'back', direction: 'return', forwardLoss: 1, returnDelayMs: 50 },
    { near: 'back', far: 'there', direction: 'return', forwardLoss: 1 },
    { near: 'back', far: 'exit', direction: 'return', forwardLoss: 1 },
    { near: 'exit', far: 'target' },
  ];

  test('are taken that way only', () => {
    const network = networkOf({ links });
    expect(network.pathOf()).toEqual(['gate', 'there', 'exit', 'target']);
    expect([1, 2, 3, 4].map((ttl) => network.probe({ ttl })?.node)).toEqual([
      'gate',
      'there',
      'exit',
      'target',
    ]);
    expect(network.probe({ ttl: 1 })?.roundTripMs).toBeLessThan(1);
    expect(network.probe({ ttl: 2 })?.roundTripMs).toBeGreaterThan(50);
    for (let sourcePort = 1; sourcePort <= 32; sourcePort++) {
      expect(network.probe({ sourcePort })?.roundTripMs).toBeGreaterThan(50);
    }
  });
});

describe.each(FAMILIES)('the target over IPv%i', (family) => {
  test('limits all that it answers', () => {
    const answerLimit = { perSecond: 10, burst: 5 };
    const network = networkOf({ ...CHAIN, target: { answerLimit } }, family);
    for (let i = 0; i < 2000; i++) send(network.link, packetFor(network, { ttl: 9 }), i * 1000);
    expect(network.link.counters().unanswered).toBe(2000 - 5 - 19);
    expect(replyTo(network, { ttl: 1 }, 2e6)).toMatchObject({ kind: 'icmp-error' });
  });

  test('behind a SYN proxy is answered for from there', () => {
    const routers = { 'r2.0': { synProxy: true } };
    const network = networkOf({ ...CHAIN, routers, target: { answer: 'drop' } }, family);
    expect(network.probe({ ttl: 2 })).toMatchObject({ kind: 'time-exceeded', node: 'r2.0' });
    const proxied = network.probe({ ttl: 3 });
    expect(proxied).toMatchObject({ kind: 'syn-ack', node: 'target', replyTtl: 63 });
    expect(network.probe({ ttl: 3, protocol: 'udp' })).toMatchObject({ node: 'r3.0' });
    expect(network.probe({ protocol: 'icmp' })).toBeUndefined();
  });
});

test('a fault that flaps loses while it is there', () => {
  const faults = [{ router: 'r2.0', forwardLoss: 1, fromMs: 100, periodMs: 1000, duty: 0.5 }];
  const network = networkOf({ ...CHAIN, faults });
  const answeredAt = (ms: number) => replyTo(network, { ttl: 9 }, ms * 1000) !== undefined;
  expect([50, 150, 550, 650, 1050, 1150, 1650].map(answeredAt)).toEqual([
    true,
    false,
    false,
    true,
    true,
    false,
    true,
  ]);
});

test('a gray fault of one direction leaves the other alone', () => {
  const routers = { 'r2.0': { silent: true } };
  const lossAt = (fault: object) => {
    const network = networkOf({ ...CHAIN, routers, faults: [{ ...fault, burst: 2 }] });
    network.probe({ ttl: 2 });
    network.probe({ ttl: 3 });
    return network.link.counters();
  };
  for (const place of [{ link: ['r1.0', 'r2.0'] }, { router: 'r1.0' }]) {
    expect(lossAt({ ...place, returnLoss: 1 })).toMatchObject({ unanswered: 1, lost: 1 });
    expect(lossAt({ ...place, forwardLoss: 1 })).toMatchObject({ unanswered: 0, lost: 2 });
  }
});

test('a gray fault of one flow on the way back hits what the target sends to it alone', () => {
  const only = { sourcePort: 7 };
  const network = networkOf({ ...CHAIN, faults: [{ router: 'r1.0', returnLoss: 1, only }] });
  expect(network.probe({ sourcePort: 7 })).toBeUndefined();
  expect(network.probe({ sourcePort: 8 })).toBeDefined();
  expect(network.probe({ sourcePort: 7, ttl: 3 })).toBeDefined(); // an error is of no flow
});

test('gray faults are the same whatever else is lost', () => {
  const gray = { link: ['r2.0', 'r3.0'], forwardLoss: 0.3, burst: 4 };
  const fatesWith = (faults: readonly object[]) => {
    const network = networkOf({ ...CHAIN, faults });
    return Array.from({ length: 500 }, () => network.probe({ timeoutMs: 1 }) !== undefined);
  };
  const other = { link: ['r1.0', 'r2.0'], forwardLoss: 0.5, only: { dscp: 46 } };
  expect(fatesWith([gray, other])).toEqual(fatesWith([gray]));
});

test('five thousand routers with 32,000 links are ready, and carry probes, in 4 s of CPU', () => {
  const before = process.cpuUsage();
  const widths = [1, ...new Array<number>(5).fill(999), 4];
  const network = networkOf({ fabric: { widths, fanout: 8 } });
  expect(network.plan.routers.length).toBe(5000);
  expect(network.plan.links.length).toBeGreaterThan(32_000);
  for (let port = 0; port < 1000; port++) {
    expect(network.probe({ sourcePort: port, ttl: 8 })?.node).toBe('target');
  }
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(4);
});
