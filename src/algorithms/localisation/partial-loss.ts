/**
 * Losses that hit only some of the flows that cross a place: one bucket of a hash, one entry of a
 * forwarding table. Which flows is unknown, so each is hit with probability π, and what counts is
 * the likelihood of the mixture,
 *
 *   gain(θ, π) = Σ_f ln(1 − π + π e^Δ_f(θ)),
 *
 * with Δ_f the gain of flow f if it is hit. Picking the flows that gain and adding up their Δ_f
 * instead would find a "partial loss" in any noise.
 */

import type { FlowLosses, LossesOfFlows } from './evidence.ts';
import type { LossModel } from './likelihood.ts';

export interface Mixture {
  readonly theta: number;
  /** π: the share of flows that are hit. */
  readonly share: number;
  /** By how much the mixture beats no loss, in nats. */
  readonly gain: number;
  /** Flows that are more likely hit than not. */
  readonly members: readonly number[];
}

/** Losses that are tried: a partial loss in between is found with the nearest. */
const LOSSES = [0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 0.995];
const SHARE_STEPS = 12;
const SHARE_TOLERANCE = 1e-3;

/**
 * The best mixture for some flows; undefined where none beats no loss at all.
 *
 * @param options.losses loss ratios to try, each within (0, 1)
 * @param options.atLeast gains up to this, in nats, are of no interest
 */
export function bestMixture(
  model: LossModel,
  { hit, spared, flows }: LossesOfFlows,
  { losses = LOSSES, atLeast = 0 }: { losses?: readonly number[]; atLeast?: number } = {},
): Mixture | undefined {
  if (hit.length === 0 || flows < 2) return undefined;
  let best: { theta: number; share: number; gain: number; deltas: readonly number[] } | undefined;
  for (const loss of losses) {
    const theta = Math.log1p(-loss);
    const deltas = hit.map((each) => deltaOf(model, each, theta));
    // No share of hit flows gains more than hitting just those that gain by it.
    const bound = deltas.reduce((sum, delta) => sum + Math.max(0, delta), 0);
    if (bound <= Math.max(atLeast, best?.gain ?? 0)) continue;
    const all = { deltas, spared, theta, count: flows };
    const share = bestShare(all);
    const gain = mixtureGain(all, share);
    if (gain > (best?.gain ?? atLeast)) best = { theta, share, gain, deltas };
  }
  if (best === undefined) return undefined;
  const { theta, share, gain, deltas } = best;
  const members: number[] = [];
  for (const [i, { flow }] of hit.entries()) {
    const delta = deltas[i] ?? 0;
    if (share * Math.exp(Math.min(700, delta)) <= 1 - share) continue;
    members.push(flow);
  }
  return members.length === 0 ? undefined : { theta, share, gain, members };
}

interface Deltas {
  /** Of the flows that lost probes. */
  readonly deltas: readonly number[];
  /** Of those that lost none: how many have how many answers. */
  readonly spared: ReadonlyMap<number, number>;
  readonly theta: number;
  readonly count: number;
}

function deltaOf(model: LossModel, { received, cells, lost }: FlowLosses, theta: number): number {
  const more = -Math.expm1(theta);
  let delta = received * theta;
  for (const [i, cell] of cells.entries()) {
    const fail = model.fail(cell);
    delta += (lost[i] ?? 0) * Math.log1p(((1 - fail) * more) / fail);
  }
  return delta;
}

/** The π with the highest likelihood: Newton's method in a bracket, since it is concave in π. */
function bestShare(all: Deltas): number {
  const hitShare = all.deltas.filter((delta) => delta > 0).length / all.count;
  let [low, high] = [0, 1];
  let share = Math.min(0.95, hitShare);
  for (let step = 0; step < SHARE_STEPS; step++) {
    const { slope, curvature } = shareSlope(all, share);
    if (slope > 0) low = share;
    else high = share;
    const newton = share - slope / curvature;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    const isDone = Math.abs(next - share) < SHARE_TOLERANCE * share;
    share = next;
    if (isDone) break;
  }
  return share;
}

function shareSlope(
  { deltas, spared, theta }: Deltas,
  share: number,
): { slope: number; curvature: number } {
  let [slope, curvature] = [0, 0];
  const add = (delta: number, times: number): void => {
    const change = Math.expm1(Math.min(300, delta));
    const term = change / (1 + share * change);
    slope += times * term;
    curvature -= times * term * term;
  };
  for (const delta of deltas) add(delta, 1);
  for (const [received, times] of spared) add(received * theta, times);
  return { slope, curvature };
}

function mixtureGain({ deltas, spared, theta }: Deltas, share: number): number {
  const gainOf = (delta: number): number =>
    delta > 0
      ? delta + Math.log(share + (1 - share) * Math.exp(-delta))
      : Math.log1p(share * Math.expm1(delta));
  let gain = 0;
  for (const delta of deltas) gain += gainOf(delta);
  for (const [received, times] of spared) gain += times * gainOf(received * theta);
  return gain;
}
