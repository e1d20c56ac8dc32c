/**
 * The last step of a search: of each place, one flow is followed from end to end, so that somebody
 * who wants to send along a path knows with which flow.
 */

import type { Vertex } from './route-graph.ts';
import { isOpenEnded, type SearchView } from './search.ts';

/** Flows of a place that are looked at, to find the one that lacks least. */
const FLOWS_TRIED = 16;

/** Asks for what the flows lack; @returns whether anything was asked for. */
export function probeWholeFlows(view: SearchView): boolean {
  const covered = coveredPlaces(view);
  let isAsking = false;
  for (const vertex of view.graph.vertices) {
    if (vertex.kind !== 'interface' || covered.has(vertex)) continue;
    const lacking = leastLacking(vertex.flows, view);
    for (const { flow, ttl } of lacking) {
      if (view.observations.stateAt(flow, ttl) !== 'none') continue; // another place asked for it
      view.probe(flow, ttl);
      isAsking = true;
    }
  }
  return isAsking;
}

/** Places that such a flow passes already. */
function coveredPlaces(view: SearchView): ReadonlySet<Vertex> {
  const covered = new Set<Vertex>();
  for (let flow = 0; flow < view.observations.flows; flow++) {
    if (!isWhole(flow, view)) continue;
    for (let ttl = 1; ttl < view.graph.byTtl.length; ttl++) {
      const vertex = view.graph.vertexAt(flow, ttl);
      if (vertex !== undefined) covered.add(vertex);
    }
  }
  return covered;
}

/** Whether a flow is known at every TTL up to its end. */
function isWhole(flow: number, { graph, settings }: SearchView): boolean {
  for (let ttl = 1; ; ttl++) {
    const vertex = graph.vertexAt(flow, ttl);
    if (vertex === undefined) return false;
    if (!isOpenEnded(vertex, settings)) return true;
  }
}

interface Lacking {
  readonly flow: number;
  readonly ttl: number;
}

function leastLacking(flows: readonly number[], view: SearchView): readonly Lacking[] {
  let least: readonly Lacking[] = [];
  for (const flow of flows.slice(0, FLOWS_TRIED)) {
    const lacking = lackingOf(flow, view);
    if (lacking.length > 0 && (least.length === 0 || lacking.length < least.length))
      least = lacking;
  }
  return least;
}

/** TTLs within what is known of a flow, and the next; none where one of them cannot be had. */
function lackingOf(flow: number, { graph, observations }: SearchView): Lacking[] {
  const lacking: Lacking[] = [];
  let last = graph.byTtl.length;
  while (last > 0 && graph.vertexAt(flow, last) === undefined) last--;
  for (let ttl = 1; ttl <= last + 1; ttl++) {
    if (graph.vertexAt(flow, ttl) !== undefined) continue;
    if (observations.stateAt(flow, ttl) !== 'none') return [];
    lacking.push({ flow, ttl });
  }
  return lacking;
}
