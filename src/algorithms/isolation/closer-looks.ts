/**
 * Where a round looks more closely: at the cells whose answers would tell most about where losses
 * are (`localisation/probe-worth.ts`), in proportion to that.
 */

import { STAR } from '../../model/path-counts.ts';
import type { PlannedProbe, RoundPlanOptions } from './round-options.ts';

/** Probes of the first rounds that look more closely, at most. */
const LOOKS_MAX = 500;
/** … at one cell. */
const PER_CELL_MAX = 16;
/** … of one interface, so that others get their share of what it answers. */
const PER_INTERFACE_MAX = 50;
/** A probe that is worth less than this share of the best tells nothing. */
const SHARE_MIN = 0.02;

/**
 * Probes beside those that every cell gets, in random order.
 *
 * @param paths by flow: who answers at each hop that is worth probing
 */
export function closerLooks(
  paths: ReadonlyMap<number, readonly number[]>,
  { worths = [], random, limited, minTtl, size = 1 }: RoundPlanOptions,
): PlannedProbe[] {
  const cells = worths.flatMap(({ flow, nats }) => {
    const path = paths.get(flow) ?? [];
    return path.flatMap((responder, hop) => {
      const isAsked = responder !== STAR && !limited.has(responder);
      return isAsked ? [{ flow, ttl: minTtl + hop, responder, worth: nats[hop] ?? 0 }] : [];
    });
  });
  // Not by a list of arguments: there may be more cells than a call can have.
  const best = cells.reduce((most, { worth }) => Math.max(most, worth), 0);
  const telling = cells.filter(({ worth }) => worth > SHARE_MIN * best);
  const all = telling.reduce((sum, { worth }) => sum + worth, 0);
  const left = new Map<number, number>();
  return random.shuffle(telling).flatMap(({ flow, ttl, responder, worth }) => {
    const share = Math.min(PER_CELL_MAX, (size * LOOKS_MAX * worth) / all);
    const budget = left.get(responder) ?? Math.floor(size * PER_INTERFACE_MAX);
    const count = Math.min(budget, Math.floor(share + random.unit()));
    left.set(responder, budget - count);
    return Array.from({ length: count }, () => ({ flow, ttl }));
  });
}
