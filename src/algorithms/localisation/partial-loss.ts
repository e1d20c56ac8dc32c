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

import type { LossesOfFlows } from './evidence.ts';
import type { LossTable } from './loss-table.ts';

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
export const PARTIAL_LOSSES: readonly number[] = [
  0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 0.995,
];
/** e^Δ beyond this is beyond any doubt, and near what a number can hold. */
const DELTA_MAX = 300;
/** Factors up to e^this are multiplied, up to a product of this. */
const FACTOR_MAX = 200;
const PRODUCT_MAX = 1e200;
const SHARE_STEPS = 12;
const SHARE_TOLERANCE = 1e-3;

/**
 * The best mixture for some flows; undefined where none beats no loss at all.
 *
 * @param table the losses to try
 * @param atLeast gains up to this, in nats, are of no interest
 */
export function bestMixture(
  table: LossTable,
  all: LossesOfFlows,
  atLeast = 0,
): Mixture | undefined {
  if (all.hit.length === 0 || all.flows < 2) return undefined;
  const tried = hitsOf(table, all);
  // The most promising first: others often need not be looked at then.
  tried.sort((a, b) => b.bound - a.bound);
  let best: (Hit & { share: number; gain: number }) | undefined;
  for (const prospect of tried) {
    if (prospect.bound <= (best?.gain ?? atLeast)) break;
    const changes = changesOf(prospect, all);
    const share = bestShare(prospect, changes);
    const gain = mixtureGain(prospect, changes, share);
    if (gain > (best?.gain ?? atLeast)) best = { ...prospect, share, gain };
  }
  if (best === undefined) return undefined;
  const { theta, share, gain, deltas } = best;
  const members = all.hit.filter(
    (_, i) => share * Math.exp(Math.min(700, deltas[i] ?? 0)) > 1 - share,
  );
  return members.length === 0 ? undefined : { theta, share, gain, members };
}

/** One loss that is tried. */
interface Hit {
  readonly theta: number;
  /** Δ_f of each flow that lost probes. */
  readonly deltas: Float64Array;
  /** No share of hit flows gains more than hitting just those that gain by it. */
  readonly bound: number;
}

function hitsOf(table: LossTable, { received, starts, cells, lost }: LossesOfFlows): Hit[] {
  const thetas = Float64Array.from(table.thetas);
  const sizes = thetas.length;
  const rows = table.rowsOf(cells);
  const columns = table.thetas.map(() => new Float64Array(received.length));
  const bounds = new Float64Array(sizes);
  // Flow by flow, so that each row is fetched once for all sizes.
  const deltas = new Float64Array(sizes);
  for (let i = 0; i < received.length; i++) {
    const answers = received[i] as number;
    for (let each = 0; each < sizes; each++) deltas[each] = answers * (thetas[each] as number);
    const end = starts[i + 1] ?? cells.length;
    for (let at = starts[i] as number; at < end; at++) {
      const row = (cells[at] as number) * sizes;
      const count = lost[at] as number;
      for (let each = 0; each < sizes; each++) {
        deltas[each] = (deltas[each] as number) + count * (rows[row + each] as number);
      }
    }
    for (let each = 0; each < sizes; each++) {
      const delta = deltas[each] as number;
      (columns[each] as Float64Array)[i] = delta;
      if (delta > 0) bounds[each] = (bounds[each] as number) + delta;
    }
  }
  return columns.map((column, each) => ({
    theta: thetas[each] as number,
    deltas: column,
    bound: bounds[each] as number,
  }));
}

/** e^Δ − 1 of each flow, those that lost nothing behind the others. */
interface Changes {
  readonly values: Float64Array;
  /** How many flows each of the last stands for; the first stand for one each. */
  readonly times: readonly number[];
}

function changesOf({ deltas, theta }: Hit, { spared }: LossesOfFlows): Changes {
  const values = new Float64Array(deltas.length + spared.size);
  for (let i = 0; i < deltas.length; i++) {
    values[i] = Math.expm1(Math.min(DELTA_MAX, deltas[i] as number));
  }
  let at = deltas.length;
  for (const received of spared.keys()) values[at++] = Math.expm1(received * theta);
  return { values, times: [...spared.values()] };
}

/** The π with the highest likelihood: Newton's method in a bracket, since it is concave in π. */
function bestShare({ deltas }: Hit, changes: Changes): number {
  const count = changes.times.reduce((sum, times) => sum + times, deltas.length);
  let gaining = 0;
  for (let i = 0; i < deltas.length; i++) if ((deltas[i] as number) > 0) gaining++;
  let [low, high] = [0, 1];
  let share = Math.min(0.95, gaining / count);
  for (let step = 0; step < SHARE_STEPS; step++) {
    const { slope, curvature } = shareSlope(changes, deltas.length, share);
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
  { values, times }: Changes,
  hit: number,
  share: number,
): { slope: number; curvature: number } {
  let [slope, curvature] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    const change = values[i] as number;
    const term = change / (1 + share * change);
    const weight = i < hit ? 1 : (times[i - hit] as number);
    slope += weight * term;
    curvature -= weight * term * term;
  }
  return { slope, curvature };
}

function mixtureGain({ deltas }: Hit, { values, times }: Changes, share: number): number {
  let gain = 0;
  // One logarithm for as many factors as a number can hold.
  let product = 1;
  for (let i = 0; i < deltas.length; i++) {
    const delta = deltas[i] as number;
    if (delta > FACTOR_MAX) {
      gain += delta + Math.log(share + (1 - share) * Math.exp(-delta));
      continue;
    }
    product *= 1 + share * (values[i] as number);
    if (product > PRODUCT_MAX || product < 1 / PRODUCT_MAX) {
      gain += Math.log(product);
      product = 1;
    }
  }
  for (const [i, count] of times.entries()) {
    gain += count * Math.log1p(share * (values[deltas.length + i] as number));
  }
  return gain + Math.log(product);
}
