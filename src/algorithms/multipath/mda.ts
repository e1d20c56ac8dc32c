/**
 * The Multipath Detection Algorithm (Veitch 2009), all hops at once: every place is crossed by as
 * many flows as its stopping point asks for, and node control finds more flows for places that
 * lack them. As no stopping point depends on the time at which flows cross, the hops need not be
 * searched one after the other; but nothing is asked for twice, so that each search ends exactly at
 * its stopping point unless flows that serve another place happen to cross it, too.
 */

import { branchesOf, cellKey, type RouteGraph, type Vertex } from './route-graph.ts';
import { freshFlows, isOpenEnded, type SearchView } from './search.ts';
import { stoppingPoint } from './stopping-point.ts';

/** A place that too few known flows cross, and how many it lacks. */
export type Shortages = ReadonlyMap<Vertex, number>;

/**
 * Each round of node control asks for this share of what it is expected to take, so that luck is
 * made use of.
 */
const CAUTION = 0.5;
/** Where a round has to wait for what will not come, rounds cost more than probes. */
const CAUTION_IN_SILENCE = 1;

/** A star of fewer flows is more likely a lost reply than a router that nobody else passes. */
const STAR_FLOWS_MIN = 2;
/** Flows without one that comes by, were the share of a place what its first flows say. */
const OVERDUE = 6;
/** A flow that is still there after so many packets has not left. */
const OVERDUE_PROBES = 3;

/**
 * Flows that a full search sends across a place: as many as rule out one branch more than it has
 * shown (Veitch 2009). One is there for certain, so that a place which has shown none has to rule
 * out two.
 */
export function flowsNeeded(
  vertex: Vertex,
  { settings, failureProbability }: Pick<SearchView, 'settings' | 'failureProbability'>,
): number {
  if (!isOpenEnded(vertex, settings)) return 0;
  if (settings.promisedFor === 'balancer' && leadsToEnd(vertex)) return 1;
  return stoppingPoint(1 + Math.max(1, branchesOf(vertex)), failureProbability);
}

/**
 * Whether a place has shown nothing but the end of paths behind it: other tools, whose promise is
 * each balancer's, take that for its only next hop.
 */
function leadsToEnd({ successors }: Vertex): boolean {
  return successors.size > 0 && [...successors.keys()].every(({ isEnd }) => isEnd);
}

/** Asks how flows came to places, where fewer than `flows` of them are known to tell. */
export function probePredecessors(view: SearchView, flows: number): void {
  const { graph, observations, probe } = view;
  for (const { ttl, kind, flows: passing } of graph.vertices) {
    if (ttl < 2 || kind !== 'interface') continue;
    const isKnown = passing.map(
      (flow) =>
        graph.vertexAt(flow, ttl - 1) !== undefined ||
        observations.stateAt(flow, ttl - 1) !== 'none',
    );
    let missing = flows - isKnown.filter((known) => known).length;
    for (const [i, flow] of passing.entries()) {
      if (missing <= 0) break;
      if (isKnown[i] === true) continue;
      probe(flow, ttl - 1);
      missing--;
    }
  }
}

/**
 * Asks for probes behind every place, by flows that are known to cross it.
 *
 * @param needed how many flows a place is to be crossed by
 * @returns where known flows do not suffice
 */
export function probeSuccessors(view: SearchView, needed: (vertex: Vertex) => number): Shortages {
  const shortages = new Map<Vertex, number>();
  for (const vertex of view.graph.vertices) {
    const missing = needed(vertex) - vertex.observed - vertex.awaited;
    if (missing <= 0) continue;
    const waiting = waitingBehind(vertex, view);
    const left = missing > waiting ? probeBehind(vertex, missing - waiting, view) : 0;
    if (left > 0) shortages.set(vertex, left);
  }
  return shortages;
}

/** Flows of a place whose turn behind it is still to come. */
function waitingBehind({ flows, ttl }: Vertex, { waiting }: SearchView): number {
  if (waiting.size === 0) return 0;
  return flows.filter((flow) => waiting.has(cellKey(flow, ttl + 1))).length;
}

/** @returns how many flows are still lacking */
function probeBehind(vertex: Vertex, missing: number, view: SearchView): number {
  const ttl = vertex.ttl + 1;
  if (view.sprayers.has(vertex.key) && vertex.flows.length > 0) {
    for (let i = 0; i < missing; i++) probeAgain(vertex.flows, ttl, view);
    return 0;
  }
  const left = probeEach(vertex.flows, { ttl, count: missing, view });
  const takesAll = vertex.kind === 'source' || vertex.isNarrow;
  return takesAll ? probeEach(freshFlows(ttl, view), { ttl, count: left, view }) : left;
}

/** @returns how many probes are left of `count` */
function probeEach(
  flows: Iterable<number>,
  { ttl, count, view }: { readonly ttl: number; readonly count: number; readonly view: SearchView },
): number {
  let left = count;
  for (const flow of flows) {
    if (left === 0) break;
    if (view.observations.stateAt(flow, ttl) !== 'none') continue;
    view.probe(flow, ttl);
    left--;
  }
  return left;
}

