/**
 * Fast probers of others beside ours, in one kernel lab in one run: how many probes a second are
 * answered, and how much processor time each takes. zmap and masscan send a SYN to each of many
 * addresses behind a router, at a port where nothing listens, and so does `fantrace sweep`; scamper
 * and `fantrace sweep` ask for the two hops of each by UDP. All write a line for each answer, and
 * all are told to be as fast as they can. Needs root; the others where they are to be compared.
 *
 * A run with few addresses is taken off one with many, so that neither the start nor the wait for
 * last answers counts. Others may lose answers, as only those that they tell count; we may not.
 * Usage: node bench/run.mjs peers [RUNS]
 */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { SweepRecord } from '../src/model/sweep-record.ts';
import { SOURCE, TARGET } from '../src/sim/topology.ts';
import { configure } from '../test/lab/lab-nuisances.ts';
import type { NamespaceLab } from '../test/lab/namespace-lab.ts';
import { labFor } from '../test/lab/scenario-plan.ts';
import { build } from '../tools/build.mjs';
import { isOnPath, prepareLab } from '../tools/lab-packages.mjs';
import { FigureList, median } from './measured-cost.ts';
import {
  type Errand,
  MASSCAN,
  OURS,
  oursTo,
  type Program,
  SCAMPER,
  ZMAP,
} from './peers/programs.ts';
import { timedIn } from './timed-command.ts';

/** Addresses that the target has besides its own; the lab itself has none there. */
const NETWORK = '10.128.0.0';
const ALL_BITS = 14;
/** Prefix lengths: to take off, and for two hops each by who is quick and who is not. */
const FEW_BITS = 22;
const TRACED_BITS = { ours: 15, scamper: 17 };
/** masscan may hang for minutes where it has no processor for itself. */
const SECONDS_MAX = 40;
/** What the field has made its reference. */
const REFERENCE_RATE = 100_000;

