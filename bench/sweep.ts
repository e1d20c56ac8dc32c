/**
 * A sweep of a million targets of the simulated Internet: how many probes a second pass the packet
 * seam, and how many the stop set saves; then the program itself, with output and checkpoint, killed
 * on its way and started again: how much memory it takes, and whether every reply is there once.
 * Usage: node bench/run.mjs sweep [PREFIX] [STRATEGY]
 */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createReadStream,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { createGunzip } from 'node:zlib';
import { AddressSet, parseAddressRange } from '../src/lib/address-ranges.ts';
import type { SweepRecord, SweepStrategy } from '../src/model/sweep-record.ts';
import { runSweep } from '../src/runtime/sweep/sweep.ts';
import { openSimulatedSweep } from '../src/runtime/sweep/sweep-network.ts';
import { SETTINGS } from '../test/support/simulated-sweep.ts';
import { FigureList } from './measured-cost.ts';

const CLI = path.resolve('dist/cli/main.js');
const LOOK_MS = 100;
const MIB = 2 ** 20;
const RATE = 500_000;
const ADDRESSES = 1_000_000;
/** Odd, so that no number comes twice in 2^32: golden ratio (Knuth). */
const SPREAD = 0x9e3779b1;

/** Prints a few lines. @returns 1 when a goal was missed */
export async function main([prefix = '10.16.0.0/12', only]: readonly string[]): Promise<number> {
  const figures = new FigureList();
  const range = parseAddressRange(prefix);
  if (typeof range === 'string') throw new RangeError(`${prefix} ${range}`);
  const targets = new AddressSet([range]);
  for (const strategy of ['stop-set', 'every-ttl'] as const) {
    if (only === undefined || only === strategy) await measure(targets, strategy, figures);
  }
  if (only === undefined) {
    await measureProgram(prefix, figures);
    await measureSenders(figures);
    await measureFile(figures);
  }
  return figures.missed === 0 ? 0 : 1;
}

