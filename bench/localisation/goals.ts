/** What the localisation must reach, and whether it did. */

import { calibrationOf, type Statement } from './calibration.ts';
import { type Figures, figuresOf, foundFaults, medianOf, shareOf } from './figures.ts';
import { WORLD_KINDS } from './kinds.ts';
import type { SequentialResult } from './sequential.ts';
import type { TrialResult } from './trial.ts';

export interface Goal {
  readonly text: string;
  readonly value: number;
  readonly bound: number;
  readonly sense: 'at least' | 'at most';
  /** Undefined where nothing was measured. */
  readonly isMet: boolean | undefined;
}

const CASES_MIN = 50;
const BINS_BROKEN_MAX = 0;
const EXPECTED_ERROR_MAX = 0.03;
/** Of intervals that are stated with 95 %. */
const COVERAGE_MIN = 0.94;
/** Where losses come in bursts, recall may be as much below what the counts can show at all. */
const BURST_RECALL_DROP_MAX = 0.05;

/** A run that stops when it is sure: its median time, probes beside those of the fixed plan, recall. */
const SEQUENTIAL_SECONDS_MAX = 12;
const SEQUENTIAL_PROBES_MAX = 0.25;
const SEQUENTIAL_RECALL_DROP_MAX = 0.01;

type Ratio = Exclude<keyof Figures, 'ancestor' | 'ancestorVote'>;

interface Wanted {
  readonly text: string;
  readonly figure: Ratio;
  readonly kinds: (kind: string) => boolean;
  readonly bound: number;
  readonly sense: Goal['sense'];
}

const isOne = (kind: string): boolean => !kind.startsWith('two-');
const isReturn = (kind: string): boolean => kind.startsWith('return-');
export const isSingleForward = (kind: string): boolean =>
  isOne(kind) && !isReturn(kind) && kind !== 'none';
const among =
  (...kinds: readonly string[]) =>
  (kind: string): boolean =>
    kinds.includes(kind);

const WANTED: readonly Wanted[] = [
  wanted('strict recall of 13 kinds of fault', 'strictRecall', isSingleForward, 0.9),
  wanted('precision, forward and healthy', 'precision', (k) => isOne(k) && !isReturn(k), 0.96),
  wanted('precision, all 16 kinds', 'precision', isOne, 0.93),
  wanted('recall, link ≥ 5 %', 'strictRecall', among('link-5', 'link-10', 'link-20'), 0.97),
  wanted('recall, black hole', 'strictRecall', among('black-hole'), 0.99),
  wanted('recall, node ≥ 5 %', 'strictRecall', among('node-5', 'node-20'), 0.92),
  wanted('recall, hash bucket 20 %', 'strictRecall', among('bucket-8-20'), 0.92),
  wanted('both named, two links 5 %', 'allFound', among('two-5-5'), 0.85),
  wanted('false alarms, healthy', 'alarmed', among('none'), 0.01, 'at most'),
  wanted('return loss blamed forward', 'blamedForward', isReturn, 0.06, 'at most'),
  wanted('95 % intervals cover', 'intervalCoverage', isSingleForward, COVERAGE_MIN),
  wanted('credible sets cover', 'credibleCoverage', isSingleForward, 0.95),
  wanted('groups in a credible set', 'credibleGroups', isSingleForward, 1.2, 'at most'),
];

function wanted(
  text: string,
  figure: Ratio,
  kinds: Wanted['kinds'],
  ...[bound, sense = 'at least']: [bound: number, sense?: Goal['sense']]
): Wanted {
  return { text, figure, kinds, bound, sense };
}

/** Every goal that these trials can tell of; none of them is left out when it is missed. */
export function goalsOf(results: readonly TrialResult[]): Goal[] {
  const goals = WANTED.flatMap(({ text, figure, kinds, bound, sense }): Goal[] => {
    const chosen = results.filter(({ kind }) => kinds(kind));
    if (chosen.length === 0) return [];
    return [goal(text, figuresOf(chosen)[figure], bound, sense)];
  });
  return [...goals, ...calibrationGoals('', statementsOf(results))];
}

