/**
 * Part of what all plans of a window share: cells of (target, TTL) of which each wants some flows,
 * in an order that a keyed permutation gives, without a list of probes.
 */

import { IndexPermutation } from '../../lib/index-permutation.ts';
import type { Random } from '../../lib/random.ts';

/** One round: every wanted (cell, flow) once. Fields are filled by `next`. */
export class CellRound {
  cell = 0;
  /** From 0 up within what the cell wants in this round. */
  turn = 0;
  readonly #starts: Uint32Array;
  readonly #order: IndexPermutation | undefined;
  #index = 0;

  /** @param wantedOf how many probes each cell wants; the sum must be below 2^32 */
  constructor(cells: number, wantedOf: (cell: number) => number, random: Random) {
    this.#starts = new Uint32Array(cells + 1);
    let total = 0;
    for (let cell = 0; cell < cells; cell++) {
      this.#starts[cell] = total;
      total += wantedOf(cell);
    }
    this.#starts[cells] = total;
    this.#order = total === 0 ? undefined : new IndexPermutation(total, random);
  }

  /** Probes of the round. */
  get size(): number {
    return this.#order?.size ?? 0;
  }

  next(): boolean {
    if (this.#order === undefined || this.#index >= this.#order.size) return false;
    const place = this.#order.at(this.#index);
    this.#index++;
    let low = 0;
    let high = this.#starts.length - 2;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] as number) <= place) low = middle;
      else high = middle - 1;
    }
    this.cell = low;
    this.turn = place - (this.#starts[low] as number);
    return true;
  }
}