/** Node control: asks for probes that will show flows across the places that lack them. */
export function controlNodes(shortages: Shortages, view: SearchView): void {
  const { graph, controlledTtl } = view;
  const missing = new Map(shortages);
  for (let ttl = Math.min(graph.byTtl.length - 1, controlledTtl); ttl >= 1; ttl--) {
    if (isAwaited(ttl, view)) continue;
    probeFresh(ttl, controlHop(graph.byTtl[ttl] ?? [], missing, view), view);
  }
  probeFresh(1, Math.ceil(missing.get(graph.source) ?? 0), view);
}

/** @returns how many flows of which nothing is known are worth probing at this hop */
function controlHop(
  vertices: readonly Vertex[],
  missing: Map<Vertex, number>,
  view: SearchView,
): number {
  let fresh = 0;
  for (const vertex of vertices) {
    if (vertex.kind === 'star' && vertex.flows.length < STAR_FLOWS_MIN) continue;
    const left = probeBehindPredecessors(vertex, missing.get(vertex) ?? 0, view);
    if (left === 0) continue;
    if (vertex.kind === 'interface') {
      if (isOverdue(vertex, view)) probeAgain(vertex.flows, vertex.ttl, view, OVERDUE_PROBES);
      fresh = Math.max(
        fresh,
        ordersFor(left, shareOfHop(vertex, view.graph), cautionAt(vertex.ttl, view)),
      );
      continue;
    }
    // Nobody can be seen to be at a star or in a clump but by having come the same way.
    for (const near of vertex.predecessors) missing.set(near, (missing.get(near) ?? 0) + left);
  }
  return fresh;
}

/** Flows of which nothing is known nearer by: those were tried before. */
function probeFresh(ttl: number, count: number, view: SearchView): void {
  let left = count;
  for (const flow of freshFlows(ttl, view)) {
    if (left === 0) return;
    if (ttl > 1 && view.graph.vertexAt(flow, ttl - 1) !== undefined) continue;
    view.probe(flow, ttl);
    left--;
  }
}

/** Uses flows that are known to come by a predecessor. @returns how many flows are still lacking */
function probeBehindPredecessors(vertex: Vertex, lacking: number, view: SearchView): number {
  let left = lacking;
  if (left === 0) return 0;
  const byShare = [...vertex.predecessors].sort(
    (a, b) => shareGoingOn(b, vertex) - shareGoingOn(a, vertex),
  );
  for (const near of byShare) {
    let orders = ordersFor(left, shareGoingOn(near, vertex), cautionAt(vertex.ttl, view));
    let asked = 0;
    for (const flow of near.flows) {
      if (orders === 0) break;
      if (view.observations.stateAt(flow, vertex.ttl) !== 'none') continue;
      view.probe(flow, vertex.ttl);
      orders--;
      asked++;
    }
    left = orders === 0 ? 0 : Math.max(0, left - asked * shareGoingOn(near, vertex));
    if (left === 0) return 0;
  }
  return left;
}

/** One more packet of the flow that has sent the fewest, unless it has sent `most` already. */
function probeAgain(
  flows: readonly number[],
  ttl: number,
  { observations, probe }: SearchView,
  most: number = Number.POSITIVE_INFINITY,
): void {
  let [least, chosen] = [Number.POSITIVE_INFINITY, flows[0] ?? 0];
  for (const flow of flows) {
    const ordered = observations.cellAt(flow, ttl)?.ordered ?? 0;
    if (ordered < least) [least, chosen] = [ordered, flow];
  }
  if (least < most) probe(chosen, ttl);
}

/**
 * Whether so many flows have been probed since the last one that came by that the path of those
 * which did may have changed.
 */
function isOverdue({ flows, ttl }: Vertex, { observations, graph }: SearchView): boolean {
  let [since, seen] = [0, 0];
  const last = flows.at(-1) ?? 0;
  for (let flow = 0; flow < observations.flows; flow++) {
    if (graph.vertexAt(flow, ttl) === undefined) continue;
    if (flow <= last) seen++;
    else since++;
  }
  return since > (OVERDUE * seen) / flows.length;
}

function ordersFor(lacking: number, share: number, caution: number): number {
  return Math.max(1, Math.ceil((caution * lacking) / Math.max(share, 1e-3)));
}

function cautionAt(ttl: number, { graph }: SearchView): number {
  const isSilent = (graph.byTtl[ttl] ?? []).some(({ kind }) => kind === 'star');
  return isSilent ? CAUTION_IN_SILENCE : CAUTION;
}

/** Of the flows that cross `near`, the part that goes on to `far`. */
function shareGoingOn(near: Vertex, far: Vertex): number {
  let total = 0;
  for (const count of near.successors.values()) total += count;
  return (near.successors.get(far) ?? 0) / Math.max(1, total);
}

/** Of all flows at its TTL, the part that crosses it. */
function shareOfHop(vertex: Vertex, { byTtl }: RouteGraph): number {
  const all = (byTtl[vertex.ttl] ?? []).reduce((sum, { flows }) => sum + flows.length, 0);
  return vertex.flows.length / Math.max(1, all);
}

function isAwaited(ttl: number, { observations, waiting }: SearchView): boolean {
  for (let flow = 0; flow < observations.flows; flow++) {
    if (waiting.has(cellKey(flow, ttl))) return true;
    if ((observations.cellAt(flow, ttl)?.pending ?? 0) > 0) return true;
  }
  return false;
}
