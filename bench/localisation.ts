/**
 * How right the localisation is on random networks that are as ugly as real ones, beside the rule of
 * the ancestor on the same counts.
 */

import { parseArgs } from 'node:util';
import {
  burstGoals,
  type Goal,
  goalsOf,
  kindsCalled,
  sequentialGoals,
  stockGoals,
} from './localisation/goals.ts';
import { STOCK_KINDS } from './localisation/kinds.ts';
import {
  formatCalibration,
  formatGoals,
  formatSequential,
  formatStrikes,
  formatTable,
  formatTimes,
} from './localisation/report.ts';
import { speedGoals } from './localisation/speed.ts';
import type { TaskName, TaskResult } from './localisation/tasks.ts';
import type { TrialOptions, TrialResult } from './localisation/trial.ts';
import { runTrials } from './localisation/worker-pool.ts';
import { worldText } from './localisation/world-text.ts';

const USAGE = `Usage: npm run bench:localisation -- [OPTION]…
  --seeds N          worlds of each kind (default 100)
  --healthy N        worlds without a fault (default three times as many)
  --kinds LIST       all, or names as in the table (default all)
  --first-seed N     the first of the seeds (default 1)
  --bursts           the same once more with losses in bursts
  --sequential       the same once more with runs that stop when they are sure
  --stock            only runs behind routers that limit their errors as Linux does
  --quick            25 seeds
  --workers N        threads, 1 or 2 (default 2)
  --wrong            also list the worlds in which something is wrong or missing
  --speed            only how long an inference takes
  --world KIND:SEED  one world in full, such as link-5:17`;

const QUICK_SEEDS = 25;
const WORKERS_MAX = 2;
const PROGRESS_EVERY = 50;

/** Runs the bench; the exit status: 1 where a goal is missed. */
export async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) {
    console.error(USAGE);
    return 1;
  }
  if (options.world !== undefined) {
    console.log(worldText(options.world));
    return 0;
  }
  if (options.isStock) return stock(options);
  if (options.isSpeed) return verdictOn(speedGoals());
  const plain = await measured('fixed', options, { hasBursts: false });
  const goals = [...goalsOf(plain)];
  console.log(`${formatTable(plain)}\n\n${formatCalibration(plain)}\n\n${formatTimes(plain)}`);
  if (options.listsWrong) console.log(`\n${wrongWorlds(plain).join('\n')}`);
  if (options.hasBursts) {
    const bursts = await measured('fixed', options, { hasBursts: true });
    goals.push(...burstGoals(bursts));
    console.log(`\nLosses in bursts:\n${formatTable(bursts)}`);
    console.log(`\nHow often faults struck:\n${formatStrikes(bursts)}`);
  }
  if (options.isSequential) {
    const sequential = await measured('sequential', options, { hasBursts: false });
    goals.push(...sequentialGoals(plain, sequential));
    console.log(`\nRuns that stop when they are sure:\n${formatSequential(sequential)}`);
    console.log(`\n${formatCalibration(sequential)}`);
  }
  return verdictOn(goals);
}

/** Runs that stop when they are sure, where hardly any router answers. */
async function stock(options: Options): Promise<number> {
  const kinds = STOCK_KINDS.map(({ name }) => name);
  const results = await measured('sequential', { ...options, kinds }, { hasBursts: false });
  console.log(formatSequential(results));
  return verdictOn(stockGoals(results));
}

/** Prints the goals; the exit status. */
function verdictOn(goals: readonly Goal[]): number {
  console.log(`\n${formatGoals(goals)}`);
  return goals.every(({ isMet }) => isMet !== false) ? 0 : 1;
}

interface Options {
  readonly kinds: readonly string[];
  readonly seeds: number;
  readonly healthy: number;
  readonly firstSeed: number;
  readonly workers: number;
  readonly hasBursts: boolean;
  readonly listsWrong: boolean;
  readonly isSequential: boolean;
  readonly isSpeed: boolean;
  readonly isStock: boolean;
  readonly world: TrialOptions | undefined;
}

function readOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: 'string' },
      healthy: { type: 'string' },
      kinds: { type: 'string', default: 'all' },
      'first-seed': { type: 'string', default: '1' },
      workers: { type: 'string', default: String(WORKERS_MAX) },
      bursts: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      wrong: { type: 'boolean', default: false },
      speed: { type: 'boolean', default: false },
      stock: { type: 'boolean', default: false },
      sequential: { type: 'boolean', default: false },
      world: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const kinds = kindsCalled(values.kinds);
  const seeds = Number(values.seeds ?? (values.quick ? QUICK_SEEDS : 100));
  const healthy = Number(values.healthy ?? 3 * seeds);
  const [firstSeed, workers] = [Number(values['first-seed']), Number(values.workers)];
  const areWhole = [seeds, healthy, firstSeed, workers].every(Number.isInteger);
  const areInRange =
    Math.min(seeds, healthy, firstSeed) >= 0 && workers >= 1 && workers <= WORKERS_MAX;
  const hasBursts = values.bursts;
  const world = values.world === undefined ? undefined : trialCalled(values.world, hasBursts);
  const isAsked = values.world === undefined || world !== undefined;
  if (values.help || kinds === undefined || !areWhole || !areInRange || !isAsked) return undefined;
  return {
    kinds,
    seeds,
    healthy,
    firstSeed,
    workers,
    hasBursts,
    listsWrong: values.wrong,
    isSequential: values.sequential,
    isSpeed: values.speed,
    isStock: values.stock,
    world,
  };
}

function trialCalled(name: string, hasBursts: boolean): TrialOptions | undefined {
  const [kind = '', seed = ''] = name.split(':');
  const isKnown = kindsCalled(kind)?.length === 1 && /^\d+$/.test(seed);
  return isKnown ? { kind, seed: Number(seed), hasBursts } : undefined;
}

function measured<Name extends TaskName>(
  task: Name,
  { kinds, seeds, healthy, firstSeed, workers }: Options,
  { hasBursts }: { readonly hasBursts: boolean },
): Promise<TaskResult<Name>[]> {
  const trials = kinds.flatMap((kind) =>
    Array.from({ length: kind === 'none' ? healthy : seeds }, (_, i) => ({
      kind,
      seed: firstSeed + i,
      hasBursts,
    })),
  );
  const onProgress = (done: number): void => {
    if (done % PROGRESS_EVERY === 0) console.error(`${done} of ${trials.length} worlds`);
  };
  return runTrials(task, trials, { workers, onProgress });
}

function wrongWorlds(results: readonly TrialResult[]): string[] {
  return results.flatMap(({ kind, seed, faults, losses, isEndFound }) => {
    const wrong = losses.filter(({ fault }) => fault === -1).length;
    const found = new Set(losses.map(({ fault }) => fault).filter((fault) => fault !== -1)).size;
    return wrong === 0 && (found === faults || isEndFound)
      ? []
      : [`${kind}:${seed} ${found} of ${faults} found, ${wrong} wrong`];
  });
}
