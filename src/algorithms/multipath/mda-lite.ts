/**
 * MDA-Lite (Vermeulen 2018): the same flows at every hop, as many as the stopping point of all
 * interfaces of the hop together asks for, and no node control. That is as good as the full search
 * where diamonds are even and not meshed; two flows for each place test whether they are, and where
 * they are not the full search takes over.
 */

import { flowsNeeded } from './mda.ts';
import type { Vertex } from './route-graph.ts';
import { isOpenEnded, type SearchView } from './search.ts';
import { stoppingPoint } from './stopping-point.ts';

/** Flows of each place that test its diamond for meshing: φ of the paper. */
export const TEST_FLOWS = 2;

/**
 * Node control sends more flows across a balancer than its stopping point asks for, so that the
 * full search misses less than it promises. With this share of the failure probability MDA-Lite
 * misses as little, for two thirds of the probes.
 */
const STRICTNESS = 0.3;

/** Asks for flows at every hop; those whose path has ended count, too. */
export function probeHops(view: SearchView): void {
  const { settings, observations, graph, probe, failureProbability } = view;
  for (let ttl = 1; ttl <= settings.maxTtl; ttl++) {
    const nearer = graph.byTtl[ttl - 1] ?? [];
    if (!nearer.some((vertex) => isOpenEnded(vertex, settings))) return;
    const here = graph.byTtl[ttl]?.length ?? 0;
    const isEnding = nearer.some((vertex) => !isOpenEnded(vertex, settings));
    const kinds = Math.max(1, here + (isEnding ? 1 : 0));
    const needed = stoppingPoint(kinds + 1, STRICTNESS * failureProbability);
    for (let flow = 0; flow < Math.min(needed, settings.flowsMax); flow++) {
      if (observations.stateAt(flow, ttl) !== 'none' || observations.endTtl(flow) < ttl) continue;
      probe(flow, ttl);
    }
  }
}

/** Flows that a place is to be crossed by: enough for the tests, and for the full search all. */
export function flowsNeededLite(
  vertex: Vertex,
  view: SearchView,
  uneven: ReadonlySet<number>,
): number {
  if (!isOpenEnded(vertex, view.settings)) return 0;
  if (uneven.has(vertex.ttl)) return flowsNeeded(vertex, view);
  const { byTtl } = view.graph;
  const isTested = widthAt(byTtl, vertex.ttl) > 1 && widthAt(byTtl, vertex.ttl + 1) > 1;
  return isTested ? TEST_FLOWS : 1;
}

/**
 * The TTLs of places that need the full search: those of every diamond that is meshed or not even,
 * from its divergence on.
 */
export function unevenTtls({ graph }: SearchView, known: ReadonlySet<number>): Set<number> {
  const uneven = new Set(known);
  const { byTtl } = graph;
  for (let ttl = 0; ttl + 1 < byTtl.length; ttl++) {
    if (!isMeshedOrUneven(byTtl[ttl] ?? [], byTtl[ttl + 1] ?? [])) continue;
    let [first, last] = [ttl, ttl];
    while (first > 0 && widthAt(byTtl, first) > 1) first--;
    while (widthAt(byTtl, last + 1) > 1) last++;
    for (let each = first; each <= last; each++) uneven.add(each);
  }
  return uneven;
}

/** Between two hops: a place with several neighbours on the narrower side, or unequal fans. */
function isMeshedOrUneven(near: readonly Vertex[], far: readonly Vertex[]): boolean {
  if (far.length < 2 && near.length < 2) return false;
  const out = near.filter(({ isEnd }) => !isEnd).map(({ successors }) => successors.size);
  const back = far.map(({ predecessors }) => predecessors.size);
  const fans = near.length <= far.length ? out : back;
  const others = near.length <= far.length ? back : out;
  const isMeshed = near.length > 1 && far.length > 1 && others.some((count) => count > 1);
  // A place whose neighbours nobody has seen yet says nothing.
  return isMeshed || new Set(fans.filter((count) => count > 0)).size > 1;
}

function widthAt(byTtl: readonly (readonly Vertex[])[], ttl: number): number {
  return byTtl[ttl]?.length ?? 0;
}
