/** What the counts say about the size of one loss: estimates and bounds from its likelihood. */

import { type Scatter, scaleOverCells, scaleOverRounds } from './dispersion.ts';
import type { Coverage, LossModel } from './likelihood.ts';

/** Half the 95 % quantile of χ² with one degree of freedom: how far ln L may fall at the ends. */
const INTERVAL_DROP_95 = 3.841 / 2;
/** Cells in which hardly a probe is expected to be lost tell nothing of scatter. */
const TELLING_VARIANCE_MIN = 0.1;
const SECANT_STEPS_MAX = 60;
/** In nats. */
const SECANT_TOLERANCE = 1e-4;
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
export function estimatedLoss(model: LossModel, coverage: Coverage): number {
  const theta = estimatedTheta(model, coverage);
  return theta <= THETA_INDISTINCT ? 1 : -Math.expm1(theta);
}

/** The same as ln(1 − loss). */
export function estimatedTheta(model: LossModel, coverage: Coverage): number {
  return model.fit(coverage).theta;
}

/**
 * The profile-likelihood interval at 95 %: all losses that fit nearly as well as the best, and more
 * where cells scatter more than single losses would.
 *
 * @param overRounds how far the losses of the rounds scatter, where they were noted
 */
export function lossInterval(
  model: LossModel,
  coverage: Coverage,
  overRounds?: Scatter,
): [number, number] {
  const { theta } = model.fit(coverage);
  const best = model.profileGain(coverage, theta);
  const overCells = scatterOfCells(model, coverage);
  const scale = Math.max(scaleOverRounds(overRounds), scaleOverCells(overCells));
  const allowed = INTERVAL_DROP_95 * scale;
  const drop = (at: number): number => best - model.profileGain(coverage, at) - allowed;
  return [lossWhere(drop, theta, 0), lossWhere(drop, theta, THETA_TOTAL_LOSS)];
}

/** How far the cells scatter: Pearson's χ²; undefined where hardly any cell tells. */
function scatterOfCells(model: LossModel, { cells }: Coverage): Scatter | undefined {
  let [sum, count, rareness] = [0, 0, 0];
  for (const cell of cells) {
    const sent = model.sent(cell);
    const expected = sent * Math.exp(model.x(cell));
    const variance = expected * model.fail(cell);
    if (variance < TELLING_VARIANCE_MIN) continue;
    sum += (model.received(cell) - expected) ** 2 / variance;
    rareness += 1 / variance;
    count++;
  }
  if (count < 2) return undefined;
  const freedom = count - 1;
  // A Poisson count of variance v adds 1 / v to the variance 2 of its square.
  const freedomOfCounts = (2 * freedom ** 2) / (2 * freedom + rareness);
  return { ratio: sum / freedom, freedom, freedomOfCounts };
}

/**
 * The least loss that the counts rule out under a coverage: were it the true one, counts that speak
 * against it like these would come about with at most `errorProbability`, however often one looks.
 * What they are held against is a mixture of losses that was fixed beforehand, so the likelihood
 * ratio is a martingale and Ville's inequality bounds it. The best fit in its place would not do:
 * it has looked at the counts.
 */
export function excludedLoss(
  model: LossModel,
  coverage: Coverage,
  errorProbability: number,
): number {
  const { theta } = model.fit(coverage);
  const gains = ALTERNATIVES.map(({ theta: at }) => model.gainOf(coverage, at));
  const top = Math.max(...gains);
  const held = ALTERNATIVES.reduce(
    (sum, { weight }, i) => sum + weight * Math.exp((gains[i] ?? 0) - top),
    0,
  );
  const bound = top + Math.log(held) + Math.log(errorProbability);
  return lossWhere((at) => bound - model.gainOf(coverage, at), theta, THETA_TOTAL_LOSS);
}

/**
 * The posterior probability that a loss is at least `lossRatio`, every order of magnitude as likely
 * before.
 */
export function probabilityOfLoss(model: LossModel, coverage: Coverage, lossRatio: number): number {
  const { gain } = model.fit(coverage);
  let above = 0;
  let all = 0;
  for (let step = 0; step < GRID_STEPS; step++) {
    const loss = LOSS_MIN ** (1 - (step + 0.5) / GRID_STEPS);
    const weight = Math.exp(model.gainOf(coverage, Math.log1p(-loss)) - gain);
    all += weight;
    if (loss >= lossRatio) above += weight;
  }
  return above / all;
}

/**
 * The loss at which an increasing function of the distance from `best` crosses zero; the end where
 * it does not. A secant that moves the end that stays (the Illinois method).
 */
function lossWhere(drop: (theta: number) => number, best: number, end: number): number {
  let [inside, outside] = [best, end];
  let [below, above] = [drop(best), drop(end)];
  if (above <= 0) return end === THETA_TOTAL_LOSS ? 1 : -Math.expm1(end);
  if (below >= 0) return -Math.expm1(best);
  for (let step = 0; step < SECANT_STEPS_MAX && above - below > 1e-9; step++) {
    const middle = (outside * below - inside * above) / (below - above);
    const value = drop(middle);
    if (Math.abs(value) < SECANT_TOLERANCE) return -Math.expm1(middle);
    if (value < 0) {
      [inside, below] = [middle, value];
      above /= 2;
    } else {
      [outside, above] = [middle, value];
      below /= 2;
    }
  }
  return -Math.expm1(inside);
}