/** The program from end to end, with a kill once there is a checkpoint. */
async function measureProgram(prefix: string, figures: FigureList): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-bench-'));
  const files = {
    checkpoint: path.join(folder, 'state.json'),
    output: path.join(folder, 'o.jsonl.gz'),
  };
  const pace = ['--rate', `${RATE}`, '--per-prefix', `${RATE}`, '--per-interface', `${RATE}`];
  const what = ['sweep', '--json', '--simulate', 'internet', '--seed', '1', ...pace, prefix];
  const argv = [CLI, ...what, '-o', files.output, '--checkpoint', files.checkpoint];
  try {
    const killed = await runProgram(argv, () => existsSync(files.checkpoint));
    const { output, peakMib } = await runProgram(argv, () => false);
    const record = JSON.parse(output) as SweepRecord;
    const lines = await linesOf(files.output);
    console.log(`killed and resumed: ${record.summary} resumed: ${record.resumed}`);
    figures.add({
      what: 'sweep, the program with output: peak memory',
      value: Math.max(killed.peakMib, peakMib),
      unit: 'MiB',
      goal: 300,
      isGoalMost: true,
    });
    figures.add({
      what: 'sweep, killed and resumed: lines of output missing or too many',
      value: Math.abs(lines - record.repliesReceived) + (record.resumed ? 0 : 1),
      unit: '',
      goal: 0,
      isGoalMost: true,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The program by one thread and by two, one after the other, twice. */
async function measureSenders(figures: FigureList): Promise<void> {
  const pace = ['--rate', `${RATE}`, '--per-prefix', `${RATE}`, '--per-interface', `${RATE}`];
  const argv = [CLI, 'sweep', '--json', '--simulate', 'internet', '--seed', '1', ...pace];
  const timesMs: Record<number, number[]> = { 1: [], 2: [] };
  for (const senders of [1, 2, 1, 2]) {
    const startedMs = performance.now();
    await runProgram([...argv, '--senders', `${senders}`, '10.0.0.0/13'], () => false);
    timesMs[senders]?.push(performance.now() - startedMs);
  }
  const [one, two] = [1, 2].map((senders) => Math.min(...(timesMs[senders] ?? [])));
  figures.add({
    what: 'sweep by two senders: times as fast as by one, simulated Internet included',
    value: (one as number) / (two as number),
    unit: '',
    goal: availableParallelism() > 1 ? 0.9 : 0, // that it does no harm
    isGoalMost: false,
  });
}

/** Single addresses far from each other, so that none can be merged with another. */
async function measureFile(figures: FigureList): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-bench-'));
  const file = path.join(folder, 'targets.txt');
  try {
    const lines = Array.from({ length: ADDRESSES }, (_, i) => {
      const number = Math.imul(i, SPREAD) >>> 8;
      return `10.${number >>> 16}.${(number >>> 8) & 255}.${number & 255}\n`;
    });
    writeFileSync(file, lines.join(''));
    const argv = [CLI, 'sweep', '--json', '--simulate', 'internet', '--seed', '1'];
    const few = ['--max-probes', '1000000', '--rate', `${RATE}`];
    const { output, peakMib } = await runProgram([...argv, ...few, file], () => false);
    const { targets } = JSON.parse(output) as SweepRecord;
    figures.add({
      what: `sweep of a file with ${targets.count} single addresses: peak memory`,
      value: peakMib,
      unit: 'MiB',
      goal: 300,
      isGoalMost: true,
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Runs to the end, or kills what it runs once `isEnough`. */
async function runProgram(
  argv: readonly string[],
  isEnough: () => boolean,
): Promise<{ readonly output: string; readonly peakMib: number }> {
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] });
  let peakMib = 0;
  const timer = setInterval(() => {
    peakMib = Math.max(peakMib, residentMib(child.pid));
    if (isEnough()) child.kill('SIGKILL');
  }, LOOK_MS);
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')]);
  clearInterval(timer);
  return { output, peakMib };
}

/** The most that a process has had in memory so far. */
function residentMib(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
  } catch {
    return 0; // it has just ended
  }
}

async function linesOf(file: string): Promise<number> {
  let lines = 0;
  for await (const chunk of createReadStream(file).pipe(createGunzip())) {
    for (const byte of chunk as Uint8Array) if (byte === 0x0a) lines++;
  }
  return lines;
}

async function measure(
  targets: AddressSet,
  strategy: SweepStrategy,
  figures: FigureList,
): Promise<void> {
  const network = await openSimulatedSweep('internet', { family: 4, seed: SETTINGS.seed });
  let replies = 0;
  let peakBytes = 0;
  const startedAt = process.cpuUsage();
  const startedMs = performance.now();
  const record = await runSweep({
    settings: {
      ...SETTINGS,
      strategy,
      rates: { total: RATE, perPrefix: RATE, perInterface: RATE },
    },
    targets,
    excluded: 0,
    network,
    listener: {
      replied: () => {
        replies++;
      },
      windowDone: () => Promise.resolve(),
      progressed: () => {
        peakBytes = Math.max(peakBytes, process.memoryUsage().rss);
        return Promise.resolve();
      },
      outputLength: () => 0,
    },
    signal: new AbortController().signal,
    digest: '',
  });
  const { user, system } = process.cpuUsage(startedAt);
  const seconds = (performance.now() - startedMs) / 1000;
  console.log(`${strategy}: ${record.summary}`);
  console.log(`  ${record.probesSaved} probes saved, ${replies} records, ${seconds.toFixed(1)} s`);
  const { probesSent } = record;
  const perProcessor = probesSent / ((user + system) / 1e6) / 1000;
  figures.add({
    what: `sweep, ${targets.size} targets, ${strategy}: probes through the packet seam`,
    value: perProcessor,
    unit: 'thousand a processor second',
    goal: 150,
    isGoalMost: false,
  });
  figures.add({
    what: `sweep, ${targets.size} targets, ${strategy}: peak memory`,
    value: peakBytes / MIB,
    unit: 'MiB',
    goal: 300,
    isGoalMost: true,
  });
}
