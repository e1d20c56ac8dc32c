/**
 * Flows made comparable: each as the hops of its path, with what was sent and answered there.
 * Flows that cannot be placed yet are left out, a target’s lost answers are not taken for a hop,
 * and stars that only a limited interface can have left are given to it.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import type { FlowRow } from './flow-row.ts';
import { imputeStars } from './star-imputation.ts';

export type { FlowRow } from './flow-row.ts';

/** The rows of all flows whose path is known. */
export function flowRows(counts: PathCounts): FlowRow[] {
  const hopsTo = hopsToTargets(counts);
  const rows = counts.flows.flatMap((flow, index) => {
    const target = flow.target ?? counts.target;
    return rowOf(flow, { index, target, targetHops: hopsTo.get(target) ?? 0 }) ?? [];
  });
  const trimmed = withoutPhantoms(rows);
  imputeStars(trimmed);
  return trimmed;
}

/** The hops of the longest path to each target that has answered. */
function hopsToTargets({ flows, target: usual }: PathCounts): ReadonlyMap<number, number> {
  const hops = new Map<number, number>();
  for (const { isReached, responders, target = usual } of flows) {
    if (isReached) hops.set(target, Math.max(hops.get(target) ?? 0, responders.length));
  }
  return hops;
}

interface RowOptions {
  readonly index: number;
  readonly target: number;
  /** 0 where it has not answered. */
  readonly targetHops: number;
}

function rowOf(flow: FlowCounts, { index, target, targetHops }: RowOptions): FlowRow | undefined {
  const known = flow.isReached ? flow.responders.length : lastKnown(flow.responders) + 1;
  if (!isProbedUpTo(flow, known)) return undefined;
  const row = {
    flow: index,
    target,
    responders: flow.responders.slice(0, known),
    sent: flow.sent.slice(0, known),
    received: flow.received.slice(0, known),
    lostIn: flow.lostIn?.slice(0, known) ?? [],
    sentIn: flow.sentIn?.slice(0, known) ?? [],
  };
  if (flow.isReached) return { ...row, end: 'target', answeredLate: flow.answeredLate };
  // A flow that ends while others reach the target loses its probes behind the last hop that
  // answers. All that it sent to the target's distance and beyond is evidence for that.
  const hasGoneAsFar =
    targetHops > 0 && flow.sent.length >= targetHops && isProbedUpTo(flow, targetHops);
  // Of packets that come back nothing more need be known.
  const isLost = targetHops > 0 && flow.isLooping === true && flow.sent.length > known;
  if (!hasGoneAsFar && !isLost)
    return known === 0 ? undefined : { ...row, end: 'open', answeredLate: 0 };
  const from = isLost ? known : Math.max(targetHops - 1, known);
  row.responders.push(STAR);
  row.sent.push(flow.sent.slice(from).reduce((a, b) => a + b, 0));
  if (flow.lostIn !== undefined) row.lostIn.push(flow.lostIn.slice(from).flat());
  if (flow.sentIn !== undefined) row.sentIn.push(flow.sentIn.slice(from).flat());
  row.received.push(0);
  return { ...row, end: 'unseen', answeredLate: 0 };
}

/** Whether every hop has been asked: one that has not is no silent hop. */
function isProbedUpTo({ responders, sent }: FlowCounts, end: number): boolean {
  for (let hop = 0; hop < end; hop++) {
    if ((responders[hop] ?? STAR) === STAR && (sent[hop] ?? 0) === 0) return false;
  }
  return true;
}

function lastKnown(responders: readonly number[]): number {
  let hop = responders.length - 1;
  while (hop >= 0 && responders[hop] === STAR) hop--;
  return hop;
}

/**
 * A flow whose every probe to the target's own TTL was lost, and that was answered at a larger one,
 * seems to have a silent hop before the target. Where the hop before leads straight to the target
 * in other flows, at the same TTL, those probes belong to the target.
 */
function withoutPhantoms(rows: readonly FlowRow[]): FlowRow[] {
  const direct = new Set<string>();
  const step = ({ responders, target }: FlowRow, hop: number): string =>
    `${responders[hop]} ${hop} ${target}`;
  for (const row of rows) {
    const last = row.responders.length - 2;
    if (row.end === 'target' && row.responders[last] !== STAR) direct.add(step(row, last));
  }
  return rows.map((row) => {
    if (row.end !== 'target') return row;
    let trimmed = row;
    for (let last = row.responders.length - 2; last >= 0; last--) {
      if (row.responders[last] !== STAR) {
        return direct.has(step(row, last)) ? trimmed : row;
      }
      trimmed = mergedAtTarget(trimmed);
    }
    return row;
  });
}

/** The last two hops as one. */
function mergedAtTarget(row: FlowRow): FlowRow {
  const last = row.responders.length - 1;
  const joined = (values: readonly number[]): number[] => [
    ...values.slice(0, last - 1),
    (values[last - 1] ?? 0) + (values[last] ?? 0),
  ];
  const target = row.responders[last] ?? STAR;
  return {
    ...row,
    responders: [...row.responders.slice(0, last - 1), target],
    sent: joined(row.sent),
    received: joined(row.received),
    lostIn: [...row.lostIn.slice(0, last - 1), row.lostIn.slice(last - 1).flat()],
    sentIn: [...row.sentIn.slice(0, last - 1), row.sentIn.slice(last - 1).flat()],
  };
}
