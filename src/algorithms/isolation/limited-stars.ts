/**
 * Losses whose place depends on stars that limited interfaces may have left. A flow then crosses
 * links that nobody has seen it cross, and the lossy flows, which are asked more often than
 * others, are those whose paths are known: what they seem to have in common may be just that.
 */

import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import { ttlOf } from './places.ts';

type LossAcross = Pick<LocatedLoss, 'explanations' | 'flowsAcross' | 'flowsLossy'>;

/** Stars this many hops from a place can move it. */
const NEAR_HOPS = 1;
/** So many lossy flows that are known all around a place hold it, whatever stars others have. */
const KNOWN_LOSSY_FLOWS = 3;

/**
 * Whether a flow across a loss has a star beside it, at a hop where some interface is limited, and
 * too few of those that lose packets have none.
 */
export function dependsOnLimitedStars(
  { explanations, flowsAcross, flowsLossy }: LossAcross,
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
  const isUnclear = (vertices: readonly number[]): boolean =>
    vertices.some((vertex) => {
      const ttl = ttlAt(vertex);
      const isStar = graph.vertices[vertex]?.kind === 'silent';
      return isStar && ttl >= nearest && ttl <= farthest && limitedTtls.has(ttl);
    });
  const unclear = new Set(
    graph.classes.filter(({ vertices }) => isUnclear(vertices)).flatMap(({ flows }) => flows),
  );
  const knownLossy = flowsLossy.filter((flow) => !unclear.has(flow));
  return flowsAcross.some((flow) => unclear.has(flow)) && knownLossy.length < KNOWN_LOSSY_FLOWS;
}
