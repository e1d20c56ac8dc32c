/**
 * The counts of a flow whose path changes: one set for each path that it has had, however often it
 * came back to it.
 */

import { type FlowCounts, STAR } from '../../model/path-counts.ts';
import { runsStatistics } from '../runs-test.ts';
import { type CountingOptions, countsOf, EMPTY, type ObservedFlow } from './counted-path.ts';
import type { AnswerSequence, Flapping } from './flapping.ts';
import {
  epochsBetween,
  networkEvents,
  type PathChange,
  pathChanges,
  possibleChanges,
  settledUntilUs,
} from './path-epochs.ts';
import type { Observation } from './rounds.ts';

/** A change of path, and how many probes lost meanwhile count for neither path. */
export interface ChangeOfFlow extends PathChange {
  readonly flow: number;
  readonly probesLost: number;
  /** Whether it stands for so many that no path of the flow could be measured. */
  readonly isRestless: boolean;
}

/** The counts of a flow by path, and the changes between them. */
export interface EpochCounts {
  /** Those of the present path last; empty where it was too short to measure. */
  readonly counts: readonly FlowCounts[];
  readonly changes: readonly Omit<ChangeOfFlow, 'flow'>[];
}

/** Paths that were taken in fewer rounds tell nothing. */
const PATH_ROUNDS_MIN = 2;
/** As many unanswered probes at the end of a path say that the target does not answer there. */
export const SILENT_PROBES = 4;
/** A flow with more runs of one answer than this, of fewer answers each, has no path to measure. */
const RUNS_MANY = 4;
const ANSWERS_A_RUN = 2;

/** Who answered at each hop at which more than one router has, in the order of sending. */
function unsteadySequences({
  observations,
  unsteadyHops,
}: Pick<ObservedFlow, 'observations' | 'unsteadyHops'>): AnswerSequence[] {
  return [...unsteadyHops].map((hop) => ({
    hop,
    answers: observations.flatMap(({ hop: other, answer }) =>
      other === hop && answer > STAR ? [answer] : [],
    ),
  }));
}

/**
 * The counts of all flows, by path.
 *
 * @param flows with their observations in the order of sending
 */
export function epochCounts(
  flows: readonly ObservedFlow[],
  { flapping, ...options }: CountingOptions & { readonly flapping: Flapping },
): readonly EpochCounts[] {
  const moves = flows.map((flow, index) => movesOf(flow, flapping.restless.get(index), options));
  const events = networkEvents(moves.map(({ changes }) => changes));
  return flows.map((flow, index) => {
    const { observations, changes, restless } = moves[index] ?? NO_MOVES;
    if (restless !== undefined) return { counts: [EMPTY], changes: [restless] };
    if (flapping.unknown.has(index)) return { counts: [EMPTY], changes: [] };
    if (changes.length === 0) {
      const present = { ...options, known: flow.responders, reachedHop: flow.reachedHop };
      return { counts: [countsOf(flow, observations, present)], changes: [] };
    }
    return {
      counts: countsByPath({ ...flow, observations }, { ...options, changes, events }),
      changes: changes.map((change) => ({
        ...change,
        probesLost: lostBetween(observations, change),
        isRestless: false,
      })),
    };
  });
}

/** How the path of one flow changes. */
interface Moves {
  /** With the members of a clump under one name. */
  readonly observations: readonly Observation[];
  readonly changes: readonly PathChange[];
  /** Set where they are too many: what stands for all of them. */
  readonly restless: EpochCounts['changes'][number] | undefined;
}

const NO_MOVES: Moves = { observations: [], changes: [], restless: undefined };

function movesOf(
  { observations, unsteadyHops }: ObservedFlow,
  flapsAt: number | undefined,
  { labelOf }: CountingOptions,
): Moves {
  if (unsteadyHops.size === 0) return { ...NO_MOVES, observations };
  const labelled = observations.map((each) => ({ ...each, answer: labelOf(each.answer) }));
  const restless =
    flapsAt === undefined
      ? restlessness({ observations: labelled, unsteadyHops })
      : restlessFrom(flapsAt, labelled);
  if (restless !== undefined) return { observations: labelled, changes: [], restless };
  const untilUs = settledUntilUs(labelled);
  const settled = labelled.filter(({ atUs }) => atUs <= untilUs);
  return { observations: settled, changes: pathChanges(settled), restless };
}

interface PathOptions extends CountingOptions {
  readonly changes: readonly PathChange[];
  /** Changes of the network that many flows have shown. */
  readonly events: readonly PathChange[];
}

