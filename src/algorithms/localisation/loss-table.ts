/**
 * What one lost probe in a cell says for a loss of each size that is tried: the same for all
 * candidates that cover the cell, so it is worked out once, and again when the cell's x changes.
 */

import type { LossModel } from './likelihood.ts';

/** Rows by cell, worked out when they are asked for. */
export class LossTable {
  /** ln(1 − loss) of the losses that are tried. */
  readonly thetas: readonly number[];
  readonly #model: LossModel;
  readonly #more: readonly number[];
  #rows = new Float64Array(0);
  /** By cell: the x that its row is of. */
  #xs = new Float64Array(0);

  /** @param losses loss ratios, each within (0, 1) */
  constructor(model: LossModel, losses: readonly number[]) {
    this.#model = model;
    this.thetas = losses.map((loss) => Math.log1p(-loss));
    this.#more = this.thetas.map((theta) => -Math.expm1(theta));
  }

  /**
   * Brings the rows of some cells up to date.
   *
   * @returns all rows, one entry a loss: that of a cell begins at its id times their number. What
   *   it holds is the gain of one lost probe, in nats
   */
  rowsOf(cells: readonly number[]): Float64Array {
    const losses = this.#more;
    for (const cell of cells) {
      if (cell >= this.#xs.length) this.#grow(cell);
      const x = this.#model.x(cell);
      if (this.#xs[cell] === x) continue;
      this.#xs[cell] = x;
      const fail = this.#model.fail(cell);
      const odds = (1 - fail) / fail;
      let at = cell * losses.length;
      for (const more of losses) this.#rows[at++] = Math.log1p(odds * more);
    }
    return this.#rows;
  }

  #grow(cell: number): void {
    const size = Math.max(this.#model.size, cell + 1) + 64;
    const xs = new Float64Array(size).fill(Number.NaN);
    xs.set(this.#xs);
    const rows = new Float64Array(size * this.#more.length);
    rows.set(this.#rows);
    this.#xs = xs;
    this.#rows = rows;
  }
}
