/**
 * How often `fantrace isolate` names the faulty link or router on kernel routers, how long that
 * takes, and what it costs. Builds namespaces: needs root.
 */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { IpFamily } from '../src/lib/ip-address.ts';
import { prepareLab } from '../tools/lab-packages.mjs';
import { formatReport, type Measured, unmetGoals } from './accuracy-report.ts';
import { nameOf, type Outcome, runTrial, type Trial } from './accuracy-trial.ts';
import { measureStarts } from './lab-startup.ts';

const USAGE = `Usage: npm run bench:lab -- [OPTION]…
  --trials N         runs for each family and level, up to 100 (default 12)
  --clean N          runs on clean networks for each family, up to 100 (default 6)
  --levels LIST      losses in percent (default 20,5,2,100)
  --families LIST    (default 4,6)
  --starts N         starts to time for each family (default 10)
  --seed N           another set of networks and places (default 1)
  --only NAME        one trial again, such as 4-20-7; losses are drawn by the kernel, so afresh
  --records FOLDER   keep the record of every run there`;

/** Runs the bench; the exit status. */
export async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) {
    console.error(USAGE);
    return 1;
  }
  const lab = prepareLab();
  if (lab !== undefined) {
    console.error(`The bench cannot run (${lab.obstacle}).`);
    return 1;
  }
  const startedAt = performance.now();
  const outcomes: Outcome[] = [];
  for (const trial of options.trials) {
    const outcome = await runTrial(trial);
    outcomes.push(outcome);
    console.error(progressLine(outcome));
    if (options.records !== undefined) keep(outcome, options.records);
  }
  const measured: Measured = { outcomes, starts: await measuredStarts(options) };
  console.log(formatReport(measured));
  console.log(`\n${((performance.now() - startedAt) / 1000).toFixed(0)} s in all`);
  return unmetGoals(measured) === 0 ? 0 : 1;
}

/** Seeds have two decimal digits for the index. */
const TRIALS_MAX = 100;

interface Options {
  readonly trials: readonly Trial[];
  readonly families: readonly IpFamily[];
  readonly starts: number;
  readonly records: string | undefined;
}

function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      trials: { type: 'string', default: '12' },
      clean: { type: 'string', default: '6' },
      levels: { type: 'string', default: '20,5,2,100' },
      families: { type: 'string', default: '4,6' },
      starts: { type: 'string', default: '10' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      records: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const { only, records } = values;
  const levels = numbersIn(values.levels);
  const families = numbersIn(values.families) as IpFamily[];
  const [trials, clean] = [Number(values.trials), Number(values.clean)];
  const [starts, baseSeed] = [Number(values.starts), Number(values.seed)];
  const isUsable =
    !values.help &&
    [trials, clean].every((count) => isWhole(count, TRIALS_MAX)) &&
    [starts, baseSeed].every((count) => isWhole(count, Number.MAX_SAFE_INTEGER / 1e6)) &&
    levels.every((level) => level > 0 && isWhole(level, 100)) &&
    families.every((family) => family === 4 || family === 6);
  if (!isUsable) return undefined;
  const counts = [...levels.map((level) => [level, trials] as const), [0, clean] as const];
  const all = counts.flatMap(([lossPercent, count]) =>
    families.flatMap((family) =>
      Array.from({ length: count }, (_, index) => ({ family, lossPercent, index, baseSeed })),
    ),
  );
  if (only === undefined) return { trials: all, families, starts, records };
  const one = trialNamed(only, baseSeed);
  return one && { trials: [one], families: [], starts: 0, records };
}

function isWhole(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

function numbersIn(list: string): number[] {
  return list.split(',').map(Number);
}

function trialNamed(name: string, baseSeed: number): Trial | undefined {
  const [, family, lossPercent, index] = /^([46])-(\d{1,3})-(\d{1,2})$/.exec(name) ?? [];
  if (family === undefined) return undefined;
  return {
    family: Number(family) as IpFamily,
    lossPercent: Number(lossPercent),
    index: Number(index),
    baseSeed,
  };
}

async function measuredStarts({ families, starts }: Options): Promise<Measured['starts']> {
  if (starts === 0) return [];
  const measured = [];
  for (const family of families) {
    measured.push({ family, startsMs: await measureStarts(family, starts) });
  }
  return measured;
}

function progressLine({ trial, judgement, run: { record } }: Outcome): string {
  const { verdict, durationMs, probesSent } = record;
  const seconds = (durationMs / 1000).toFixed(1);
  return `${nameOf(trial)} ${judgement}: ${verdict}, ${seconds} s, ${probesSent} probes`;
}

function keep(outcome: Outcome, folder: string): void {
  writeFileSync(path.join(folder, `${outcome.name}.json`), `${JSON.stringify(outcome)}\n`);
}
