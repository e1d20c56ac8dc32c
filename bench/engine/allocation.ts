/**
 * What the engine allocates for a probe that it sends and for a reply that it takes in, in bytes of
 * V8's heap: what garbage collection then has to take away.
 */

import type { PacketArena } from '../../src/model/packet-link.ts';
import type { ProbeProtocol } from '../../src/probing/flow.ts';
import type { ProbeEngine } from '../../src/probing/probe-engine.ts';
import type { FigureList } from '../measured-cost.ts';
import {
  ADDRESSES,
  arenaOf,
  FLOWS,
  openEngine,
  packetsIn,
  sweepPackets,
  timeExceeded,
} from './parts.ts';

const CASES: readonly { protocol: ProbeProtocol; family: 4 | 6; quoteBytes: number }[] = [
  { protocol: 'tcp', family: 4, quoteBytes: 28 },
  { protocol: 'udp', family: 4, quoteBytes: 128 },
  { protocol: 'icmp', family: 6, quoteBytes: 128 },
];
/**
 * No object at all, but two numbers: those beyond 31 bits, as times are, V8 puts into 16 bytes where
 * they pass from a function to one that it does not inline.
 */
const BYTES_GOAL = 32;
const TTLS = 16;
const SWEEP_BATCH = 1024;
const ROUNDS = 200;
/** Code that is compiled by then. */
const WARM_UP_ROUNDS = 400;
/** All rows are free again by the next round. */
const ROUND_US = 30e6;
/** As of a host that has been up for days: microseconds beyond what V8 keeps without an object. */
const START_US = 1e12 + 0.25;

/**
 * Adds a line for sending and one for taking in, for each kind of probe and for a sweep.
 *
 * @param where of this process, to be told with each
 */
export function allocationFigures(figures: FigureList, where = ''): void {
  for (const each of CASES) {
    const { perProbe, perReply } = bytesOf(each);
    const kind = `${each.protocol} over IPv${each.family}${where}`;
    add(figures, `allocated for a probe, ${kind}`, perProbe);
    add(figures, `allocated for its reply, ${kind}`, perReply);
  }
  sweepFigures(figures, where);
}

/** The same for a sweep, which keeps nothing of its probes. */
function sweepFigures(figures: FigureList, where: string): void {
  const { packets, reader } = sweepPackets();
  const arena = arenaOf(FLOWS);
  const probe = { ttl: 1, flow: 0, nowUs: START_US };
  const { target } = ADDRESSES[4];
  const writeAddress = (into: Uint8Array, at: number): void => into.set(target, at);
  const write = (): number => {
    for (let i = 0; i < SWEEP_BATCH; i++) {
      packets.write(arena, i % FLOWS, probe, writeAddress);
      probe.nowUs++;
    }
    return SWEEP_BATCH;
  };
  const sent = new Growth();
  const taken = new Growth();
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    if (2 * round === WARM_UP_ROUNDS) for (const each of [sent, taken]) each.forget();
    probe.ttl = 1 + (round % TTLS);
    sent.during(write);
    const replies = packetsIn(arena, FLOWS).map((packet) => timeExceeded(packet, packet.length));
    const atUs = probe.nowUs + 0.5;
    taken.during(() => {
      for (let i = 0; i < SWEEP_BATCH; i++) reader.read(replies[i % FLOWS] as Uint8Array, atUs);
      return SWEEP_BATCH;
    });
  }
  add(figures, `allocated for a probe of a sweep${where}`, sent.bytesEach());
  add(figures, `allocated for a reply to a sweep${where}`, taken.bytesEach());
}

function add(figures: FigureList, what: string, value: number): void {
  figures.add({ what, value, unit: 'bytes', goal: BYTES_GOAL, isGoalMost: true });
}

function bytesOf({ protocol, family, quoteBytes }: (typeof CASES)[number]): {
  perProbe: number;
  perReply: number;
} {
  const engine = openEngine(protocol, family);
  const arenas = Array.from({ length: TTLS }, () => arenaOf(FLOWS));
  const sent = new Growth();
  const taken = new Growth();
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round++) {
    if (round === WARM_UP_ROUNDS) for (const each of [sent, taken]) each.forget();
    const nowUs = START_US + round * ROUND_US;
    sent.during(() => sendBatches(engine, arenas, nowUs));
    const replies = arenas.flatMap((arena) =>
      packetsIn(arena, FLOWS).map((packet) => timeExceeded(packet, quoteBytes)),
    );
    taken.during(() => takeIn(engine, replies, nowUs + 0.5));
    engine.advance(nowUs);
  }
  return { perProbe: sent.bytesEach(), perReply: taken.bytesEach() };
}

/** A probe of each flow at each TTL. @returns how many there were */
function sendBatches(engine: ProbeEngine, arenas: readonly PacketArena[], nowUs: number): number {
  for (let ttl = 1; ttl <= TTLS; ttl++) {
    for (let flow = 0; flow < FLOWS; flow++) engine.order(flow, ttl, 0);
  }
  let sent = 0;
  for (let batch = 0; batch < TTLS; batch++) {
    const accepted = engine.poll(arenas[batch] as PacketArena, nowUs);
    engine.confirm({ accepted, error: undefined }, nowUs);
    sent += accepted;
  }
  return sent;
}

function takeIn(engine: ProbeEngine, replies: readonly Uint8Array[], atUs: number): number {
  for (let i = 0; i < replies.length; i++) engine.handle(replies[i] as Uint8Array, atUs);
  return replies.length;
}

/** How much the heap grows meanwhile; where it shrinks, garbage was collected, and it says nothing. */
class Growth {
  #bytes = 0;
  #count = 0;

  /** @param run tells how many times it did what is measured; @returns that */
  during(run: () => number): number {
    const before = process.memoryUsage().heapUsed;
    const count = run();
    const grown = process.memoryUsage().heapUsed - before - OWN_BYTES;
    if (grown < -OWN_BYTES) return count;
    this.#bytes += Math.max(0, grown);
    this.#count += count;
    return count;
  }

  forget(): void {
    [this.#bytes, this.#count] = [0, 0];
  }

  bytesEach(): number {
    return this.#bytes / this.#count;
  }
}

/** What a look at the heap itself allocates. */
const OWN_BYTES = ownBytes();

function ownBytes(): number {
  const looks = Array.from({ length: 1000 }, () => process.memoryUsage().heapUsed);
  const steps = looks.slice(1).map((look, i) => look - (looks[i] ?? 0));
  return [...steps].sort((a, b) => a - b)[500] ?? 0;
}
