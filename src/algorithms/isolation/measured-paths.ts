/**
 * From what was observed of flows to what localisation counts: path epochs as flows of their own,
 * hops of per-packet balancers as clumps, and loops cut where they begin.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import { type AnswerSequence, clumpsAmong, runsStatistics } from './clumps.ts';
import { withoutLoops } from './loops.ts';
import { epochsBetween, type PathChange, type PathEpoch, pathChanges } from './path-epochs.ts';
import { ANSWERED_LATE, type Observation, VOID } from './rounds.ts';

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
}

export interface MeasuredPathsOptions {
  readonly minTtl: number;
  /** Address index of the target of flows that are to name no other. */
  readonly target: number;
  /** Rounds that are over. */
  readonly rounds: number;
}

/** A change of path, and how many probes lost meanwhile count for neither path. */
export interface ChangeOfFlow extends PathChange {
  readonly flow: number;
  readonly probesLost: number;
}

export interface MeasuredPaths {
  /**
   * The flows as they are now, in their order, and behind them their earlier epochs. Epochs that
   * were too short to measure are empty.
   */
  readonly counts: PathCounts;
  /** By index into `counts.flows`: which flow it was. */
  readonly flowOf: readonly number[];
  readonly changes: readonly ChangeOfFlow[];
  /** Members of each clump, by the address index that stands for it in the counts. */
  readonly clumps: ReadonlyMap<number, readonly ClumpMember[]>;
  /** Interfaces that send packets back, and to whom: address indexes. */
  readonly loops: ReadonlyMap<number, number>;
}

/** One interface of a hop that stands in the counts under one name. */
export interface ClumpMember {
  readonly address: number;
  readonly replies: number;
}

/** Epochs that lasted fewer rounds tell nothing. */
const EPOCH_ROUNDS_MIN = 2;
/** As many unanswered probes at the end of a path say that the target does not answer there. */
export const SILENT_PROBES = 4;
/** A flow that changes more often than every so many rounds has no path to measure. */
const ROUNDS_A_CHANGE = 2;
const CHANGES_MIN = 4;

/** The paths and counts of all flows. */
export function measurePaths(
  flows: readonly ObservedFlow[],
  options: MeasuredPathsOptions,
): MeasuredPaths {
  const clumps = clumpsAmong(flows.flatMap((flow) => unsteadySequences(flow)));
  const labelOf = (address: number): number => clumps.get(address)?.[0] ?? address;
  const current: FlowCounts[] = [];
  const earlier: { flow: number; counts: FlowCounts }[] = [];
  const changes: ChangeOfFlow[] = [];
  for (const [index, flow] of flows.entries()) {
    const epochs = epochCounts(flow, { ...options, labelOf });
    current.push(epochs.counts.at(-1) ?? EMPTY);
    for (const counts of epochs.counts.slice(0, -1)) {
      if (counts !== EMPTY) earlier.push({ flow: index, counts });
    }
    for (const change of epochs.changes) changes.push({ ...change, flow: index });
  }
  const rows = [...current, ...earlier.map(({ counts }) => counts)];
  const cut = withoutLoops(rows, options.minTtl);
  return {
    counts: { ...options, flows: cut.flows },
    loops: cut.loops,
    flowOf: [...current.keys(), ...earlier.map(({ flow }) => flow)],
    changes,
    clumps: clumpMembers(clumps, flows),
  };
}

/**
 * The part of the counts that tells about links in use: a link that was left long ago cannot be
 * measured any more, and need not be.
 */
export function presentPaths({
  counts,
  flowOf,
}: Pick<MeasuredPaths, 'counts' | 'flowOf'>): Pick<MeasuredPaths, 'counts' | 'flowOf'> {
  const latest = new Map<number, number>();
  for (const [index, flow] of flowOf.entries()) {
    const isEmpty = counts.flows[index]?.sent.length === 0;
    // The flow itself comes first, and after it its earlier epochs from old to new.
    const isNow = latest.get(flow) === flow;
    if (!isEmpty && !isNow) latest.set(flow, index);
  }
  const present = new Set(latest.values());
  const links = new Set([...present].flatMap((index) => linksOf(counts.flows[index] ?? EMPTY)));
  const kept = [...counts.flows.keys()].filter((index) => {
    const flow = counts.flows[index] ?? EMPTY;
    return flowOf[index] === index || linksOf(flow).every((link) => links.has(link));
  });
  return {
    counts: { ...counts, flows: kept.map((index) => counts.flows[index] ?? EMPTY) },
    flowOf: kept.map((index) => flowOf[index] ?? index),
  };
}

function linksOf({ responders }: FlowCounts): string[] {
  return responders.map((far, hop) => `${responders[hop - 1]} ${far}`);
}

const EMPTY: FlowCounts = {
  responders: [],
  sent: [],
  received: [],
  isReached: false,
  answeredLate: 0,
};

interface CountingOptions extends MeasuredPathsOptions {
  /** What is known of the path besides what is counted. */
  readonly known?: readonly number[];
  readonly reachedHop?: number | undefined;
  /** The address that stands for another one in the counts. */
  readonly labelOf: (address: number) => number;
}

function unsteadySequences({ observations, unsteadyHops }: ObservedFlow): AnswerSequence[] {
  return [...unsteadyHops].map((hop) => ({
    hop,
    answers: observations.flatMap(({ hop: other, answer }) =>
      other === hop && answer > STAR ? [answer] : [],
    ),
  }));
}

