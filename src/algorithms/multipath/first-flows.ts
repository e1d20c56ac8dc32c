/**
 * The begin of a search: the first flow shows how far its path goes, a few hops at a time so that
 * little is sent past the target, and the next ones follow it over all hops at once. Every hop
 * needs as many anyway.
 */

import type { SearchView } from './search.ts';
import { isOpenEnded } from './search.ts';
import { stoppingPoint } from './stopping-point.ts';

/** TTLs of the first flow that are under way beyond the last that has its outcome. */
const WINDOW = 4;

/** Asks for their probes. */
export function probeFirstFlows(view: SearchView): void {
  const { observations, settings, graph, probe } = view;
  const known = probeAhead(view);
  const count = Math.min(stoppingPoint(2, view.failureProbability), settings.flowsMax);
  for (let ttl = 1; ttl <= known; ttl++) {
    const place = graph.vertexAt(0, ttl);
    if (place === undefined || (place.isEnd && settings.promisedFor === 'balancer')) continue;
    for (let flow = 1; flow < count; flow++) {
      if (observations.stateAt(flow, ttl) !== 'none') continue;
      if (observations.endTtl(flow) >= ttl) probe(flow, ttl);
    }
  }
}

/** @returns the last TTL at which it is known where the first flow is */
function probeAhead({ observations, settings, graph, probe }: SearchView): number {
  let [known, reach] = [0, 0];
  for (let ttl = 1; ttl <= settings.maxTtl; ttl++) {
    if (observations.stateAt(0, ttl) === 'answered') reach = ttl;
  }
  for (let ttl = 1; ttl <= settings.maxTtl; ttl++) {
    const near = graph.vertexAt(0, ttl - 1);
    if (near !== undefined && !isOpenEnded(near, settings)) break;
    if (graph.vertexAt(0, ttl) !== undefined) known = ttl;
    if (ttl > Math.max(reach, known) + WINDOW) break;
    if (observations.stateAt(0, ttl) === 'none') probe(0, ttl);
  }
  return known;
}
