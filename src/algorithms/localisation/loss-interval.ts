/** What the counts say about the size of one loss: estimates and bounds from its likelihood. */

import type { LossModel } from './likelihood.ts';

/** Half the 95 % quantile of χ² with one degree of freedom: how far ln L may fall at the ends. */
const INTERVAL_DROP_95 = 3.841 / 2;
const BISECTIONS = 24;
/** θ of a loss of all but 2 in 10⁹ packets: what the counts never tell from a total one. */
const THETA_TOTAL_LOSS = -20;
/** The likelihood ends at 1 − e^−9; what comes near is a total loss. */
const THETA_INDISTINCT = -8.9;
/** Half the weight on no loss at all, half on losses of every order of magnitude. */
const ALTERNATIVES: readonly { readonly theta: number; readonly weight: number }[] = [
  { theta: 0, weight: 0.5 },
  ...[0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 0.999].map((loss, _, all) => ({
    theta: Math.log1p(-loss),
    weight: 0.5 / all.length,
  })),
];
/** Losses between these are considered, on a logarithmic scale. */
const LOSS_MIN = 1e-5;
const GRID_STEPS = 400;

/** Loss ratio with the highest likelihood, all else as fitted, in [0, 1]. */
export function estimatedLoss(model: LossModel, cells: readonly number[]): number {
  const { theta } = model.fit(cells);
  return theta <= THETA_INDISTINCT ? 1 : -Math.expm1(theta);
}

/** The profile-likelihood interval at 95 %: all losses that fit nearly as well as the best. */
export function lossInterval(model: LossModel, cells: readonly number[]): [number, number] {
  const { theta } = model.fit(cells);
  const best = model.profileGain(cells, theta);
  const drop = (at: number): number => best - model.profileGain(cells, at) - INTERVAL_DROP_95;
  return [lossWhere(drop, theta, 0), lossWhere(drop, theta, THETA_TOTAL_LOSS)];
}

/**
 * The least loss that the counts rule out for these cells: were it the true one, counts that speak
 * against it like these would come about with at most `errorProbability`, however often one looks.
 * What they are held against is a mixture of losses that was fixed beforehand, so the likelihood
 * ratio is a martingale and Ville's inequality bounds it. The best fit in its place would not do:
 * it has looked at the counts.
 */
export function excludedLoss(
  model: LossModel,
  cells: readonly number[],
  errorProbability: number,
): number {
  const { theta } = model.fit(cells);
  const held = model.mixtureGain(cells, ALTERNATIVES);
  const drop = (at: number): number =>
    held - model.profileGain(cells, at) + Math.log(errorProbability);
  return lossWhere(drop, theta, THETA_TOTAL_LOSS);
}

/**
 * The posterior probability that a loss is at least `lossRatio`, every order of magnitude as likely
 * before.
 */
export function probabilityOfLoss(
  model: LossModel,
  cells: readonly number[],
  lossRatio: number,
): number {
  const { gain } = model.fit(cells);
  let above = 0;
  let all = 0;
  for (let step = 0; step < GRID_STEPS; step++) {
    const loss = LOSS_MIN ** (1 - (step + 0.5) / GRID_STEPS);
    const weight = Math.exp(model.gainOf(cells, Math.log1p(-loss)) - gain);
    all += weight;
    if (loss >= lossRatio) above += weight;
  }
  return above / all;
}

/**
 * The loss at which an increasing function of the distance from `best` crosses zero; the end where
 * it does not.
 */
function lossWhere(drop: (theta: number) => number, best: number, end: number): number {
  if (drop(end) <= 0) return end === THETA_TOTAL_LOSS ? 1 : -Math.expm1(end);
  let [inside, outside] = [best, end];
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = (inside + outside) / 2;
    if (drop(middle) <= 0) inside = middle;
    else outside = middle;
  }
  return -Math.expm1(inside);
}
