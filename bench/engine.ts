/**
 * What the engine costs without a kernel: to encode a probe, to decode and match a reply, to keep a
 * row in flight; and whether live heap grows with the number of probes.
 * Usage: node --expose-gc bench/run.mjs engine [PROBES]
 */

import { spawnSync } from 'node:child_process';
import type { PacketArena } from '../src/model/packet-link.ts';
import { InFlight, PROBE_ANSWERED } from '../src/probing/in-flight.ts';
import type { ProbeEngine } from '../src/probing/probe-engine.ts';
import { ProbeWriter } from '../src/probing/probe-packet.ts';
import { ProbeTokens, TOKEN_KEY_WORDS } from '../src/probing/probe-token.ts';
import { sealIcmp } from '../src/wire/icmp.ts';
import { IPV4_HEADER_BYTES } from '../src/wire/ipv4.ts';
import { allocationFigures } from './engine/allocation.ts';
import {
  ADDRESSES,
  arenaOf,
  FLOWS,
  flowOf,
  keyOf,
  openEngine,
  packetsIn,
  QUOTE_AT,
  sweepPackets,
  timeExceeded,
} from './engine/parts.ts';
import { costOf, FigureList, liveHeapBytes } from './measured-cost.ts';

/** It compiles what is run, and knows where it is. */
const RUNNER = process.argv[1] as string;
const { target: TARGET } = ADDRESSES[4];
const REPETITIONS = 300_000;
const MIB = 2 ** 20;
const OUTSTANDING = 100_000;
/** Between batches: 100,000 probes a second. */
const GAP_US = 640;
/** As of a host that has been up for days. */
const START_US = 1e12;
/** As little as a router may quote. */
const QUOTE_BYTES = IPV4_HEADER_BYTES + 8;

/** Prints a line for each figure. @returns 1 when a goal was missed */
export async function main([probes = '3000000']: readonly string[]): Promise<number> {
  const figures = new FigureList();
  encodingCosts(figures);
  decodingCosts(figures);
  rowCost(figures);
  allocationFigures(figures);
  memoryInFlight(figures);
  heapGrowth(Number(probes), figures);
  const isUninlinedMet = reportUninlined();
  return figures.missed === 0 && isUninlinedMet ? 0 : 1;
}

/** What V8 inlines differs from run to run: once more where it inlines nothing at all. */
function reportUninlined(): boolean {
  const argv = ['--expose-gc', '--no-turbo-inlining', RUNNER, 'engine/uninlined'];
  return spawnSync(process.execPath, argv, { stdio: 'inherit' }).status === 0;
}

function encodingCosts(figures: FigureList): void {
  const arena = arenaOf(64);
  const writer = new ProbeWriter();
  const tokens = new ProbeTokens(keyOf(TOKEN_KEY_WORDS));
  for (const protocol of ['tcp', 'udp', 'icmp'] as const) {
    const flow = flowOf(protocol);
    const { nsEach } = costOf(REPETITIONS, (count) => {
      for (let i = 0; i < count; i++) {
        const fields = { ttl: 1 + (i & 15), token: tokens.encode(i), portOffset: 0 };
        writer.write(arena.bytes, (i & 63) * arena.slotBytes, flow, fields);
      }
    });
    figures.add({
      what: `encode a ${protocol} probe`,
      value: nsEach,
      unit: 'ns',
      goal: 150,
      isGoalMost: true,
    });
  }
  const sweep = sweepPackets();
  const write = (into: Uint8Array, at: number): void => into.set(TARGET, at);
  const { nsEach } = costOf(REPETITIONS, (count) => {
    for (let i = 0; i < count; i++) {
      sweep.packets.write(arena, i & 63, { ttl: 1 + (i & 15), flow: 0, nowUs: i }, write);
    }
  });
  figures.add({
    what: 'encode a probe of a sweep',
    value: nsEach,
    unit: 'ns',
    goal: 150,
    isGoalMost: true,
  });
}

function decodingCosts(figures: FigureList): void {
  const engine = openEngine();
  const arena = arenaOf(FLOWS);
  const replies: Uint8Array[] = [];
  for (let batch = 0; batch < 16; batch++) replies.push(...answersOf(engine, arena, batch));
  const { nsEach } = costOf(REPETITIONS, (count) => {
    for (let i = 0; i < count; i++)
      engine.handle(replies[i % replies.length] as Uint8Array, 50_000);
  });
  figures.add({
    what: 'decode and match a reply (a duplicate)',
    value: nsEach,
    unit: 'ns',
    goal: 400,
    isGoalMost: true,
  });
  const { packets, reader } = sweepPackets();
  const one = arenaOf(1);
  packets.write(one, 0, { ttl: 3, flow: 0, nowUs: 0 }, (into, at) => into.set(TARGET, at));
  const answer = timeExceeded(one.bytes.slice(0, one.lengths[0]), 28);
  if (reader.read(answer, 1000) !== 'reply') throw new Error('the reply was not read');
  const read = costOf(REPETITIONS, (count) => {
    for (let i = 0; i < count; i++) reader.read(answer, 1000);
  });
  figures.add({
    what: 'decode a reply to a sweep',
    value: read.nsEach,
    unit: 'ns',
    goal: 400,
    isGoalMost: true,
  });
}

