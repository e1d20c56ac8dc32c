/**
 * The loss model. A cell's probes are answered with probability e^x, where x adds up θ = ln(1 −
 * loss) over every believed candidate that covers the cell, and over the links of the way there and
 * back, which all lose a little:
 *
 *   x_cell = links_cell · β + Σ θ_c,     received_cell ~ Binomial(sent_cell, e^x)
 *
 * Its log-likelihood is concave in all θ and β together, since ln(1 − e^x) is concave for x < 0, so
 * cyclic Newton steps reach the one joint maximum. Cells without loss add a linear term only, which
 * is why every coverage keeps its lossy cells apart.
 */

import { BACKGROUND_LOSS, bestBackground } from './background-loss.ts';
import { CellColumns, FAIL_MIN } from './cell-columns.ts';
import type { Cell } from './path-graph.ts';

/** θ of a loss so near to 1 that more makes no difference: 1 − e^−9. */
const THETA_MIN = -9;
const NEWTON_STEPS_MAX = 30;
const SWEEPS_MAX = 40;
const TOLERANCE = 1e-7;
/** In nats. */
const GAIN_TOLERANCE = 1e-9;
/** A θ that moves by no more than rounding is left as it is, with all that depends on it. */
const UNCHANGED = 1e-9;
const PROFILE_TOLERANCE = 1e-4;

/** A set of cells that one loss thins out. Belongs to the model that made it. */
export interface Coverage {
  readonly cells: readonly number[];
  /** Probes in all cells. */
  readonly sent: number;
  /** ln(1 − loss) ≤ 0; 0 while it is not believed. */
  readonly theta: number;
}

interface OwnCoverage extends Coverage {
  cells: number[];
  theta: number;
  /** Probes and answers in all cells. */
  sent: number;
  received: number;
  lossy: number[];
}

/** The cells, and the losses that are taken to thin them out together. */
export class LossModel {
  readonly #cells: CellColumns;
  #background = Math.log1p(-BACKGROUND_LOSS);
  readonly #believed = new Set<OwnCoverage>();

  constructor(cells: readonly Cell[]) {
    this.#cells = new CellColumns(cells, this.#background);
  }

  /** What is believed now. */
  get believed(): ReadonlySet<Coverage> {
    return this.#believed;
  }

  /** How many cells there are. */
  get size(): number {
    return this.#cells.size;
  }

