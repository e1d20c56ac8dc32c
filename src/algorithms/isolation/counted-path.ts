/** What was observed of one flow, added up as the counts of one path. */

import { type FlowCounts, STAR } from '../../model/path-counts.ts';
import { ANSWERED_LATE, FROM_TARGET, type Observation, VOID } from './rounds.ts';

/** What is known of one flow. Hops count from 0, which is `minTtl`. */
export interface ObservedFlow {
  /** Rounds ascending. */
  readonly observations: readonly Observation[];
  /** Hops at which more than one router has answered; empty for most flows. */
  readonly unsteadyHops: ReadonlySet<number>;
  /** A router at this hop says that it does not forward the flow. */
  readonly refusalHop: number | undefined;
  /** Who answered last at each hop, and where the target did: known sooner than counts are. */
  readonly responders: readonly number[];
  readonly reachedHop: number | undefined;
  /** Address index of its target. */
  readonly target: number;
  /** Left out where its target repeats no answers. */
  readonly awaited?: Awaited | undefined;
}

/**
 * Probes to a target that repeats its answers, which tell nothing yet: the repeat of one that
 * counts as lost may still come. Times by the clock of the run.
 */
export interface Awaited {
  /** When the first of them was sent. */
  readonly fromUs: number;
  /** The same of those that count as lost: earlier where their flow has had no answer since. */
  readonly lostFromUs: number;
}

export interface MeasuredPathsOptions {
  readonly minTtl: number;
  /** Address index of the target of flows that are to name no other. */
  readonly target: number;
  /** Rounds that are over. */
  readonly rounds: number;
  /** Address indexes of those that answer by the clock. */
  readonly clocked: ReadonlySet<number>;
}

export interface CountingOptions extends MeasuredPathsOptions {
  /** What is known of the path besides what is counted. */
  readonly known?: readonly number[];
  readonly reachedHop?: number | undefined;
  /** The address that stands for another one in the counts. */
  readonly labelOf: (address: number) => number;
}

/** Of a flow that has not been measured. */
export const EMPTY: FlowCounts = {
  responders: [],
  sent: [],
  received: [],
  isReached: false,
  answeredLate: 0,
};

/** Adds up what was observed on one path. */
export function countsOf(
  { refusalHop, target, awaited }: Pick<ObservedFlow, 'refusalHop' | 'target' | 'awaited'>,
  observations: readonly Observation[],
  options: CountingOptions,
): FlowCounts {
  const tally = tallied(observations, awaited, options);
  const { responders, sent, received, lostIn, sentIn, reachedHop, answeredLate } = tally;
  const isReached = reachedHop < Number.POSITIVE_INFINITY;
  const useful = Math.min(sent.length, refusalHop ?? Number.POSITIVE_INFINITY);
  const end = isReached ? reachedHop + 1 : useful;
  const path = filled(responders, end, STAR);
  if (isReached) path[end - 1] = target;
  return {
    responders: path,
    sent: filled(sent, end, 0),
    received: filled(received, end, 0),
    isReached,
    answeredLate,
    ...(target === options.target ? {} : { target }),
    lostIn: Array.from({ length: end }, (_, hop) => lostIn[hop] ?? []),
    sentIn: Array.from({ length: end }, (_, hop) => sentIn[hop] ?? []),
  };
}

interface Tally {
  readonly responders: number[];
  readonly sent: number[];
  readonly received: number[];
  readonly lostIn: number[][];
  readonly sentIn: number[][];
  /** Infinity where the target has not answered. */
  reachedHop: number;
  answeredLate: number;
}

function tallied(
  observations: readonly Observation[],
  awaited: Awaited | undefined,
  { labelOf, known = [], reachedHop = Number.POSITIVE_INFINITY }: CountingOptions,
): Tally {
  const responders = known.map(labelOf);
  const tally: Tally = {
    responders,
    sent: [],
    received: [],
    lostIn: [],
    sentIn: [],
    reachedHop,
    answeredLate: 0,
  };
  for (const { hop, answer } of observations) {
    if (answer > STAR) responders[hop] = labelOf(answer);
    else if (isTargets(answer)) tally.reachedHop = Math.min(tally.reachedHop, hop);
  }
  const isAwaited = ({ answer, atUs, hop }: Observation): boolean =>
    awaited !== undefined &&
    hop >= tally.reachedHop &&
    atUs >= (answer === STAR ? awaited.lostFromUs : awaited.fromUs);
  const isTelling = (each: Observation): boolean => each.answer !== VOID && !isAwaited(each);
  const { sent, received, lostIn, sentIn } = tally;
  for (const { round, hop, answer } of observations.filter(isTelling)) {
    note(sentIn, hop, round);
    sent[hop] = (sent[hop] ?? 0) + 1;
    if (answer === ANSWERED_LATE) tally.answeredLate++;
    if (answer === STAR || answer === ANSWERED_LATE) note(lostIn, hop, round);
    else received[hop] = (received[hop] ?? 0) + 1;
  }
  return tally;
}

function isTargets(answer: number): boolean {
  return answer === FROM_TARGET || answer === ANSWERED_LATE;
}

/** Notes the round of a probe to a hop. */
function note(roundsOf: number[][], hop: number, round: number): void {
  const known = roundsOf[hop];
  if (known === undefined) roundsOf[hop] = [round];
  else known.push(round);
}

function filled(values: readonly number[], length: number, missing: number): number[] {
  return Array.from({ length }, (_, i) => values[i] ?? missing);
}
