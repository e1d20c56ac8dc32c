/**
 * Whether balancers keep the packets of a flow together. Flows that were seen to part are probed
 * again: a flow that goes another way then shows either a balancer that sends each packet another
 * way, where answers come as drawn by lot, or a path that changed once: those come in two runs.
 */

import { isByLot, runsStatistics } from '../runs-test.ts';
import type { Cell } from './observations.ts';
import type { Vertex } from './route-graph.ts';
import type { SearchView } from './search.ts';

/** A flow that left one next hop for another. */
export interface BranchChange {
  readonly flow: number;
  readonly ttl: number;
  /** Indexes of addresses. */
  readonly before: number;
  readonly after: number;
}

/** What repeated probes say of a balancer. */
export type Constancy = 'per-flow' | 'per-packet' | 'untested' | BranchChange;

/** Packets of a flow that has gone two ways, until it is clear why. */
const DISPUTED_ANSWERS = 8;
const RUNS_OF_A_CHANGE = 2;
/** Probes for each answer that is wanted, of those who do not answer each. */
const TRIES = 3;
/** The last run of a path that has changed. */
const LAST_RUN_MIN = 4;

/** Judges a balancer with two next hops or more, and asks for the repeats that this takes. */
export function constancyOf(vertex: Vertex, view: SearchView): Constancy {
  const ttl = vertex.ttl + 1;
  const branches = [...vertex.successors.keys()].filter(({ kind }) => kind === 'interface');
  let [repeats, ordered, awaited] = [0, 0, 0];
  for (const flow of vertex.flows) {
    const cell = view.observations.cellAt(flow, ttl);
    if (cell === undefined) continue;
    const judged = judgedFlow(flow, ttl, cell);
    if (judged === 'disputed') return disputed(flow, ttl, { cell, view });
    if (judged !== 'steady') return judged;
    awaited += cell.pending;
    repeats += Math.max(0, cell.answers.length - 1);
    ordered += cell.answers.length + cell.lost + cell.pending - 1;
  }
  const needed = repeatsNeeded(branches.length, view.failureProbability);
  if (repeats >= needed) return 'per-flow';
  if (awaited > 0) return 'untested';
  if (ordered >= TRIES * needed) return 'per-flow'; // it does not answer more often
  repeatOldest(branches, needed - repeats, { view, near: vertex });
  return 'untested';
}

function disputed(
  flow: number,
  ttl: number,
  { cell, view }: { readonly cell: Cell; readonly view: SearchView },
): Constancy {
  const missing = DISPUTED_ANSWERS - cell.answers.length;
  for (let i = cell.pending; i < missing; i++) view.probe(flow, ttl);
  return 'untested';
}

/** Repeats that a balancer by packets with so many equal branches answers all alike too rarely. */
function repeatsNeeded(branches: number, failureProbability: number): number {
  return Math.ceil(Math.log(failureProbability) / -Math.log(branches));
}

function judgedFlow(
  flow: number,
  ttl: number,
  { answers, lost, pending }: Cell,
): 'steady' | 'disputed' | 'per-packet' | BranchChange {
  const responders = answers.map(({ responder }) => responder);
  if (responders.every((responder) => responder === responders[0])) return 'steady';
  const isExhausted = pending === 0 && answers.length + lost >= TRIES * DISPUTED_ANSWERS;
  if (responders.length < DISPUTED_ANSWERS && !isExhausted) return 'disputed';
  const statistics = runsStatistics(responders);
  const last = responders.at(-1) ?? -1;
  const start = 1 + responders.findLastIndex((responder) => responder !== last);
  const isOneChange = statistics.runs <= RUNS_OF_A_CHANGE;
  const hasSettled = responders.length - start >= LAST_RUN_MIN;
  if (!hasSettled || (isByLot(statistics) && !isOneChange)) return 'per-packet';
  const before = responders[start - 1] ?? -1;
  return { flow, ttl, before, after: last };
}

/** Of each branch in turn, the flows that were seen there first: they would have changed. */
function repeatOldest(
  branches: readonly Vertex[],
  count: number,
  { view, near }: { readonly view: SearchView; readonly near: Vertex },
): void {
  const { graph, probe } = view;
  const queues = branches.map(({ ttl, flows }) =>
    flows.filter((flow) => graph.vertexAt(flow, ttl - 1) === near),
  );
  const longest = Math.max(...queues.map((flows) => flows.length));
  for (let turn = 0, left = count; left > 0; turn++) {
    for (const flows of queues) {
      const flow = flows[turn % Math.max(1, flows.length)];
      if (flow === undefined || left === 0) continue;
      probe(flow, near.ttl + 1);
      left--;
    }
    if (longest === 0) return;
  }
}