function clumpMembers(
  clumps: ReadonlyMap<number, readonly number[]>,
  flows: readonly ObservedFlow[],
): Map<number, readonly ClumpMember[]> {
  const replies = new Map<number, number>();
  if (clumps.size > 0) {
    for (const { answer } of flows.flatMap(({ observations }) => observations)) {
      if (clumps.has(answer)) replies.set(answer, (replies.get(answer) ?? 0) + 1);
    }
  }
  return new Map(
    [...clumps.values()].map((members) => [
      members[0] ?? STAR,
      members.map((address) => ({ address, replies: replies.get(address) ?? 0 })),
    ]),
  );
}

/** The counts of each epoch, the present one last. */
function epochCounts(
  flow: ObservedFlow,
  options: CountingOptions,
): { counts: FlowCounts[]; changes: Omit<ChangeOfFlow, 'flow'>[] } {
  const { observations, unsteadyHops } = flow;
  const present = { ...options, known: flow.responders, reachedHop: flow.reachedHop };
  if (unsteadyHops.size === 0) {
    return { counts: [countsOf(flow, observations, present)], changes: [] };
  }
  const labelled = observations.map(({ answer, ...rest }) => ({
    ...rest,
    answer: options.labelOf(answer),
  }));
  if (isRestless({ ...flow, observations: labelled })) return { counts: [EMPTY], changes: [] };
  const changes = pathChanges(labelled);
  if (changes.length === 0) return { counts: [countsOf(flow, labelled, present)], changes: [] };
  const before = stableResponders(labelled);
  const counts = epochsBetween(changes).map((epoch, i) => {
    const within = labelled.filter(({ round }) => isWithin(round, epoch));
    const isLong = new Set(within.map(({ round }) => round)).size >= EPOCH_ROUNDS_MIN;
    if (!isLong) return EMPTY;
    const isLast = i === changes.length;
    const refusalHop = isLast ? flow.refusalHop : undefined;
    const known = before.slice(0, epoch.changedHop);
    const { target } = flow;
    const counted = countsOf({ refusalHop, target }, within, { ...options, known });
    // A path that the target has not answered on yet is not one that ends short of it.
    const isOpen = !counted.isReached && (counted.sent.at(-1) ?? 0) < SILENT_PROBES;
    return isOpen && refusalHop === undefined ? EMPTY : counted;
  });
  return { counts, changes: changes.map((change) => lossDuring(change, labelled)) };
}

/** Whether some hop has another responder too often for any path to be measured. */
function isRestless(flow: ObservedFlow): boolean {
  const rounds = new Set(flow.observations.map(({ round }) => round)).size;
  const changesMax = Math.max(CHANGES_MIN, rounds / ROUNDS_A_CHANGE);
  return unsteadySequences(flow).some(({ answers }) => runsStatistics(answers).runs > changesMax);
}

function lossDuring(
  change: PathChange,
  observations: readonly Observation[],
): Omit<ChangeOfFlow, 'flow'> {
  const lost = observations.filter(
    ({ round, answer }) => answer === STAR && isWithin(round, change),
  );
  return { ...change, probesLost: lost.length };
}

function isWithin(
  round: number,
  { fromRound, toRound }: Pick<PathEpoch, 'fromRound' | 'toRound'>,
): boolean {
  return round >= fromRound && round <= toRound;
}

/** Who answers at each hop at which only one router ever has. */
function stableResponders(observations: readonly Observation[]): number[] {
  const seen: Set<number>[] = [];
  for (const { hop, answer } of observations) {
    if (answer > STAR) seen[hop] = (seen[hop] ?? new Set()).add(answer);
  }
  return Array.from(seen, (answers) => (answers?.size === 1 ? ([...answers][0] ?? STAR) : STAR));
}

/** Adds up what was observed on one path. */
function countsOf(
  { refusalHop, target }: Pick<ObservedFlow, 'refusalHop' | 'target'>,
  observations: readonly Observation[],
  options: CountingOptions,
): FlowCounts {
  const tally = tallied(observations, options);
  const { responders, sent, received, lostIn, probesIn, reachedHop, answeredLate } = tally;
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
    probesIn,
  };
}

interface Tally {
  readonly responders: number[];
  readonly sent: number[];
  readonly received: number[];
  readonly lostIn: number[][];
  readonly probesIn: number[];
  /** Infinity where the target has not answered. */
  reachedHop: number;
  answeredLate: number;
}

function tallied(
  observations: readonly Observation[],
  { rounds, labelOf, known = [], reachedHop = Number.POSITIVE_INFINITY }: CountingOptions,
): Tally {
  const responders = known.map(labelOf);
  const tally: Tally = {
    responders,
    sent: [],
    received: [],
    lostIn: [],
    probesIn: new Array<number>(rounds).fill(0),
    reachedHop,
    answeredLate: 0,
  };
  const { sent, received, probesIn } = tally;
  for (const observation of observations) {
    const { round, hop, answer } = observation;
    if (answer === VOID) continue;
    probesIn[round] = (probesIn[round] ?? 0) + 1;
    sent[hop] = (sent[hop] ?? 0) + 1;
    if (answer === STAR || answer === ANSWERED_LATE) noteLoss(tally, observation);
    else received[hop] = (received[hop] ?? 0) + 1;
    if (answer > STAR) responders[hop] = labelOf(answer);
    else if (answer !== STAR) tally.reachedHop = Math.min(tally.reachedHop, hop);
  }
  return tally;
}

function noteLoss(tally: Tally, { round, hop, answer }: Observation): void {
  if (answer === ANSWERED_LATE) tally.answeredLate++;
  const known = tally.lostIn[hop];
  if (known === undefined) tally.lostIn[hop] = [round];
  else known.push(round);
}

function filled(values: readonly number[], length: number, missing: number): number[] {
  return Array.from({ length }, (_, i) => values[i] ?? missing);
}
