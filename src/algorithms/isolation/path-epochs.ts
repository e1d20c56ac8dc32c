/**
 * Path epochs: the times during which a flow kept one path. A route change moves all hops behind
 * it at one moment, somewhere between the last reply of the old path and the first of the new one;
 * changes at several TTLs whose intervals intersect are one event. What was sent during an event
 * belongs to neither path and is left out, so that the loss while routers converge is not taken for
 * a loss of either path.
 */

import { STAR } from '../../model/path-counts.ts';
import type { Observation } from './rounds.ts';

/**
 * One change of a path, somewhere between `fromUs` and `toUs`: what was sent then, and not at
 * either time, measured neither side.
 */
export interface PathChange {
  readonly fromUs: number;
  readonly toUs: number;
  /** The first hop that is another one. */
  readonly hop: number;
}

/** A time for which a flow kept one path: `fromUs` to `toUs`, both included. */
export interface PathEpoch {
  readonly fromUs: number;
  readonly toUs: number;
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
 * @param observations of the flow, in the order of sending; who answered stands under the name by
 *   which it is to be told from others
 */
export function pathChanges(observations: readonly Observation[]): PathChange[] {
  return intersecting(changeIntervals(observations))
    .filter(isConfirmed)
    .map((group) => ({ ...commonTime(group), hop: Math.min(...group.map(({ hop }) => hop)) }));
}

/**
 * Until when it is known which path a flow took: a last answer of another responder, which nothing
 * confirms yet, may be a stray one or the first of the next path. Infinite where there is none.
 *
 * @param observations as for `pathChanges`
 */
export function settledUntilUs(observations: readonly Observation[]): number {
  const last = intersecting(changeIntervals(observations)).at(-1) ?? [];
  return isConfirmed(last) ? Number.POSITIVE_INFINITY : Math.min(...last.map(({ low }) => low));
}

/** Whether enough answers show a change. */
function isConfirmed(group: readonly Interval[]): boolean {
  return new Set(group.map(({ hop }) => hop)).size > 1 || group.some(({ isFirm }) => isFirm);
}

/** The time that intersecting intervals have in common. */
function commonTime(group: readonly Interval[]): Pick<PathChange, 'fromUs' | 'toUs'> {
  return {
    fromUs: Math.max(...group.map(({ low }) => low)),
    toUs: Math.min(...group.map(({ high }) => high)),
  };
}

/** Flows that must have changed at the same time for that to be an event of the network. */
const EVENT_FLOWS_MIN = 3;

/**
 * Changes of many flows behind the same hop whose times intersect are one event of the network, and
 * its time is known more exactly than any flow tells it. What follows are, for one flow, the times
 * at which its path may have changed: at such events behind a hop that it has changed behind, also
 * where it was asked too little to show that, and else when it did.
 *
 * @param own the changes of the flow
 * @param events as `networkEvents` finds them
 */
export function possibleChanges(
  own: readonly PathChange[],
  events: readonly PathChange[],
): PathChange[] {
  const hops = new Set(own.map(({ hop }) => hop));
  const shared = events.filter(({ hop }) => hops.has(hop));
  const isShared = (change: PathChange): boolean =>
    shared.some(({ hop, fromUs, toUs }) => {
      return hop === change.hop && fromUs >= change.fromUs && toUs <= change.toUs;
    });
  const alone = own.filter((change) => !isShared(change));
  return [...shared, ...alone].sort((a, b) => a.fromUs - b.fromUs);
}

/** @param changes by flow */
export function networkEvents(changes: readonly (readonly PathChange[])[]): PathChange[] {
  const byHop = new Map<number, Interval[]>();
  for (const { hop, fromUs, toUs } of changes.flat()) {
    const intervals = byHop.get(hop) ?? [];
    byHop.set(hop, intervals);
    intervals.push({ hop, low: fromUs, high: toUs, isFirm: true });
  }
  return [...byHop].flatMap(([hop, intervals]) =>
    intersecting(intervals)
      .filter(({ length }) => length >= EVENT_FLOWS_MIN)
      .map((group) => ({ hop, ...commonTime(group) })),
  );
}

/** The times between changes. */
export function epochsBetween(changes: readonly PathChange[]): PathEpoch[] {
  const starts = [Number.NEGATIVE_INFINITY, ...changes.map(({ toUs }) => toUs)];
  return starts.map((fromUs, i) => ({
    fromUs,
    toUs: changes[i]?.fromUs ?? Number.POSITIVE_INFINITY,
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
  for (const { atUs, hop, answer } of observations) {
    if (answer <= STAR) continue;
    const runs = runsByHop.get(hop) ?? [];
    runsByHop.set(hop, runs);
    extend(runs, { answer, first: atUs, last: atUs, length: 1 });
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
