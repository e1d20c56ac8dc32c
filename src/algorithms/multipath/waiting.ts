/**
 * Which flows without an answer are worth asking again where errors are limited: each turn there
 * costs up to a second. While limits were not known yet, a search may have sent hundreds of flows
 * to find one that goes by a place; those that serve no place any more need not be heard.
 */

import type { Observations } from './observations.ts';
import { cellKey, type RouteGraph, type Vertex } from './route-graph.ts';

/** What decides about it. */
export interface RetryView {
  readonly graph: RouteGraph;
  readonly observations: Pick<Observations, 'stateAt'>;
  /** How many flows a place is to be crossed by. */
  readonly needed: (vertex: Vertex) => number;
}

/**
 * Tells for a flow at a TTL whether its outcome there would serve. It does if it is one of those
 * that a place is to be crossed by: the first ones asked for behind it, whatever came of them. Were
 * they the first that were answered, silent next hops would never be found. Or else a place of that
 * TTL lacks flows that are known to come by.
 */
export function retriesWanted(view: RetryView): (flow: number, ttl: number) => boolean {
  const { graph, needed } = view;
  const counted = new Set<number>();
  const lackingTtls = new Set<number>();
  for (const vertex of graph.vertices) {
    const least = needed(vertex);
    if (vertex.flows.length < least) lackingTtls.add(vertex.ttl);
    for (const key of firstAsked(vertex, least, view)) counted.add(key);
  }
  return (flow, ttl) => lackingTtls.has(ttl) || counted.has(cellKey(flow, ttl));
}

/** Keys of the first flows of a place that were asked for behind it; of one by packets, all. */
function firstAsked({ flows, ttl, clump }: Vertex, count: number, view: RetryView): number[] {
  const asked = flows.filter((flow) => view.observations.stateAt(flow, ttl + 1) !== 'none');
  const first = clump === undefined ? asked.slice(0, count) : asked;
  return first.map((flow) => cellKey(flow, ttl + 1));
}
