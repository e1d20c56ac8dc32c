/**
 * Losses whose place depends on stars that limited interfaces may have left. A flow then crosses
 * links that nobody has seen it cross, and the lossy flows, which are asked more often than
 * others, are those whose paths are known: what they seem to have in common may be just that.
 */

import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import { ttlOf } from './places.ts';

/** Stars this many hops from a place can move it. */
const NEAR_HOPS = 1;

/** Whether a flow across a loss has a star beside it, at a hop where some interface is limited. */
export function dependsOnLimitedStars(
  { explanations, flowsAcross }: Pick<LocatedLoss, 'explanations' | 'flowsAcross'>,
  { graph, limited }: Pick<Localisation, 'graph' | 'limited'>,
): boolean {
  if (limited.length === 0) return false;
  const placeTtls = explanations.map((each) => ttlOf(each, { graph }));
  const nearest = Math.min(...placeTtls) - NEAR_HOPS;
  const farthest = Math.max(...placeTtls) + NEAR_HOPS;
  const ttlAt = (id: number): number => {
    const vertex = graph.vertices[id];
    return vertex === undefined || vertex.kind === 'source' ? 0 : vertex.ttl;
  };
  const limitedTtls = new Set(limited.map(({ vertex }) => ttlAt(vertex)));
  const across = new Set(flowsAcross);
  return graph.classes.some(
    ({ flows, vertices }) =>
      flows.some((flow) => across.has(flow)) &&
      vertices.some((vertex) => {
        const ttl = ttlAt(vertex);
        const isStar = graph.vertices[vertex]?.kind === 'silent';
        return isStar && ttl >= nearest && ttl <= farthest && limitedTtls.has(ttl);
      }),
  );
}
