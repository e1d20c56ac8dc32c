/**
 * How often `isolate` says what is true of the shipped scenarios, under many seeds, and whether the
 * probabilities that it states are kept. Runs are whole ones, in virtual time.
 */

import { parseArgs } from 'node:util';
import type { IsolateRecord } from '../src/model/isolate-record.ts';
import { casesOf, type ShippedCase, shippedCases } from '../test/support/shipped-truth.ts';
import {
  describeRun,
  isBlamed,
  isolateSimulated,
  type SimulatedRun,
} from '../test/support/simulated-isolation.ts';
import { aligned } from './aligned.ts';
import type { Statement } from './localisation/calibration.ts';
import { calibrationTable } from './localisation/report.ts';
import { median } from './measured-cost.ts';

const USAGE = `Usage: npm run bench:scenarios -- [OPTION]… [SCENARIO]…
  --seeds N       seeds of each scenario (default 10)
  --first-seed N  the first of them (default 1)
  --family 4|6    one family alone
  SCENARIO        names or files (default all that are shipped)`;

/** A verdict that is stated as certain as this is wrong at most once in twenty times. */
const SURE = 0.95;
/** Of the runs of one scenario and family, this share is right. */
const RIGHT_MIN = 0.95;

/** Runs the bench; the exit status: 1 where too many verdicts of a scenario are wrong. */
export async function main(argv: readonly string[]): Promise<number> {
  const options = readOptions(argv);
  if (options === undefined) {
    console.error(USAGE);
    return 1;
  }
  const results: CaseResult[] = [];
  for (const each of options.cases) {
    const result = await resultOf(each, options.seeds);
    results.push(result);
    for (const text of result.wrong) console.log(`${each.name}: ${text}`);
    console.error(`${results.length} of ${options.cases.length} ${each.name} IPv${each.family}`);
  }
  console.log(`\n${formatResults(results)}\n`);
  console.log(calibrationTable(results.flatMap(({ statements }) => statements)));
  const poor = results.filter(({ runs, wrong }) => wrong.length > (1 - RIGHT_MIN) * runs);
  for (const { what } of poor) console.log(`FAIL  ${what} is right less than 19 times of 20`);
  return poor.length === 0 ? 0 : 1;
}

interface Options {
  readonly cases: readonly ShippedCase[];
  readonly seeds: readonly number[];
}

function readOptions(argv: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      seeds: { type: 'string', default: '10' },
      'first-seed': { type: 'string', default: '1' },
      family: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const [count, first] = [Number(values.seeds), Number(values['first-seed'])];
  const areSeeds = Number.isInteger(count) && Number.isInteger(first) && count > 0 && first >= 0;
  const isFamily = values.family === undefined || ['4', '6'].includes(values.family);
  if (values.help || !areSeeds || !isFamily) return undefined;
  const cases = positionals.length > 0 ? positionals.flatMap(casesOf) : shippedCases();
  return {
    cases: cases.filter(({ family }) => [undefined, String(family)].includes(values.family)),
    seeds: Array.from({ length: count }, (_, i) => first + i),
  };
}

interface CaseResult {
  readonly what: string;
  readonly runs: number;
  /** The wrong ones in words. */
  readonly wrong: readonly string[];
  /** Suspects that were named with `SURE` or more and are none. */
  readonly surelyWrong: number;
  readonly seconds: number;
  readonly probes: number;
  readonly statements: readonly Statement[];
}

async function resultOf(
  { name, family, isRight, runsOf }: ShippedCase,
  seeds: readonly number[],
): Promise<CaseResult> {
  const wrong: string[] = [];
  const statements: Statement[] = [];
  const records: IsolateRecord[] = [];
  for (const run of runsOf(seeds)) {
    const record = await isolateSimulated(run);
    records.push(record);
    const isRunRight = isRight(record, run);
    if (!isRunRight) wrong.push(describeRun(record, run));
    for (const suspect of record.suspects) {
      const isSuspectRight = isRunRight || isTruly(record, suspect, run);
      statements.push({ probability: suspect.probability, isRight: isSuspectRight });
    }
  }
  return {
    what: `${name} IPv${family}`,
    runs: records.length,
    wrong,
    surelyWrong: statements.filter((each) => each.probability >= SURE && !each.isRight).length,
    seconds: median(records.map(({ durationMs }) => durationMs / 1000)),
    probes: median(records.map(({ probesSent }) => probesSent)),
    statements,
  };
}

/** Whether one suspect of a record is a place that is at fault. */
function isTruly(
  record: IsolateRecord,
  suspect: IsolateRecord['suspects'][number],
  { scenario }: SimulatedRun,
): boolean {
  const alone = { ...record, suspects: [suspect] };
  return scenario.truth.suspects.some((place) => isBlamed(alone, scenario, place));
}

function formatResults(results: readonly CaseResult[]): string {
  const sumOf = (figure: (result: CaseResult) => number): number =>
    results.reduce((sum, result) => sum + figure(result), 0);
  const row = ({ what, runs, wrong, surelyWrong, seconds, probes }: CaseResult): string[] => [
    what,
    ...[runs, wrong.length, surelyWrong].map(String),
    seconds.toFixed(1),
    String(probes),
  ];
  const total = [sumOf(({ runs }) => runs), sumOf(({ wrong }) => wrong.length)];
  return aligned([
    ['scenario', 'runs', 'wrong', 'surely wrong', 'median s', 'probes'],
    ...results.map(row),
    ['all', ...[...total, sumOf(({ surelyWrong }) => surelyWrong)].map(String)],
  ]);
}
