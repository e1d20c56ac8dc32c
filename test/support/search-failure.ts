/** How often a search that keeps to the stopping points misses a branch, counted on its own. */

import { stoppingPoint } from '../../src/algorithms/multipath/stopping-point.ts';

/**
 * The probability that such a search of a balancer with `branches` equal branches ends before it
 * has seen all of them: flow by flow, with what is known by then of how many were seen.
 */
export function searchFailure(branches: number, failureProbability: number): number {
  let seen = new Map([[0, 1]]);
  let failed = 0;
  for (let flows = 0; seen.size > 0; flows++) {
    const next = new Map<number, number>();
    for (const [count, probability] of seen) {
      if (count === branches) continue;
      if (flows >= stoppingPoint(count + 1, failureProbability)) {
        failed += probability;
        continue;
      }
      const again = count / branches;
      next.set(count, (next.get(count) ?? 0) + probability * again);
      next.set(count + 1, (next.get(count + 1) ?? 0) + probability * (1 - again));
    }
    seen = next;
  }
  return failed;
}
