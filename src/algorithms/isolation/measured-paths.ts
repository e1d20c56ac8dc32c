/**
 * From what was observed of flows to what localisation counts: path epochs as flows of their own,
 * hops of per-packet balancers as clumps, and loops cut where they begin.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import { clumpsAmong } from './clumps.ts';
import { EMPTY, type MeasuredPathsOptions, type ObservedFlow } from './counted-path.ts';
import { type ChangeOfFlow, epochCounts } from './epoch-counts.ts';
import { flowsAtHops } from './flapping.ts';
import { withoutLoops } from './loops.ts';

export interface MeasuredPaths {
  /**
   * The flows on the path that they took last, in their order, and behind them the paths before.
   * Paths that were taken too short to measure are left out; a flow without any other is empty.
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

/** The paths and counts of all flows. */
export function measurePaths(
  observed: readonly ObservedFlow[],
  options: MeasuredPathsOptions,
): MeasuredPaths {
  const flows = observed.map((flow) => (flow.unsteadyHops.size === 0 ? flow : inOrder(flow)));
  const isAnyUnsteady = flows.some(({ unsteadyHops }) => unsteadyHops.size > 0);
  const found = clumpsAmong(isAnyUnsteady ? flowsAtHops(flows) : []);
  const clumps = found.members;
  const labelOf = (address: number): number => clumps.get(address)?.[0] ?? address;
  const current: FlowCounts[] = [];
  const earlier: { flow: number; counts: FlowCounts }[] = [];
  const changes: ChangeOfFlow[] = [];
  for (const [index, epochs] of epochCounts(flows, {
    ...options,
    labelOf,
    flapping: found,
  }).entries()) {
    const measured = epochs.counts.filter((counts) => counts !== EMPTY);
    current.push(measured.pop() ?? EMPTY);
    for (const counts of measured) earlier.push({ flow: index, counts });
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

/** With its observations in the order of sending: they became known in another. */
function inOrder(flow: ObservedFlow): ObservedFlow {
  return { ...flow, observations: [...flow.observations].sort((a, b) => a.atUs - b.atUs) };
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
