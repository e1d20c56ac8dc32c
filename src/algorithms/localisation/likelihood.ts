/**
 * The loss model. A cell's probes are answered with probability e^x, where x adds up θ = ln(1 −
 * loss) over every active candidate that covers the cell:
 *
 *   x_cell = ln(1 − ε) + Σ θ_c,     received_cell ~ Binomial(sent_cell, e^x)
 *
 * Its log-likelihood is concave in all θ together, since ln(1 − e^x) is concave for x < 0, so
 * cyclic Newton steps reach the one joint maximum.
 */

import type { Cell } from './path-graph.ts';

/** Loss that needs no explanation: what a healthy path of a real network loses. */
export const BACKGROUND_LOSS = 5e-4;

/** θ of a loss so near to 1 that more makes no difference: 1 − e^−9. */
const THETA_MIN = -9;
const NEWTON_STEPS_MAX = 30;
const SWEEPS_MAX = 50;
const TOLERANCE = 1e-7;

/** A set of candidates taken to be lossy together, by what they cover. */
export class LossModel {
  readonly #cells: readonly Cell[];
  /** By cell: x without the active candidates' part, and with it. */
  readonly #x: Float64Array<ArrayBuffer>;
  readonly #active = new Map<readonly number[], number>();

  constructor(cells: readonly Cell[]) {
    this.#cells = cells;
    this.#x = new Float64Array(cells.length).fill(Math.log1p(-BACKGROUND_LOSS));
  }

  /** θ of a covered set of cells, 0 when it is not active. */
  theta(cells: readonly number[]): number {
    return this.#active.get(cells) ?? 0;
  }

  /** Makes a candidate active with this θ ≤ 0, or changes the θ of one that is. */
  activate(cells: readonly number[], theta: number): void {
    this.#shift(cells, theta - this.theta(cells));
    this.#active.set(cells, theta);
  }

  deactivate(cells: readonly number[]): void {
    this.#shift(cells, -this.theta(cells));
    this.#active.delete(cells);
  }

  /** Brings all active candidates to their joint maximum, but for one that stays as it is. */
  refit(pinned?: readonly number[]): void {
    for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
      let largestChange = 0;
      for (const [cells, theta] of [...this.#active]) {
        if (cells === pinned) continue;
        const fitted = this.fit(cells).theta;
        largestChange = Math.max(largestChange, Math.abs(fitted - theta));
        this.activate(cells, fitted);
      }
      if (largestChange < TOLERANCE) return;
    }
  }

  /**
   * The profile likelihood of one candidate: with its θ given, all other active ones at their best.
   *
   * @returns by how much it beats θ = 0 with the others as they are, in nats
   */
  profileGain(cells: readonly number[], theta: number): number {
    if (!this.#isShared(cells)) return this.gainOf(cells, theta);
    const before = [...this.#active];
    this.deactivate(cells);
    const without = this.logLikelihood();
    this.activate(cells, theta);
    this.refit(cells);
    const gain = this.logLikelihood() - without;
    this.deactivate(cells);
    for (const [active, fitted] of before) this.activate(active, fitted);
    return gain;
  }

  /**
   * ln of the weighted mean of the profile likelihood over several θ, as `profileGain` counts it.
   */
  mixtureGain(
    cells: readonly number[],
    mixture: readonly { readonly theta: number; readonly weight: number }[],
  ): number {
    const gains = mixture.map(({ theta }) => this.profileGain(cells, theta));
    const top = Math.max(...gains);
    const sum = mixture.reduce(
      (all, { weight }, i) => all + weight * Math.exp((gains[i] ?? 0) - top),
      0,
    );
    return top + Math.log(sum);
  }

  /** ln of the probability of all counts, up to a constant of the counts. */
  logLikelihood(): number {
    let sum = 0;
    for (const [id, { sent, received }] of this.#cells.entries()) {
      const x = this.#x[id] ?? 0;
      sum += received * x;
      if (received < sent) sum += (sent - received) * logOneMinusExp(x);
    }
    return sum;
  }

  /**
   * The best θ of one candidate while all others stay: Newton's method, held inside the bracket
   * that the sign of the slope leaves.
   *
   * @returns θ ≤ 0, and by how much its log-likelihood beats θ = 0, in nats, ≥ 0
   */
  fit(cells: readonly number[]): { theta: number; gain: number } {
    const present = this.theta(cells);
    let [low, high] = [THETA_MIN, 0];
    let theta = Math.min(-TOLERANCE, Math.max(THETA_MIN, this.#guess(cells)));
    for (let step = 0; step < NEWTON_STEPS_MAX; step++) {
      const { slope, curvature } = this.#derivatives(cells, theta - present);
      if (slope > 0) low = theta;
      else high = theta;
      const newton = theta - slope / curvature;
      const next = newton > low && newton < high ? newton : (low + high) / 2;
      const isDone = Math.abs(next - theta) < TOLERANCE;
      theta = next;
      if (isDone) break;
    }
    const gain = this.gainOf(cells, theta);
    return gain > 0 ? { theta, gain } : { theta: 0, gain: 0 };
  }

  /** By how much the log-likelihood at `theta` beats that without the candidate, in nats. */
  gainOf(cells: readonly number[], theta: number): number {
    const present = this.theta(cells);
    let gain = 0;
    for (const id of cells) {
      const { sent, received } = this.#cells[id] as Cell;
      const without = (this.#x[id] ?? 0) - present;
      const lost = sent - received;
      gain += received * theta;
      if (lost > 0) gain += lost * (logOneMinusExp(without + theta) - logOneMinusExp(without));
    }
    return gain;
  }

  /** The pooled estimate over the cells, as if each lacked only this candidate. */
  #guess(cells: readonly number[]): number {
    let sent = 0;
    let received = 0;
    for (const id of cells) {
      sent += this.#cells[id]?.sent ?? 0;
      received += this.#cells[id]?.received ?? 0;
    }
    return sent === 0 ? 0 : Math.log(Math.max(received, 0.5) / sent);
  }

  /** First and second derivative of the log-likelihood where all x of `cells` move by `shift`. */
  #derivatives(cells: readonly number[], shift: number): { slope: number; curvature: number } {
    let slope = 0;
    let curvature = 0;
    for (const id of cells) {
      const { sent, received } = this.#cells[id] as Cell;
      slope += received;
      if (sent === received) continue;
      const success = Math.exp((this.#x[id] ?? 0) + shift);
      const odds = success / (1 - success);
      slope -= (sent - received) * odds;
      curvature -= ((sent - received) * odds) / (1 - success);
    }
    return { slope, curvature };
  }

  /** Whether another active candidate covers any of these cells. */
  #isShared(cells: readonly number[]): boolean {
    const covered = new Set(cells);
    return [...this.#active.keys()].some(
      (active) => active !== cells && active.some((cell) => covered.has(cell)),
    );
  }

  #shift(cells: readonly number[], change: number): void {
    for (const cell of cells) this.#x[cell] = (this.#x[cell] ?? 0) + change;
  }
}

/** ln(1 − e^x) for x < 0, exact at both ends (Mächler 2012). */
function logOneMinusExp(x: number): number {
  return x > -Math.LN2 ? Math.log(-Math.expm1(x)) : Math.log1p(-Math.exp(x));
}