function rowCost(figures: FigureList): void {
  const table = new InFlight();
  const order = { flow: 1, ttl: 2, round: 0 };
  const { nsEach } = costOf(REPETITIONS, (count) => {
    for (let i = 0; i < count; i++) {
      const slot = table.add(order, i);
      table.slotOf(table.counterOf(slot));
      table.settle(slot, PROBE_ANSWERED);
      table.release(i - 1000);
    }
  });
  figures.add({
    what: 'a row in flight, from end to end',
    value: nsEach,
    unit: 'ns',
    goal: 150,
    isGoalMost: true,
  });
}

/** Sends a batch, and returns what a router says to it. */
function answersOf(engine: ProbeEngine, arena: PacketArena, nowUs: number): Uint8Array[] {
  for (let flow = 0; flow < FLOWS; flow++) engine.order(flow, 3, 0);
  const count = engine.poll(arena, nowUs);
  engine.confirm({ accepted: count, error: undefined }, nowUs);
  return packetsIn(arena, count).map((packet) => timeExceeded(packet, QUOTE_BYTES));
}

/** An engine whose probes are all awaited: heap, and typed arrays beside it. */
function memoryInFlight(figures: FigureList): void {
  const arena = arenaOf(FLOWS);
  const before = liveBytes();
  const engine = openEngine();
  for (let sent = 0; sent < OUTSTANDING; sent += FLOWS) {
    for (let flow = 0; flow < FLOWS; flow++) engine.order(flow, 3, 0);
    engine.confirm({ accepted: engine.poll(arena, START_US), error: undefined }, START_US);
  }
  const grownMib = (liveBytes() - before) / MIB;
  if (engine.counters.probesSent < OUTSTANDING) throw new Error('not all probes were sent');
  figures.add({
    what: `memory of an engine with ${OUTSTANDING} probes in flight`,
    value: grownMib,
    unit: 'MiB',
    goal: 61, // 64 MB
    isGoalMost: true,
  });
}

function liveBytes(): number {
  return liveHeapBytes() + process.memoryUsage().arrayBuffers;
}

/** Of one reply, the quote is written anew for each probe. */
function heapGrowth(probes: number, figures: FigureList): void {
  const engine = openEngine();
  const arena = arenaOf(FLOWS);
  const answer = timeExceeded(Uint8Array.of(0x45, ...new Uint8Array(QUOTE_BYTES - 1)), QUOTE_BYTES);
  let nowUs = START_US;
  const batch = (): void => {
    nowUs += GAP_US;
    for (let flow = 0; flow < FLOWS; flow++) engine.order(flow, 3, 0);
    const count = engine.poll(arena, nowUs);
    engine.confirm({ accepted: count, error: undefined }, nowUs);
    for (let slot = 0; slot < count; slot++) {
      const start = slot * arena.slotBytes;
      for (let i = 0; i < QUOTE_BYTES; i++)
        answer[QUOTE_AT[4] + i] = arena.bytes[start + i] as number;
      sealIcmp(answer, IPV4_HEADER_BYTES, answer.length, 0);
      engine.handle(answer, nowUs + 1);
    }
    engine.advance(nowUs + 2);
  };
  // Long enough for every row to be in use.
  for (let sent = 0; sent < 1.2e6; sent += FLOWS) batch();
  const before = liveHeapBytes();
  const startedAt = process.cpuUsage();
  for (let sent = 0; sent < probes; sent += FLOWS) batch();
  const { user, system } = process.cpuUsage(startedAt);
  const nsEach = (1000 * (user + system)) / probes;
  figures.add({
    what: `${probes} probes and their replies through the engine`,
    value: nsEach,
    unit: 'ns each',
    goal: 1000,
    isGoalMost: true,
  });
  const grownMib = Math.abs(liveHeapBytes() - before) / MIB;
  figures.add({
    what: 'growth of the live heap meanwhile',
    value: grownMib,
    unit: 'MiB',
    goal: 2,
    isGoalMost: true,
  });
  const unsent = engine.counters.sendErrors['IN_FLIGHT_FULL'] ?? 0;
  figures.add({
    what: 'probes not sent as the table was full',
    value: unsent,
    unit: '',
    goal: 0,
    isGoalMost: true,
  });
}
