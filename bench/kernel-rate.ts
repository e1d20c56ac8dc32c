/**
 * Our sender and receiver beside a C loop over the same system calls, in the same kernel lab in one
 * run: how many packets a second, and how much processor time each costs. Needs root and a C
 * compiler; without the latter it says so and shows our own figures alone.
 * Usage: node bench/run.mjs kernel-rate [PACKETS] [RUNS]
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { SOURCE } from '../src/sim/topology.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { prepareLab } from '../tools/lab-packages.mjs';
import { FigureList, median } from './measured-cost.ts';

const C_SOURCE = fileURLToPath(new URL('./kernel-rate/sender.c', import.meta.url));
const RUNNER = fileURLToPath(new URL('./run.mjs', import.meta.url));
const TIMEOUT_MS = 60_000;
/** For the process, and for each probe that its engine may remember. */
const MEMORY_GOAL_BYTES = { process: 100e6, probe: 40 };
const TTL = 1;
const BATCHES = [16, 64];
/** The kernel forgets nothing here: what the router drops at its entry costs it next to nothing. */
const SINK =
  'table netdev sink { chain in { type filter hook ingress device "to-source" priority 0; ' +
  'policy drop; }; }';

/** A ring changes how replies come, and how send times do. */
const RINGS = [
  { name: 'link, receive ring', way: 'link-ring', batch: 64 },
  { name: 'engine, packet socket and ring', way: 'engine-frames-ring', batch: 64 },
  { name: 'engine, kernel’s send times', way: 'engine-stamps', batch: 64 },
  { name: 'engine, send times of a ring', way: 'engine-ring-stamps', batch: 64 },
];

interface Outcome {
  readonly packets: number;
  readonly replies: number;
  readonly wallSeconds: number;
  readonly processorSeconds: number;
  /** Undefined for the C program. */
  readonly peakMib?: number;
}

/** Prints a line for each way of sending. @returns 1 when a goal was missed */
export async function main([packets = '300000', runs = '3']: readonly string[]): Promise<number> {
  const obstacle = prepareLab();
  if (obstacle !== undefined) {
    console.log(`kernel-rate did not run: ${obstacle.obstacle}; ${obstacle.remedy}`);
    return 1;
  }
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-bench-'));
  const program = compiled(path.join(folder, 'sender'));
  const { lab } = await labFor({ fabric: { widths: [1] } }, { family: 4 });
  try {
    const bench = new RateBench(lab, program, { packets: Number(packets), runs: Number(runs) });
    await bench.compare('reply');
    await lab.exec('r1.0', ['nft', SINK]);
    await bench.compare('send');
    return bench.figures.missed === 0 ? 0 : 1;
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @returns the program; undefined, and a line about it, without a compiler */
function compiled(program: string): string | undefined {
  const { error, status, stderr } = spawnSync('cc', ['-O2', '-o', program, C_SOURCE]);
  if (status === 0) return program;
  const reason = error === undefined ? String(stderr) : 'no C compiler (cc) is installed';
  console.log(`no comparison with C: ${reason}`);
  return undefined;
}

/** Send times cost what they cost: they have no goal but to be told. */
function goalFor(way: string): number {
  if (way.endsWith('-stamps')) return 0.5;
  return way.startsWith('link') ? 0.9 : 0.75;
}

class RateBench {
  readonly figures = new FigureList();
  readonly #lab: NamespaceLab;
  readonly #program: string | undefined;
  readonly #peaksMib: number[] = [];
  readonly #size: { readonly packets: number; readonly runs: number };

  constructor(
    lab: NamespaceLab,
    program: string | undefined,
    size: { readonly packets: number; readonly runs: number },
  ) {
    this.#lab = lab;
    this.#program = program;
    this.#size = size;
  }

  /** Runs alternate, so that what else the machine does strikes all alike. */
  async compare(mode: 'send' | 'reply'): Promise<void> {
    const ways = [
      ...BATCHES.map((batch) => ({ name: `link, batch ${batch}`, way: 'link', batch })),
      { name: 'engine, batch 64', way: 'engine', batch: 64 },
      { name: 'engine, packet socket', way: 'engine-frames', batch: 64 },
      ...(mode === 'reply' ? RINGS : []),
    ];
    const costs = new Map<string, number[]>();
    const note = (name: string, outcome: Outcome): void => {
      const nsEach = (1e9 * outcome.processorSeconds) / outcome.packets;
      this.#peaksMib.push(outcome.peakMib ?? 0);
      costs.set(name, [...(costs.get(name) ?? []), nsEach]);
      const kpps = (outcome.packets / outcome.wallSeconds / 1000).toFixed(0);
      const lost = mode === 'reply' ? `, ${outcome.packets - outcome.replies} unanswered` : '';
      console.log(`  ${mode}  ${name}: ${kpps} kpps, ${nsEach.toFixed(0)} ns each${lost}`);
    };
    for (let run = 0; run < this.#size.runs; run++) {
      for (const batch of this.#program === undefined ? [] : BATCHES) {
        note(
          `C, batch ${batch}`,
          await this.#run([this.#program ?? '', ...this.#flags(mode, batch)]),
        );
      }
      for (const { name, way, batch } of ways) {
        const worker = [process.execPath, RUNNER, 'kernel-rate/worker', way];
        note(name, await this.#run([...worker, ...this.#flags(mode, batch)]));
      }
    }
    if (mode === 'reply') {
      const { process: bytes, probe } = MEMORY_GOAL_BYTES;
      this.figures.add({
        what: 'reply: the most memory that a process of the engine took',
        value: Math.max(...this.#peaksMib),
        unit: 'MiB',
        goal: (bytes + probe * this.#size.packets) / 2 ** 20,
        isGoalMost: true,
      });
    }
    if (this.#program === undefined) return;
    for (const { name, way, batch } of ways) {
      const ratio = median(costs.get(`C, batch ${batch}`) ?? []) / median(costs.get(name) ?? []);
      this.figures.add({
        what: `${mode}: C's processor time a probe over ours (${name})`,
        value: ratio,
        unit: '×',
        goal: goalFor(way),
        isGoalMost: false,
      });
    }
  }

  #flags(mode: string, batch: number): string[] {
    const { source, target } = this.#lab.plan;
    return [mode, batch, this.#size.packets, source[4], target.address[4], TTL].map(String);
  }

  async #run(argv: readonly string[]): Promise<Outcome> {
    const { status, stdout, stderr } = await this.#lab.exec(SOURCE, argv, {
      timeoutMs: TIMEOUT_MS,
    });
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}`);
    return JSON.parse(stdout) as Outcome;
  }
}
