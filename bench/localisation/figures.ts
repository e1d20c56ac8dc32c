/** Figures over many trials. Ratios are in [0, 1], NaN where there is nothing to count. */

import type { JudgedLoss } from './judgement.ts';
import type { PlainNames, TrialResult } from './trial.ts';

export interface Figures {
  readonly worlds: number;
  /** Of the faults. */
  readonly strictRecall: number;
  readonly lenientRecall: number;
  /** Of the faults on the way out: the recall of one who knows where to look. */
  readonly oracleRecall: number;
  /** Of the names. */
  readonly precision: number;
  readonly wrongPerRun: number;
  /** Worlds with two faults in which both are named. */
  readonly allFound: number;
  /** Worlds in which something was named wrongly. */
  readonly alarmed: number;
  /** Worlds in which a loss on the way back was said to be on the way out. */
  readonly blamedForward: number;
  readonly intervalCoverage: number;
  readonly relativeError: number;
  readonly credibleCoverage: number;
  readonly credibleGroups: number;
  readonly classSize: number;
  /** Median. */
  readonly inferenceMs: number;
  readonly sampleMs: number;
  readonly ancestor: PlainFigures;
  readonly ancestorVote: PlainFigures;
}

interface PlainFigures {
  readonly strictRecall: number;
  readonly lenientRecall: number;
  readonly precision: number;
  readonly wrongPerRun: number;
  readonly alarmed: number;
}

export function figuresOf(results: readonly TrialResult[]): Figures {
  const losses = results.flatMap((result) => result.losses);
  const right = losses.filter(({ fault }) => fault !== -1);
  const credible = right.flatMap((loss) => loss.credible ?? []);
  const found = results.flatMap(foundFaults);
  const wrong = losses.length - right.length;
  return {
    worlds: results.length,
    strictRecall: shareOf(found),
    lenientRecall: shareOf(results.flatMap(nearlyFoundFaults)),
    oracleRecall: shareOf(results.flatMap(({ detectable }) => detectable)),
    precision: right.length / losses.length,
    wrongPerRun: wrong / results.length,
    allFound: shareOf(results.map((result) => foundFaults(result).every(Boolean))),
    alarmed: shareOf(results.map((result) => result.losses.some(isWrong))),
    blamedForward: shareOf(results.map((result) => result.losses.some(blamesForward))),
    intervalCoverage: shareOf(right.map(({ isCovered }) => isCovered)),
    relativeError: medianOf(right.map(({ relativeError }) => relativeError)),
    credibleCoverage: shareOf(losses.flatMap(({ credible: told }) => told?.isRight ?? [])),
    credibleGroups: meanOf(credible.map(({ groups }) => groups)),
    classSize: meanOf(results.flatMap(({ classSizes }) => classSizes)),
    inferenceMs: medianOf(results.map(({ inferenceMs }) => inferenceMs)),
    sampleMs: medianOf(results.map(({ sampleMs }) => sampleMs)),
    ancestor: plainFigures(results.map(({ ancestor }) => ancestor)),
    ancestorVote: plainFigures(results.map(({ ancestorVote }) => ancestorVote)),
  };
}

function plainFigures(names: readonly PlainNames[]): PlainFigures {
  const found = names.flatMap((each) => each.found);
  const right = names.reduce((sum, each) => sum + each.right, 0);
  const wrong = names.reduce((sum, each) => sum + each.wrong, 0);
  return {
    strictRecall: shareOf(found),
    lenientRecall: shareOf(names.flatMap(({ near }) => near)),
    precision: right / (right + wrong),
    wrongPerRun: wrong / names.length,
    alarmed: shareOf(names.map((each) => each.wrong > 0)),
  };
}

/** By fault: whether it was named, or where nothing arrives, whether paths end there. */
export function foundFaults({
  faults,
  losses,
  isEndFound,
}: Pick<TrialResult, 'faults' | 'losses' | 'isEndFound'>): boolean[] {
  return Array.from(
    { length: faults },
    (_, fault) => isEndFound || losses.some((loss) => loss.fault === fault),
  );
}

function nearlyFoundFaults({ faults, losses, isEndFound }: TrialResult): boolean[] {
  return Array.from(
    { length: faults },
    (_, fault) => isEndFound || losses.some((loss) => loss.near.includes(fault)),
  );
}

function isWrong({ fault }: JudgedLoss): boolean {
  return fault === -1;
}

/** "The target or the way back from it" blames nobody. */
function blamesForward({ fault, saysForward, mayBeTarget }: JudgedLoss): boolean {
  return saysForward || (fault === -1 && !mayBeTarget);
}

export function shareOf(values: readonly boolean[]): number {
  return values.filter(Boolean).length / values.length;
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? Number.NaN) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}

/** The value that a share of all values does not exceed. */
export function quantileOf(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
