/**
 * Path epochs: the times during which a flow kept one path. A route change moves all hops behind
 * it at one moment, somewhere between the last reply of the old path and the first of the new one;
 * changes at several TTLs whose intervals intersect are one event. What was sent during an event
 * belongs to neither path and is left out, so that the loss while routers converge is not taken for
 * a loss of either path.
 */

import { STAR } from '../../model/path-counts.ts';
import type { Observation } from './rounds.ts';

/** One change of a path. Rounds `fromRound` to `toRound`, both included, measured neither side. */
export interface PathChange {
  readonly fromRound: number;
  readonly toRound: number;
  /** The first hop that is another one. */
  readonly hop: number;
}

/** Probes of one flow while it kept one path: rounds `fromRound` to `toRound`, both included. */
export interface PathEpoch {
  readonly fromRound: number;
  readonly toRound: number;
  /** Hops before this have been the same in all epochs of the flow. */
  readonly changedHop: number;
}

/** One reply cannot tell a change from a stray packet; as many in a row at one hop can. */
const REPLIES_MIN = 2;

/** A time within which a hop's responder became another one. */
interface Interval {
  readonly hop: number;
  readonly low: number;
  readonly high: number;
  /** Whether the new responder answered often enough to be believed by itself. */
  readonly isFirm: boolean;
}

/**
 * Finds the changes of one flow's path.
 *
 * @param observations of the flow, rounds ascending; who answered stands under the name by which
 *   it is to be told from others
 */
export function pathChanges(observations: readonly Observation[]): PathChange[] {
  const intervals = changeIntervals(observations);
  const changes: PathChange[] = [];
  for (const group of intersecting(intervals)) {
    const hops = new Set(group.map(({ hop }) => hop));
    if (hops.size < 2 && !group.some(({ isFirm }) => isFirm)) continue;
    changes.push({
      fromRound: Math.max(...group.map(({ low }) => low)),
      toRound: Math.min(...group.map(({ high }) => high)),
      hop: Math.min(...hops),
    });
  }
  return changes;
}

/** The times between changes. */
export function epochsBetween(changes: readonly PathChange[]): PathEpoch[] {
  const changedHop = Math.min(Number.POSITIVE_INFINITY, ...changes.map(({ hop }) => hop));
  const starts = [0, ...changes.map(({ toRound }) => toRound + 1)];
  return starts.map((fromRound, i) => ({
    fromRound,
    toRound: (changes[i]?.fromRound ?? Number.POSITIVE_INFINITY) - 1,
    changedHop,
  }));
}

/** Equal answers of one hop, one after the other. */
interface AnswerRun {
  readonly answer: number;
  readonly first: number;
  last: number;
  length: number;
}

function changeIntervals(observations: readonly Observation[]): Interval[] {
  const runsByHop = new Map<number, AnswerRun[]>();
  for (const { round, hop, answer } of observations) {
    if (answer <= STAR) continue;
    const runs = runsByHop.get(hop) ?? [];
    runsByHop.set(hop, runs);
    extend(runs, { answer, first: round, last: round, length: 1 });
  }
  return [...runsByHop].flatMap(([hop, runs]) =>
    withoutStrays(runs).flatMap((run, i, all) => {
      const before = all[i - 1];
      const isFirm = run.length >= REPLIES_MIN;
      return before === undefined ? [] : [{ hop, low: before.last, high: run.first, isFirm }];
    }),
  );
}

/** Leaves out single answers amid those of another responder. */
function withoutStrays(runs: readonly AnswerRun[]): AnswerRun[] {
  const kept: AnswerRun[] = [];
  for (const [i, run] of runs.entries()) {
    const isAmid = i > 0 && runs[i - 1]?.answer === runs[i + 1]?.answer;
    if (run.length < REPLIES_MIN && isAmid) continue;
    extend(kept, { ...run });
  }
  return kept;
}

function extend(runs: AnswerRun[], next: AnswerRun): void {
  const current = runs.at(-1);
  if (current?.answer !== next.answer) {
    runs.push(next);
    return;
  }
  current.last = next.last;
  current.length += next.length;
}

/** Groups intervals so that all of a group have a time in common. */
function intersecting(intervals: readonly Interval[]): Interval[][] {
  const groups: Interval[][] = [];
  let high = Number.NEGATIVE_INFINITY;
  for (const interval of [...intervals].sort((a, b) => a.low - b.low || a.high - b.high)) {
    const group = groups.at(-1);
    if (group === undefined || interval.low > high) {
      groups.push([interval]);
      high = interval.high;
    } else {
      group.push(interval);
      high = Math.min(high, interval.high);
    }
  }
  return groups;
}
