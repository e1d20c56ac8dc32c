import { describe, expect, test } from 'vitest';
import {
  encodeIpv4,
  encodeIpv6,
  encodeTcp,
  encodeUdp,
} from '../../test/support/encoded-packets.ts';
import { addWords, checksumOf, foldSum } from '../lib/checksum.ts';
import { formatIpAddress, type IpFamily, parseIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { writeIcmpEcho } from '../wire/icmp.ts';
import { ICMPV4 } from '../wire/icmpv4.ts';
import { ICMPV6 } from '../wire/icmpv6.ts';
import { isMalformed } from '../wire/malformed.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import type { Reply } from '../wire/reply.ts';
import { readReply } from '../wire/reply-reader.ts';
import { TCP_ACK, TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import {
  farAnsweringAddress,
  type NetworkPlan,
  nodeOfAddress,
  planNetwork,
} from './network-plan.ts';
import { parseScenario } from './scenario.ts';
import { SimulatedLink, type SimulatedLinkOptions } from './simulated-link.ts';

const PORT = 22;
const FAMILIES = [4, 6] as const;

interface Probe {
  readonly ttl: number;
  readonly sourcePort?: number;
  readonly port?: number;
  readonly sequence?: number;
  readonly flags?: number;
  readonly payload?: Uint8Array;
}

function planOf(traits: object, overrides?: { family?: IpFamily; seed?: number }): NetworkPlan {
  const json = { shows: 'a network', truth: { verdict: 'inconclusive' }, ...traits };
  return planNetwork(parseScenario(json), overrides);
}

/** Both hosts' addresses as bytes. */
function hostsOf({ family, source, target }: NetworkPlan) {
  const bytes = (text: string) => parseIpAddress(text) as Uint8Array;
  return { source: bytes(source[family]), destination: bytes(target.address[family]) };
}

/** An IP packet from source to target around a transport header and its payload. */
function ipPacket(
  plan: NetworkPlan,
  { protocol, ttl }: { protocol: number; ttl: number },
  payload: Uint8Array,
): Uint8Array {
  const hosts = hostsOf(plan);
  if (plan.family === 6) {
    const header = { trafficClass: 0, flowLabel: 0, nextHeader: protocol, hopLimit: ttl };
    return encodeIpv6({ ...header, ...hosts, payload });
  }
  const header = { tos: 0, identification: 7, flags: 2, fragmentOffset: 0, ttl, protocol };
  return encodeIpv4({ ...header, ...hosts, options: new Uint8Array(0), payload });
}

function tcpProbe(plan: NetworkPlan, probe: Probe): Uint8Array {
  const { ttl, sourcePort = 40_000, port = PORT, sequence = 1, flags = TCP_SYN } = probe;
  const { payload = new Uint8Array(0) } = probe;
  const { source, destination } = hostsOf(plan);
  const ports = { sourcePort, destinationPort: port };
  const segment = { ...ports, sequence, acknowledgment: 0, flags, window: 1024, payload };
  const sum = pseudoHeaderSum(source, destination, 6, 20 + payload.length);
  return ipPacket(plan, { protocol: 6, ttl }, encodeTcp(segment, sum));
}

function udpProbe(plan: NetworkPlan, ttl: number): Uint8Array {
  const { source, destination } = hostsOf(plan);
  const datagram = { sourcePort: 40_000, destinationPort: 33434, payload: new Uint8Array([1, 2]) };
  const sum = pseudoHeaderSum(source, destination, 17, 10);
  return ipPacket(plan, { protocol: 17, ttl }, encodeUdp(datagram, sum));
}

function echoProbe(plan: NetworkPlan, ttl: number): Uint8Array {
  const { source, destination } = hostsOf(plan);
  const icmp = plan.family === 4 ? ICMPV4 : ICMPV6;
  const sum = plan.family === 4 ? 0 : pseudoHeaderSum(source, destination, icmp.protocol, 12);
  const message = new Uint8Array(12);
  const payload = new Uint8Array([1, 2, 3, 4]);
  writeIcmpEcho(message, 0, { type: icmp.echoRequest, identifier: 5, sequence: 6, payload }, sum);
  return ipPacket(plan, { protocol: icmp.protocol, ttl }, message);
}

function send(link: SimulatedLink, packet: Uint8Array, nowUs = 0) {
  link.outbox.bytes.set(packet);
  link.outbox.lengths[0] = packet.length;
  return link.send(1, nowUs);
}

interface Received {
  readonly packet: Uint8Array;
  readonly atUs: number;
}

function receiveAll(link: SimulatedLink, nowUs = Number.MAX_SAFE_INTEGER): Received[] {
  const received: Received[] = [];
  link.receive(nowUs, (packet, atUs) => received.push({ packet: packet.slice(), atUs }));
  return received;
}

function readAll(link: SimulatedLink): Reply[] {
  return receiveAll(link).map(({ packet }) => {
    const reply = readReply(packet);
    if (isMalformed(reply)) throw new Error(`${reply.malformed} at ${reply.offset}`);
    return reply;
  });
}

/** What comes back for one packet on a fresh link: a reply, or undefined. */
function replyTo(plan: NetworkPlan, packet: Uint8Array): Reply | undefined {
  const link = new SimulatedLink(plan);
  send(link, packet);
  return readAll(link)[0];
}

describe.each(FAMILIES)('IPv%i', (family) => {
  const chain = planOf({ fabric: { widths: [1, 1] } }, { family });

  test('a router answers with time exceeded and a quote of the probe as it came in', () => {
    const packet = tcpProbe(chain, { ttl: 2, sequence: 0xfedcba98 });
    const reply = replyTo(chain, packet);
    expect(reply).toMatchObject({
      kind: 'icmp-error',
      cause: 'time-exceeded',
      replyTtl: 254, // 255, and one router on the way back
      quote: { ttl: 1, transport: { sourcePort: 40_000, sequence: 0xfedcba98 } },
    });
    expect(formatIpAddress(reply?.destination ?? packet)).toBe(chain.source[family]);
  });

  test('a closed port answers with RST and ACK, and acknowledges SYN and payload', () => {
    const packet = tcpProbe(chain, { ttl: 9, sequence: 0xffff_ffff, payload: new Uint8Array(5) });
    expect(replyTo(chain, packet)).toMatchObject({
      kind: 'tcp',
      sourcePort: PORT,
      destinationPort: 40_000,
      flags: TCP_RST | TCP_ACK,
      sequence: 0,
      acknowledgment: 5,
      replyTtl: 62,
    });
  });

  test('an open port answers with SYN and ACK, another port still with RST', () => {
    const plan = planOf({ fabric: { widths: [1] }, target: { answer: 'accept' } }, { family });
    const packet = tcpProbe(plan, { ttl: 9, sequence: 41 });
    const answer = { kind: 'tcp', flags: TCP_SYN | TCP_ACK, acknowledgment: 42, replyTtl: 63 };
    expect(replyTo(plan, packet)).toMatchObject(answer);
    const elsewhere = tcpProbe(plan, { ttl: 9, port: 23 });
    expect(replyTo(plan, elsewhere)).toMatchObject({ flags: TCP_RST | TCP_ACK });
  });

  test('a stray ACK is reset from its own acknowledgment, a RST never', () => {
    const ack = tcpProbe(chain, { ttl: 9, flags: TCP_ACK });
    expect(replyTo(chain, ack)).toMatchObject({ flags: TCP_RST, sequence: 0 });
    expect(replyTo(chain, tcpProbe(chain, { ttl: 9, flags: TCP_RST }))).toBeUndefined();
  });

  test('UDP meets an unreachable port, an echo request its reply', () => {
    const unreachable = { kind: 'icmp-error', cause: 'unreachable', quote: { ttl: 7 } };
    expect(replyTo(chain, udpProbe(chain, 9))).toMatchObject(unreachable);
    const echo = { kind: 'icmp-echo-reply', identifier: 5, sequence: 6 };
    expect(replyTo(chain, echoProbe(chain, 9))).toMatchObject(echo);
    expect(replyTo(chain, echoProbe(chain, 1))).toMatchObject({ cause: 'time-exceeded' });
  });

  test('a target that drops answers nothing, routers before it do', () => {
    const plan = planOf({ fabric: { widths: [1] }, target: { answer: 'drop' } }, { family });
    for (const packet of [tcpProbe(plan, { ttl: 2 }), udpProbe(plan, 2), echoProbe(plan, 2)]) {
      expect(replyTo(plan, packet)).toBeUndefined();
    }
    expect(replyTo(plan, tcpProbe(plan, { ttl: 1 }))).toBeDefined();
  });

  test('the quote is a valid packet again: its checksums hold after the TTL has changed', () => {
    const link = new SimulatedLink(chain);
    send(link, tcpProbe(chain, { ttl: 2, sequence: 99 }));
    const [error] = receiveAll(link);
    const headerBytes = family === 4 ? 20 : 40;
    const quote = error?.packet.subarray(headerBytes + 8) ?? new Uint8Array();
    const header = family === 4 ? quote.subarray(0, 20) : new Uint8Array([0xff, 0xff]);
    expect(foldSum(addWords(0, header))).toBe(0xffff);
    expect(readReply(quote)).toMatchObject({ kind: 'tcp', sequence: 99, replyTtl: 1 });
  });

  test('what follows the packet in its slot is not quoted', () => {
    const link = new SimulatedLink(chain);
    const packet = tcpProbe(chain, { ttl: 1 });
    send(link, new Uint8Array([...packet, 1, 2, 3]));
    const headerBytes = family === 4 ? 20 : 40;
    expect(receiveAll(link)[0]?.packet.length).toBe(headerBytes + 8 + packet.length);
  });

  test('nobody sends an error about an ICMP error', () => {
    const link = new SimulatedLink(chain);
    send(link, tcpProbe(chain, { ttl: 1 }));
    const [error] = receiveAll(link);
    const icmp = family === 4 ? ICMPV4 : ICMPV6;
    const message = error?.packet.slice(family === 4 ? 20 : 40) ?? new Uint8Array();
    const { source, destination } = hostsOf(chain);
    message.fill(0, 2, 4);
    const sum = family === 4 ? 0 : pseudoHeaderSum(source, destination, 58, message.length);
    const checksum = checksumOf(addWords(sum, message));
    message.set([checksum >> 8, checksum & 0xff], 2);
    send(link, ipPacket(chain, { protocol: icmp.protocol, ttl: 1 }, message));
    expect(link.counters()).toMatchObject({ malformed: 0, unanswered: 1 });
  });

  test('errors are cut to the size that the family allows', () => {
    const packet = tcpProbe(chain, { ttl: 1, payload: new Uint8Array(1400) });
    const link = new SimulatedLink(chain);
    send(link, packet);
    expect(receiveAll(link)[0]?.packet.length).toBe(family === 4 ? 576 : 1280);
  });

  test.each(['ingress', 'router'])('routers answer from their %s address', (errorSource) => {
    const plan = planOf({ fabric: { widths: [1, 2, 1] }, errorSource }, { family });
    const nodes = nodeOfAddress(plan);
    const seen = new Set<string>();
    for (let sourcePort = 1; sourcePort <= 64; sourcePort++) {
      const packet = tcpProbe(plan, { ttl: 3, sourcePort });
      const [, near = '', far = ''] = new SimulatedLink(plan).pathOf(packet);
      const source = formatIpAddress(replyTo(plan, packet)?.source ?? packet);
      expect(source).toBe(farAnsweringAddress(plan, { near, far }));
      expect(nodes.get(source)).toBe(far);
      seen.add(source);
    }
    const expected =
      errorSource === 'router'
        ? [plan.routers[3]?.address[family]]
        : [3, 4].map((n) => plan.links[n]?.farAddress[family]);
    expect([...seen].sort()).toEqual(expected);
  });

  test('the same seed gives the same bytes at the same times', () => {
    const faults = [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.3, returnLoss: 0.3 }];
    const run = (seed: number) => {
      const plan = planOf({ fabric: { widths: [1, 3, 1] }, faults }, { family, seed });
      const link = new SimulatedLink(plan);
      for (let i = 0; i < 300; i++) {
        send(link, tcpProbe(plan, { ttl: 1 + (i % 4), sourcePort: i }), i * 10);
      }
      return receiveAll(link);
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
  });
});

describe('packets that no network carries', () => {
  const plan = planOf({ fabric: { widths: [1] } });
  const probe = tcpProbe(plan, { ttl: 9 });

  test('every cut of a probe is dropped and counted, none throws', () => {
    const link = new SimulatedLink(plan);
    for (let length = 0; length < probe.length; length++) {
      expect(send(link, probe.subarray(0, length))).toEqual({ accepted: 1, error: undefined });
    }
    expect(link.counters().malformed).toBe(probe.length);
    expect(receiveAll(link)).toEqual([]);
  });

  test.each(FAMILIES)('IPv%i: random bytes behind a valid start do no harm', (family) => {
    const random = new Random(11);
    const noisy = planOf({ fabric: { widths: [1] } }, { family });
    const link = new SimulatedLink(noisy);
    const packet = tcpProbe(noisy, { ttl: 9 });
    for (let i = 0; i < 5000; i++) {
      const garbled = packet.slice();
      garbled[random.below(garbled.length)] = random.below(256);
      garbled[random.below(garbled.length)] = random.below(256);
      send(link, garbled);
    }
    expect(link.counters().malformed).toBeGreaterThan(1000);
  });

  test('a destination without a route is refused as Linux refuses it, and ends the batch', () => {
    const link = new SimulatedLink(plan);
    const { bytes, slotBytes, lengths } = link.outbox;
    for (const slot of [0, 1, 2]) {
      bytes.set(probe, slot * slotBytes);
      lengths[slot] = probe.length;
    }
    const elsewhere = { ...plan, target: { ...plan.target, address: { 4: '10.9.9.9', 6: '::1' } } };
    bytes.set(tcpProbe(elsewhere, { ttl: 9 }), slotBytes);
    expect(link.send(3, 0)).toEqual({ accepted: 1, error: 'ENETUNREACH' });
  });

  test('a spoofed source, an oversized packet, a closed link', () => {
    const link = new SimulatedLink(plan, { slotBytes: 100 });
    const foreign = { ...plan, source: { 4: '10.9.9.9', 6: '::1' } };
    send(link, tcpProbe(foreign, { ttl: 9 }));
    expect(link.counters().spoofed).toBe(1);
    link.outbox.lengths[0] = 101;
    expect(link.send(1, 0)).toEqual({ accepted: 0, error: 'EMSGSIZE' });
    send(link, probe);
    link.close();
    expect(link.nextArrivalUs()).toBe(Number.POSITIVE_INFINITY);
    expect(send(link, probe)).toEqual({ accepted: 0, error: 'EBADF' });
  });

  test('a count beyond the outbox is the mistake of the caller', () => {
    const link = new SimulatedLink(plan, { slots: 2 });
    expect(() => link.send(3, 0)).toThrow(RangeError);
    expect(() => link.send(Number.NaN, 0)).toThrow('count must be 0 to 2');
  });
});

describe('virtual time', () => {
  const links = [
    { near: 'source', far: 'a', delayMs: 1 },
    { near: 'a', far: 'b', delayMs: 10 },
    { near: 'b', far: 'target', delayMs: 0.5 },
  ];
  const plan = planOf({ links });

  test('delays add up both ways, and replies come in the order of arrival', () => {
    const link = new SimulatedLink(plan);
    send(link, tcpProbe(plan, { ttl: 3 }), 100);
    send(link, tcpProbe(plan, { ttl: 2 }), 200);
    send(link, tcpProbe(plan, { ttl: 1 }), 300);
    expect(receiveAll(link).map(({ atUs }) => atUs)).toEqual([2300, 22_200, 23_100]);
  });

  test('nothing arrives before its time, and nextArrivalUs tells it', () => {
    const link = new SimulatedLink(plan);
    expect(link.nextArrivalUs()).toBe(Number.POSITIVE_INFINITY);
    send(link, tcpProbe(plan, { ttl: 1 }), 0);
    send(link, tcpProbe(plan, { ttl: 2 }), 0);
    expect(receiveAll(link, 1999)).toEqual([]);
    expect(link.nextArrivalUs()).toBe(2000);
    expect(receiveAll(link, 2000)).toHaveLength(1);
    expect(link.nextArrivalUs()).toBe(22_000);
  });

  test('arrivals stay sorted under a thousand random delays', () => {
    const random = new Random(3);
    const link = new SimulatedLink(plan);
    for (let i = 0; i < 1000; i++) {
      send(link, tcpProbe(plan, { ttl: 1 + random.below(4) }), random.below(50_000));
    }
    const times = receiveAll(link).map(({ atUs }) => atUs);
    expect(times).toHaveLength(1000);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test('a host that never reads loses replies, and says so', () => {
    const options: SimulatedLinkOptions = { inFlightMax: 3 };
    const link = new SimulatedLink(plan, options);
    for (let i = 0; i < 5; i++) send(link, tcpProbe(plan, { ttl: 1 }), i);
    expect(receiveAll(link)).toHaveLength(3);
    expect(link.counters().socketDrops).toBe(2);
  });
});

describe('routers that do not answer', () => {
  test('a silent router forwards, and answers nothing', () => {
    const plan = planOf({ fabric: { widths: [1, 1] }, routers: { 'r1.0': { silent: true } } });
    const link = new SimulatedLink(plan);
    for (const ttl of [1, 2, 3]) send(link, tcpProbe(plan, { ttl }));
    expect(readAll(link).map(({ kind }) => kind)).toEqual(['icmp-error', 'tcp']);
    expect(link.counters()).toMatchObject({ unanswered: 1, lost: 0 });
  });

  test('an ICMP limit gives the burst and then its rate, and forwards everything', () => {
    const icmpLimit = { perSecond: 10, burst: 6 };
    const plan = planOf({ fabric: { widths: [1] }, routers: { 'r1.0': { icmpLimit } } });
    const link = new SimulatedLink(plan);
    for (let i = 0; i <= 1000; i++) {
      send(link, tcpProbe(plan, { ttl: 1 }), i * 1000);
      send(link, tcpProbe(plan, { ttl: 2 }), i * 1000);
    }
    const kinds = readAll(link).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'icmp-error')).toHaveLength(6 + 10);
    expect(kinds.filter((kind) => kind === 'tcp')).toHaveLength(1001);
  });
});

describe('the way back', () => {
  const fabric = { widths: [1, 4, 4, 1] };

  const plan = planOf({ fabric, faults: [{ link: ['r1.0', 'r2.1'], returnLoss: 1 }] });
  const probes = (ttl: number) =>
    Array.from({ length: 512 }, (_, i) => {
      // Longer than the quote: of what is quoted whole, the checksums make the error's checksum the
      // same each time, and a router that hashed it would go unnoticed.
      const payload = new Uint8Array(1000).fill(i);
      return tcpProbe(plan, { ttl, sourcePort: i, payload });
    });

  test('is the same for all errors of one interface, and differs between interfaces', () => {
    const link = new SimulatedLink(plan);
    const fates = new Map<string, Set<boolean>>();
    for (const packet of probes(3)) {
      const [, near = '', far = ''] = link.pathOf(packet);
      const { lost } = link.counters();
      send(link, packet);
      const isLost = link.counters().lost > lost;
      const source = farAnsweringAddress(plan, { near, far });
      fates.set(source, (fates.get(source) ?? new Set()).add(isLost));
    }
    expect(fates.size).toBe(16);
    expect([...fates.values()].filter(({ size }) => size !== 1)).toEqual([]);
    expect(new Set([...fates.values()].flatMap((each) => [...each]))).toEqual(
      new Set([true, false]),
    );
  });

  test('spreads by flow for what the target sends', () => {
    const link = new SimulatedLink(plan);
    for (const packet of probes(9)) send(link, packet);
    // One of four links loses: within the 99.9 % interval of Bin(512, ¼).
    expect(Math.abs(link.counters().lost - 128)).toBeLessThan(3.29 * Math.sqrt(128 * 0.75));
  });

  test('a SYN-ACK that is lost comes again after 1, 3, 7, 15 and 31 seconds', () => {
    const faults = [{ link: ['r1.0', 'target'], returnLoss: 0.5 }];
    const open = planOf({ fabric: { widths: [1] }, faults, target: { answer: 'accept' } });
    const link = new SimulatedLink(open);
    const count = 2000;
    for (let i = 0; i < count; i++) send(link, tcpProbe(open, { ttl: 2, sourcePort: i }));
    const seconds = receiveAll(link).map(({ atUs }) => Math.floor(atUs / 1e6));
    expect([...new Set(seconds)]).toEqual([0, 1, 3, 7, 15, 31]);
    const first = seconds.filter((second) => second === 0).length;
    expect(Math.abs(first - count / 2)).toBeLessThan(3.29 * Math.sqrt(count / 4));
    expect(seconds.length + link.counters().lost).toBe(count);
  });
});

describe('a handshake that the target awaits the end of', () => {
  const FIRST = 1000;
  const OTHER = 5_000_000;
  const acknowledged = { flags: TCP_ACK, acknowledgment: FIRST + 1 };
  const shaken = (sequence: number) => ({ flags: TCP_SYN | TCP_ACK, acknowledgment: sequence + 1 });

  /** Replies to a SYN at 0 s and to others of its flow; the way back is down at first. */
  function repliesTo(secondsOfOthers: readonly number[], downSeconds = 0) {
    const down = { link: ['r1.0', 'target'], returnLoss: 1, untilMs: 1000 * downSeconds };
    const plan = planOf({
      fabric: { widths: [1] },
      linkDelayMs: 10,
      faults: downSeconds > 0 ? [down] : [],
      target: { answer: 'accept' },
    });
    const link = new SimulatedLink(plan);
    const sendAt = (second: number, sequence: number) =>
      send(link, tcpProbe(plan, { ttl: 9, sequence }), second * 1e6);
    sendAt(0, FIRST);
    for (const second of secondsOfOthers) sendAt(second, OTHER);
    return readAll(link);
  }

  test('acknowledges its SYN again where another comes before the reset', () => {
    expect(repliesTo([0.03])).toMatchObject([shaken(FIRST), acknowledged]);
    expect(repliesTo([0.05])).toMatchObject([shaken(FIRST), shaken(OTHER)]);
  });

  test('repeats its SYN-ACK, and nothing once an acknowledgment has drawn a reset', () => {
    expect(repliesTo([], 0.5)).toMatchObject([shaken(FIRST)]);
    expect(repliesTo([0.6], 0.5)).toMatchObject([acknowledged]);
    expect(repliesTo([0.6, 0.7], 0.5)).toMatchObject([acknowledged, shaken(OTHER)]);
  });

  test('acknowledges it at most twice a second', () => {
    expect(repliesTo([0.3, 0.6, 0.79], 0.65)).toMatchObject([shaken(FIRST)]);
    expect(repliesTo([0.3, 0.6, 0.81], 0.65)).toMatchObject([acknowledged]);
  });
});

test('fragments are routed by their addresses alone, and mean nothing to the target', () => {
  const plan = planOf({ fabric: { widths: [8] } });
  const link = new SimulatedLink(plan);
  const paths = new Set<string>();
  for (let sourcePort = 0; sourcePort < 64; sourcePort++) {
    const fragment = tcpProbe(plan, { ttl: 9, sourcePort });
    fragment[6] = 0x20; // more fragments (RFC 791 §3.1)
    paths.add(link.pathOf(fragment).join(' '));
    send(link, fragment);
  }
  expect(paths.size).toBe(1);
  expect(link.counters()).toMatchObject({ malformed: 0, unanswered: 64 });
});

test('identification counts up per router', () => {
  const plan = planOf({ fabric: { widths: [1] } });
  const link = new SimulatedLink(plan);
  for (let i = 0; i < 3; i++) send(link, tcpProbe(plan, { ttl: 1 }), i);
  const ids = receiveAll(link).map(({ packet }) => ((packet[4] ?? 0) << 8) | (packet[5] ?? 0));
  const [first = 0] = ids;
  expect(ids).toEqual([first, (first + 1) & 0xffff, (first + 2) & 0xffff]);
});