/** Prints a line for each run and each figure. @returns 1 when a goal was missed */
export async function main([runs = '3']: readonly string[]): Promise<number> {
  const obstacle = prepareLab();
  if (obstacle !== undefined) {
    console.log(`peers did not run: ${obstacle.obstacle}; ${obstacle.remedy}`);
    return 1;
  }
  if (!build({ ifNeeded: true })) return 1;
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-peers-'));
  const { lab } = await labFor({ fabric: { widths: [1] } }, { family: 4, seed: 1 });
  try {
    const all = `${NETWORK}/${ALL_BITS}`;
    const [first, last] = lab.plan.links;
    await configure(lab, TARGET, [`ip route add local ${all} dev lo`]);
    await configure(lab, 'r1.0', [`ip route add ${all} via ${last?.farAddress[4]}`]);
    const way = `via ${first?.farAddress[4]} src ${lab.plan.source[4]}`; // replies come back to that
    await configure(lab, SOURCE, [`ip route add ${all} ${way}`]);
    const bench = new PeerBench(lab, { folder, runs: Number(runs) });
    await bench.besideScanners();
    await bench.besideScamper();
    await bench.atReferenceRate();
    return bench.figures.missed === 0 ? 0 : 1;
  } finally {
    await lab.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a program takes for the addresses beyond the few, by answers that it tells. */
interface Speed {
  readonly perSecond: number;
  /** Of processors. */
  readonly microsecondsEach: number;
}

class PeerBench {
  readonly figures = new FigureList();
  readonly #lab: NamespaceLab;
  readonly #folder: string;
  readonly #runs: number;

  constructor(lab: NamespaceLab, { folder, runs }: { folder: string; runs: number }) {
    this.#lab = lab;
    this.#folder = folder;
    this.#runs = runs;
  }

  async besideScanners(): Promise<void> {
    const programs = [OURS.plain, OURS.asOthers, ZMAP, MASSCAN];
    const speeds = await this.#speedsOf(programs.map((each) => [each, ALL_BITS]));
    for (const peer of [ZMAP, MASSCAN]) {
      this.#compare(speeds, OURS.plain, peer);
      this.#compare(speeds, OURS.asOthers, peer);
    }
    const [ours, theirs] = [speeds.get(OURS.asOthers), speeds.get(ZMAP)];
    if (ours === undefined || theirs === undefined) return;
    this.figures.add({
      what: 'answered probes a second over those of zmap, both by packet sockets and two threads',
      value: ours.perSecond / theirs.perSecond,
      unit: '×',
      goal: 0.95,
      isGoalMost: false,
    });
  }

  async besideScamper(): Promise<void> {
    const own = oursTo('UDP');
    const speeds = await this.#speedsOf([
      [own, TRACED_BITS.ours],
      [SCAMPER, TRACED_BITS.scamper],
    ]);
    this.#compare(speeds, own, SCAMPER);
    const [ours, theirs] = [speeds.get(own), speeds.get(SCAMPER)];
    if (ours === undefined || theirs === undefined) return;
    this.figures.add({
      what: 'answered probes a second over those of scamper',
      value: ours.perSecond / theirs.perSecond,
      unit: '×',
      goal: 12,
      isGoalMost: false,
    });
    this.figures.add({
      what: 'processor time for an answered probe over that of scamper',
      value: ours.microsecondsEach / theirs.microsecondsEach,
      unit: '×',
      goal: 0.45,
      isGoalMost: true,
    });
  }

  /** The kernels answer every probe, so whatever is not heard we have lost. */
  async atReferenceRate(): Promise<void> {
    const program = oursTo('SYN', [], REFERENCE_RATE);
    const { stdout } = await timedIn(this.#lab, SOURCE, program.argv(this.#errand(ALL_BITS)));
    const { probesSent, repliesReceived, durationMs } = JSON.parse(stdout) as SweepRecord;
    const reached = Math.round(probesSent / (durationMs / 1000)).toLocaleString('en');
    this.figures.add({
      what: `replies lost by us where ${REFERENCE_RATE} probes a second were asked for, ${reached} reached`,
      value: probesSent - repliesReceived,
      unit: '',
      goal: 0,
      isGoalMost: true,
    });
  }

  /** Runs alternate, so that what else the machine does strikes all alike. */
  async #speedsOf(
    programs: readonly (readonly [program: Program, bits: number])[],
  ): Promise<Map<Program, Speed>> {
    const present = programs.filter(([program]) => isThere(program));
    for (const [program, bits] of present) {
      console.log(`  ${program.name}: ${program.argv(this.#errand(bits)).join(' ')}`);
    }
    const speeds = new Map(present.map(([program]) => [program, [] as Speed[]]));
    const givenUp = new Set<Program>();
    for (let run = 0; run < this.#runs; run++) {
      for (const [program, bits] of present) {
        if (givenUp.has(program)) continue;
        const few = await this.#run(program, FEW_BITS);
        const many = await this.#run(program, bits);
        if (many.isCut || few.isCut) {
          console.log(
            `  ${program.name}: not compared, as it had not ended after ${SECONDS_MAX} s`,
          );
          givenUp.add(program);
          continue;
        }
        const heard = many.heard - few.heard;
        const speed = {
          perSecond: (1000 * heard) / (many.wallMs - few.wallMs),
          microsecondsEach: (1000 * (many.processorMs - few.processorMs)) / heard,
        };
        speeds.get(program)?.push(speed);
        const missing = program.answersEach * 2 ** (32 - bits) - many.heard;
        console.log(`  ${program.name}: ${shown(speed)}, ${missing} answers missing`);
      }
    }
    const whole = [...speeds].filter(([program]) => !givenUp.has(program));
    return new Map(whole.map(([program, each]) => [program, middleOf(each)]));
  }

  async #run(program: Program, bits: number) {
    const errand = this.#errand(bits);
    const argv = ['timeout', '-s', 'KILL', `${SECONDS_MAX}`, ...program.argv(errand)];
    const run = await timedIn(this.#lab, SOURCE, argv);
    const isCut = run.wallMs >= 1000 * SECONDS_MAX;
    return { ...run, isCut, heard: isCut ? 0 : program.heard(errand, run.stdout) };
  }

  #errand(bits: number): Errand {
    const list = path.join(this.#folder, `${bits}.txt`);
    writeFileSync(list, addressesOf(2 ** (32 - bits)).join('\n'));
    const source = this.#lab.plan.source[4];
    return { prefix: `${NETWORK}/${bits}`, list, source, folder: this.#folder };
  }

  #compare(speeds: ReadonlyMap<Program, Speed>, own: Program, peer: Program): void {
    const [ours, theirs] = [speeds.get(own), speeds.get(peer)];
    if (ours === undefined || theirs === undefined) return;
    const rate = (ours.perSecond / theirs.perSecond).toFixed(2);
    const processor = (ours.microsecondsEach / theirs.microsecondsEach).toFixed(2);
    console.log(
      `  ${own.name} beside ${peer.name}: ${rate} × the rate, ${processor} × the processor time`,
    );
  }
}

function isThere({ package: name }: Program): boolean {
  if (name === undefined || isOnPath(name)) return true;
  console.log(`  ${name} is not compared, as it is not installed: apt-get install ${name}`);
  return false;
}

function middleOf(speeds: readonly Speed[]): Speed {
  return {
    perSecond: median(speeds.map(({ perSecond }) => perSecond)),
    microsecondsEach: median(speeds.map(({ microsecondsEach }) => microsecondsEach)),
  };
}

function shown({ perSecond, microsecondsEach }: Speed): string {
  const thousands = (perSecond / 1000).toFixed(1);
  return `${thousands} thousand answered a second, ${microsecondsEach.toFixed(2)} µs each`;
}

/** The first addresses of the network. */
function addressesOf(count: number): string[] {
  const [a = 0, b = 0] = NETWORK.split('.').map(Number);
  return Array.from(
    { length: count },
    (_, i) => `${a}.${b + (i >> 16)}.${(i >> 8) & 255}.${i & 255}`,
  );
}
