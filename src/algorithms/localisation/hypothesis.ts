/**
 * A candidate in the search: what it covers in the model, and what it has to explain before it is
 * believed. Penalties are in nats, and play the part of prior odds.
 */

import type { Candidate } from './candidates.ts';
import type { Span } from './coverage-classes.ts';
import type { Coverage } from './likelihood.ts';
import type { Mixture } from './partial-loss.ts';

/**
 * ln of the largest over the smallest loss of interest, squared, over 2π: with this the penalty is
 * that of a likelihood averaged over losses of every order of magnitude (Laplace’s method).
 */
const SCALE_WEIGHT = 6;
/** −ln of the prior odds of a limited responder: one in ten. */
export const NUISANCE_PENALTY = 2.3;
/** What a partial loss has to explain beyond a whole one, for loss and for limits. */
const PARTIAL_PENALTY = 3;
const PARTIAL_NUISANCE_PENALTY = 1;

/** A candidate in the search, or the part of its flows that a partial loss hits. */
export interface Term {
  readonly candidate: Candidate;
  readonly coverage: Coverage;
  /** −ln of the chance of it before anything is known, in nats. */
  readonly prior: number;
  /** Probes in all its cells. */
  readonly sent: number;
  /** Flows that a partial loss hits; undefined for a loss of all flows alike. */
  readonly members: readonly number[] | undefined;
  /** As in the candidate, but of pieces. */
  readonly spans: readonly Span[];
}

/** How well an unbelieved candidate would do. */
export interface Prospect {
  readonly term: Term;
  readonly theta: number;
  /** In nats, beyond the penalty. */
  readonly score: number;
  /** Set where it does best as a partial loss. */
  readonly mixture: Mixture | undefined;
}

/** What a loss of this size has to explain before it is believed, in nats. */
export function penaltyOf({ prior, sent }: Term, theta: number): number {
  return prior + 0.5 * Math.log1p(-SCALE_WEIGHT * sent * Math.expm1(theta));
}

/** The prospect with the highest score. */
export function bestOf(prospects: readonly Prospect[]): Prospect | undefined {
  let best: Prospect | undefined;
  for (const prospect of prospects) {
    if (best === undefined || prospect.score > best.score) best = prospect;
  }
  return best;
}

/** What it takes beyond that to say that only part of the flows is hit. */
export function partialPenalty({ candidate }: Term): number {
  const extra = candidate.isNuisance ? PARTIAL_NUISANCE_PENALTY : PARTIAL_PENALTY;
  return extra + 0.5 * Math.log1p(candidate.flowCount);
}