function calibrationGoals(of: string, statements: readonly Statement[]): Goal[] {
  const { bins, expectedError } = calibrationOf(statements);
  const broken = bins.filter(
    ({ cases, statedMean, interval: [low, high] }) =>
      cases >= CASES_MIN && (statedMean < low || statedMean > high),
  );
  return [
    goal(`${of}calibration bins that break their word`, broken.length, BINS_BROKEN_MAX, 'at most'),
    goal(`${of}expected calibration error`, expectedError, EXPECTED_ERROR_MAX, 'at most'),
  ];
}

/** What bursts may cost. */
export function burstGoals(bursts: readonly TrialResult[]): Goal[] {
  const faulty = bursts.filter(({ kind }) => isSingleForward(kind));
  const { strictRecall, oracleRecall } = figuresOf(faulty);
  const healthy = figuresOf(bursts.filter(({ kind }) => kind === 'none'));
  return [
    goal(
      'bursts: recall below the oracle by',
      oracleRecall - strictRecall,
      BURST_RECALL_DROP_MAX,
      'at most',
    ),
    goal('bursts: false alarms, healthy', healthy.alarmed, 0.01, 'at most'),
    goal(
      'bursts: 95 % intervals cover',
      figuresOf(faulty).intervalCoverage,
      COVERAGE_MIN,
      'at least',
    ),
  ];
}

/** What stopping early may cost, on the same worlds with one fault on the way out. */
export function sequentialGoals(
  results: readonly TrialResult[],
  sequential: readonly SequentialResult[],
): Goal[] {
  const chosen = sequential.filter(({ kind }) => isSingleForward(kind));
  const fixed = figuresOf(results.filter(({ kind }) => isSingleForward(kind))).strictRecall;
  const drop = fixed - shareOf(chosen.flatMap(foundFaults));
  const seconds = medianOf(chosen.map((each) => each.seconds));
  const probes = medianOf(chosen.map((each) => each.probes / each.plannedProbes));
  const right = chosen.flatMap(({ losses }) => losses.filter((loss) => loss.fault !== -1));
  const coverage = shareOf(right.map(({ isCovered }) => isCovered));
  return [
    goal('sequential: median s of virtual time', seconds, SEQUENTIAL_SECONDS_MAX, 'at most'),
    goal('sequential: share of the probes', probes, SEQUENTIAL_PROBES_MAX, 'at most'),
    goal('sequential: recall lower by', drop, SEQUENTIAL_RECALL_DROP_MAX, 'at most'),
    goal('sequential: 95 % intervals cover', coverage, COVERAGE_MIN, 'at least'),
    ...calibrationGoals('sequential: ', statementsOf(sequential)),
  ];
}

/** Behind stock limits, whatever a run says too early is wrong: hardly ever more often than stated. */
export function stockGoals(results: readonly SequentialResult[]): Goal[] {
  const losses = results.flatMap((each) => each.losses);
  const wrong = losses.filter(({ fault }) => fault === -1);
  const healthy = results.filter(({ faults }) => faults === 0);
  const alarmed = shareOf(healthy.map((each) => each.losses.length > 0));
  const found = shareOf(results.flatMap(foundFaults));
  return [
    goal('stock limits: names that are wrong', wrong.length / losses.length, 0.04, 'at most'),
    goal('stock limits: false alarms, healthy', alarmed, 0.01, 'at most'),
    goal('stock limits: recall', found, 0.9, 'at least'),
  ];
}

/** What was said of the 16 kinds of worlds, and whether it was so. */
export function statementsOf(
  results: readonly Pick<TrialResult, 'kind' | 'losses'>[],
): Statement[] {
  return results
    .filter(({ kind }) => isOne(kind))
    .flatMap(({ losses }) =>
      losses.map(({ probability, fault }) => ({ probability, isRight: fault !== -1 })),
    );
}

export function kindsCalled(text: string): readonly string[] | undefined {
  const all = WORLD_KINDS.map(({ name }) => name);
  if (text === 'all') return all;
  const chosen = text.split(',');
  return chosen.every((name) => all.includes(name)) ? chosen : undefined;
}

function goal(text: string, value: number, bound: number, sense: Goal['sense']): Goal {
  const isMet = sense === 'at least' ? value >= bound : value <= bound;
  return { text, value, bound, sense, isMet: Number.isNaN(value) ? undefined : isMet };
}