  /** Loss that needs no explanation, a link. */
  get backgroundLoss(): number {
    return -Math.expm1(this.#background);
  }

  cover(cells: readonly number[]): Coverage {
    const empty = { theta: 0, sent: 0, received: 0, lossy: [] };
    const coverage: OwnCoverage = { cells: [...cells], ...empty };
    this.#tally(coverage);
    return coverage;
  }

  sent(cell: number): number {
    return this.#cells.sent[cell] ?? 0;
  }

  received(cell: number): number {
    return this.#cells.received[cell] ?? 0;
  }

  /** x of a cell: ln of the probability of an answer. */
  x(cell: number): number {
    return this.#cells.x[cell] ?? 0;
  }

  /** 1 − e^x of a cell, exact where it is small. */
  fail(cell: number): number {
    return this.#cells.failOf(cell);
  }

  lossyCells(coverage: Coverage): readonly number[] {
    return (coverage as OwnCoverage).lossy;
  }

  /** Takes part of a cell's counts into a new cell, which the same losses thin out. */
  splitCell(cell: number, part: { sent: number; received: number }): number {
    return this.#cells.split(cell, part);
  }

  /** Adds cells that were split off those that a coverage has. */
  extend(coverage: Coverage, cells: readonly number[]): void {
    const own = coverage as OwnCoverage;
    // What the new cells hold, the old ones held before.
    own.cells.push(...cells);
    own.lossy.push(...cells.filter((cell) => this.received(cell) < this.sent(cell)));
  }

  /** Believes in a loss of θ ≤ 0, or changes the θ of one that is believed; 0 takes it back. */
  believe(coverage: Coverage, theta: number): void {
    const own = coverage as OwnCoverage;
    const change = theta - own.theta;
    own.theta = theta;
    if (theta === 0) this.#believed.delete(own);
    else this.#believed.add(own);
    if (change !== 0) this.#cells.raise(own.cells, change);
  }

  /** Brings all that is believed, but for one that stays, to the joint maximum. */
  refit(pinned?: Coverage): void {
    for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
      let largestChange = 0;
      for (const coverage of [...this.#believed]) {
        if (coverage === pinned) continue;
        // θ = 0 would end the belief, and that is not for a fit to decide.
        const theta = Math.min(-TOLERANCE, this.fit(coverage).theta);
        const change = Math.abs(theta - coverage.theta);
        largestChange = Math.max(largestChange, change);
        if (change > UNCHANGED) this.believe(coverage, theta);
      }
      if (largestChange < TOLERANCE) return;
    }
  }

  /** Brings the background loss to its best; see `bestBackground`. */
  fitBackground(): void {
    const change = Math.log1p(-bestBackground(this.#cells, this.backgroundLoss)) - this.#background;
    this.#background += change;
    this.#cells.raiseByLinks(change);
  }

  /**
   * The profile likelihood of one loss: with its θ given, all other believed ones at their best.
   *
   * @returns by how much it beats θ = 0 with the others as they are, in nats
   */
  profileGain(coverage: Coverage, theta: number): number {
    const sharing = this.#sharing(coverage);
    if (sharing.length === 0) return this.gainOf(coverage, theta);
    const before = [coverage, ...sharing].map((each) => [each, each.theta] as const);
    let gain = this.gainOf(coverage, theta);
    this.believe(coverage, theta);
    for (let sweep = 0; sweep < SWEEPS_MAX; sweep++) {
      let largestChange = 0;
      for (const other of sharing) {
        const fitted = Math.min(-TOLERANCE, this.fit(other).theta);
        largestChange = Math.max(largestChange, Math.abs(fitted - other.theta));
        gain += this.gainOf(other, fitted) - this.gainOf(other, other.theta);
        this.believe(other, fitted);
      }
      if (largestChange < PROFILE_TOLERANCE) break;
    }
    for (const [each, fitted] of before) this.believe(each, fitted);
    return gain;
  }

  /** ln of the probability of all counts, up to a constant of the counts. */
  logLikelihood(): number {
    return this.#cells.logLikelihood();
  }

  /**
   * The best θ of one loss while all others stay: Newton's method, held inside the bracket that the
   * sign of the slope leaves.
   *
   * @param start a θ < 0 that is likely to be near the best; 0 where none is known
   * @returns θ ≤ 0, and by how much its log-likelihood beats θ = 0, in nats, ≥ 0
   */
  fit(coverage: Coverage, start = 0): { theta: number; gain: number } {
    const own = coverage as OwnCoverage;
    // Most candidates have nothing to explain: the likelihood falls from θ = 0 on.
    if (own.lossy.length === 0 || this.#explainsNothing(own)) return { theta: 0, gain: 0 };
    if (own.received === 0) return { theta: THETA_MIN, gain: this.gainOf(own, THETA_MIN) };
    let [low, high] = [THETA_MIN, 0];
    let theta = this.#startOf(own, start);
    for (let count = 0; count < NEWTON_STEPS_MAX; count++) {
      const { step, curvature } = this.#newtonStep(own, theta);
      if (step < 0) high = theta;
      else low = theta;
      const next = theta + step;
      const inside = next > low && next < high ? next : (low + high) / 2;
      const change = inside - theta;
      theta = inside;
      // What is left to gain falls with the square of every step.
      const isDone = Math.abs(change) < TOLERANCE || curvature * change * change < GAIN_TOLERANCE;
      if (isDone) break;
    }
    const gain = this.gainOf(own, theta);
    return gain > 0 ? { theta, gain } : { theta: 0, gain: 0 };
  }

  /** By how much the log-likelihood at `theta` beats that without the loss, in nats. */
  gainOf(coverage: Coverage, theta: number): number {
    const { lossy, received, theta: present } = coverage as OwnCoverage;
    let gain = received * theta;
    const more = -Math.expm1(theta - present);
    const none = Math.expm1(-present);
    const { lost: losts, pass: passes, fail: fails } = this.#cells;
    for (const id of lossy) {
      const lost = losts[id] as number;
      const pass = passes[id] as number;
      const fail = fails[id] as number;
      // 1 − e^(x − present + θ) and 1 − e^(x − present), from 1 − e^x without cancellation
      const withTheta = fail + pass * more;
      const without = present === 0 ? fail : Math.max(FAIL_MIN, fail - pass * none);
      gain += lost * Math.log(withTheta / without);
    }
    return gain;
  }

  /** What one lost probe in each covered cell adds to that, in nats. */
  gainsOfLosses({ theta: present }: Coverage, theta: number): (cell: number) => number {
    const more = -Math.expm1(theta - present);
    const none = Math.expm1(-present);
    return (cell) => {
      const fail = this.fail(cell);
      const pass = 1 - fail;
      return Math.log((fail + pass * more) / Math.max(FAIL_MIN, fail - pass * none));
    };
  }

  /**
   * Where the slope of the likelihood leads from θ. What is lost, as the model has it, is nearly
   * inverse to the loss; so Newton's method solves for the inverse, and gets there in few steps.
   */
  #newtonStep(
    { lossy, received, theta: present }: OwnCoverage,
    theta: number,
  ): { step: number; curvature: number } {
    const factor = Math.exp(theta - present);
    const less = -Math.expm1(theta - present);
    const { lost: losts, pass: passes, fail: fails } = this.#cells;
    let explained = 0;
    let curvature = 0;
    for (const id of lossy) {
      const lost = losts[id] as number;
      const pass = passes[id] as number;
      const fail = Math.max(FAIL_MIN, (fails[id] as number) + pass * less);
      const weighted = (lost * pass * factor) / fail;
      explained += weighted;
      curvature += weighted / fail;
    }
    const step = ((received - explained) / curvature) * (explained / received);
    return { step, curvature };
  }

  /** Whether the likelihood falls from θ = 0 on. */
  #explainsNothing(own: OwnCoverage): boolean {
    if (own.theta !== 0) return this.#newtonStep(own, 0).step >= 0;
    const { pull } = this.#cells;
    let explained = 0;
    for (const id of own.lossy) explained += pull[id] as number;
    return own.received >= explained;
  }

  #startOf({ theta, sent, received }: OwnCoverage, start: number): number {
    if (theta < 0 || start < 0) return Math.max(THETA_MIN + 1e-6, theta < 0 ? theta : start);
    // The pooled estimate over the cells, as if each lacked only this loss.
    const pooled = Math.log(Math.max(received, 0.5) / sent);
    return Math.min(-1e-6, Math.max(THETA_MIN + 1e-6, pooled));
  }

  /** The other believed losses that cover any of these cells. */
  #sharing(coverage: Coverage): OwnCoverage[] {
    const covered = new Set(coverage.cells);
    return [...this.#believed].filter(
      (other) => other !== coverage && other.cells.some((cell) => covered.has(cell)),
    );
  }

  #tally(coverage: OwnCoverage): void {
    coverage.sent = 0;
    coverage.received = 0;
    coverage.lossy.length = 0;
    for (const cell of coverage.cells) {
      const received = this.received(cell);
      coverage.sent += this.sent(cell);
      coverage.received += received;
      if (received < this.sent(cell)) coverage.lossy.push(cell);
    }
  }
}