function countsByPath(
  flow: ObservedFlow,
  { changes, events, ...options }: PathOptions,
): FlowCounts[] {
  const { observations, target, awaited } = flow;
  const known = stableResponders(observations).slice(0, Math.min(...changes.map(({ hop }) => hop)));
  const paths = pathsTaken(observations, possibleChanges(changes, events));
  return paths.map((within, i) => {
    if (new Set(within.map(({ round }) => round)).size < PATH_ROUNDS_MIN) return EMPTY;
    const refusalHop = i === paths.length - 1 ? flow.refusalHop : undefined;
    const counted = countsOf({ refusalHop, target, awaited }, within, { ...options, known });
    // A path that the target has not answered on yet is not one that ends short of it.
    const isOpen = !counted.isReached && (counted.sent.at(-1) ?? 0) < SILENT_PROBES;
    return isOpen && refusalHop === undefined ? EMPTY : counted;
  });
}

/** What stands for all changes where some hop has another responder too often. */
function restlessness(
  flow: Pick<ObservedFlow, 'observations' | 'unsteadyHops'>,
): EpochCounts['changes'][number] | undefined {
  const hops = unsteadySequences(flow).flatMap(({ hop, answers }) => {
    const { runs } = runsStatistics(answers);
    return runs > RUNS_MANY && answers.length < ANSWERS_A_RUN * runs ? [hop] : [];
  });
  return hops.length === 0 ? undefined : restlessFrom(Math.min(...hops), flow.observations);
}

function restlessFrom(
  hop: number,
  observations: readonly Observation[],
): EpochCounts['changes'][number] {
  const change = {
    hop,
    fromUs: observations[0]?.atUs ?? 0,
    toUs: observations.at(-1)?.atUs ?? 0,
  };
  return { ...change, probesLost: lostBetween(observations, change), isRestless: true };
}

/** One path of a flow, in all the times that it was taken. */
interface TakenPath {
  /** Who answers at the hops that have changed. */
  readonly answers: Map<number, number>;
  observations: readonly Observation[];
}

/**
 * The observations by path, that of the latest path last. Two times are of one path where no hop
 * answers otherwise, and a hop that has changed answers alike. A time in which hops contradict
 * themselves is of none.
 */
function pathsTaken(
  observations: readonly Observation[],
  changes: readonly PathChange[],
): (readonly Observation[])[] {
  const stable = stableResponders(observations);
  const paths: TakenPath[] = [];
  for (const { fromUs, toUs } of epochsBetween(changes)) {
    const within = observations.filter(({ atUs }) => atUs >= fromUs && atUs <= toUs);
    const answers = usualAnswers(within, stable);
    if (answers === undefined) continue;
    const same = paths.filter((path) => isSamePath(path.answers, answers));
    const [path] = same;
    if (path === undefined || same.length > 1) {
      paths.push({ answers, observations: within });
      continue;
    }
    for (const [hop, answer] of answers) path.answers.set(hop, answer);
    path.observations = [...path.observations, ...within];
    paths.push(...paths.splice(paths.indexOf(path), 1));
  }
  return paths.map((path) => path.observations);
}

/** By hop that has changed: who answers, but for a stray; undefined where several do. */
function usualAnswers(
  observations: readonly Observation[],
  stable: readonly number[],
): Map<number, number> | undefined {
  const byHop = new Map<number, Map<number, number>>();
  for (const { hop, answer } of observations) {
    if (answer <= STAR || (stable[hop] ?? STAR) !== STAR) continue;
    const counts = byHop.get(hop) ?? new Map<number, number>();
    byHop.set(hop, counts.set(answer, (counts.get(answer) ?? 0) + 1));
  }
  const usual = new Map<number, number>();
  for (const [hop, counts] of byHop) {
    const [[answer] = [STAR], ...others] = [...counts].sort(([, a], [, b]) => b - a);
    if (others.some(([, count]) => count > 1) || others.length > 1) return undefined;
    usual.set(hop, answer);
  }
  return usual;
}

function isSamePath(one: ReadonlyMap<number, number>, other: ReadonlyMap<number, number>): boolean {
  const common = [...other].filter(([hop]) => one.has(hop));
  return common.length > 0 && common.every(([hop, answer]) => one.get(hop) === answer);
}

function lostBetween(
  observations: readonly Observation[],
  { fromUs, toUs }: Pick<PathChange, 'fromUs' | 'toUs'>,
): number {
  return observations.filter(({ atUs, answer }) => answer === STAR && atUs > fromUs && atUs < toUs)
    .length;
}

/** Who answers at each hop at which only one router ever has. */
function stableResponders(observations: readonly Observation[]): number[] {
  const seen: Set<number>[] = [];
  for (const { hop, answer } of observations) {
    if (answer > STAR) seen[hop] = (seen[hop] ?? new Set()).add(answer);
  }
  return Array.from(seen, (answers) => (answers?.size === 1 ? ([...answers][0] ?? STAR) : STAR));
}
