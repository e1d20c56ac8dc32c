/**
 * The counts of all cells and how probable an answer is in each, in columns by cell id. What only
 * matters where probes were lost is kept up to date there alone: most cells lost none.
 */

import type { Cell } from './path-graph.ts';

/** Keeps logarithms finite where rounding leaves no room for loss. */
export const FAIL_MIN = 1e-12;

/** Columns are replaced when they grow: read them anew after `split`. */
export class CellColumns {
  size: number;
  sent: Float64Array;
  received: Float64Array;
  lost: Float64Array;
  /** Links that a probe and its answer cross. */
  links: Float64Array;
  /** ln of the probability of an answer. */
  x: Float64Array;
  /** e^x and 1 − e^x, where probes were lost; 0 elsewhere. */
  pass: Float64Array;
  fail: Float64Array;
  /** The same: how fast the likelihood of the losses falls as x rises, lost · e^x / (1 − e^x). */
  pull: Float64Array;

  /** @param background ln of the probability that one link passes a packet */
  constructor(cells: readonly Cell[], background: number) {
    this.size = cells.length;
    const column = (read: (cell: Cell) => number): Float64Array => {
      const values = new Float64Array(cells.length);
      for (let id = 0; id < values.length; id++) values[id] = read(cells[id] as Cell);
      return values;
    };
    this.sent = column(({ sent }) => sent);
    this.received = column(({ received }) => received);
    this.lost = column(({ sent, received }) => sent - received);
    this.links = column(({ links }) => links);
    this.x = new Float64Array(this.size);
    this.pass = new Float64Array(this.size);
    this.fail = new Float64Array(this.size);
    this.pull = new Float64Array(this.size);
    for (let id = 0; id < this.size; id++) this.setX(id, (this.links[id] as number) * background);
  }

  /** 1 − e^x of a cell, exact where it is small. */
  failOf(cell: number): number {
    const kept = this.fail[cell] ?? 0;
    return kept > 0 ? kept : Math.max(FAIL_MIN, -Math.expm1(this.x[cell] ?? 0));
  }

  setX(cell: number, x: number): void {
    this.x[cell] = x;
    const lost = this.lost[cell] as number;
    // A cell whose losses were all split off stays where it was among lossy ones.
    if (lost === 0 && this.fail[cell] === 0) return;
    const fail = -Math.expm1(x);
    const pass = 1 - fail;
    this.pass[cell] = pass;
    this.fail[cell] = Math.max(FAIL_MIN, fail);
    this.pull[cell] = (lost * pass) / Math.max(FAIL_MIN, fail);
  }

  /** Adds to the x of several cells. */
  raise(cells: readonly number[], change: number): void {
    for (const cell of cells) this.setX(cell, (this.x[cell] as number) + change);
  }

  /** Adds to the x of all cells, as often as they have links. */
  raiseByLinks(change: number): void {
    for (let id = 0; id < this.size; id++) {
      this.setX(id, (this.x[id] as number) + change * (this.links[id] as number));
    }
  }

  /** ln of the probability of all counts, up to a constant of the counts. */
  logLikelihood(): number {
    let sum = 0;
    for (let id = 0; id < this.size; id++) {
      const lost = this.lost[id] as number;
      sum += (this.received[id] as number) * (this.x[id] as number);
      if (lost > 0) sum += lost * Math.log(this.fail[id] as number);
    }
    return sum;
  }

  /** Takes part of a cell's counts into a new one with the same x. */
  split(cell: number, { sent, received }: { sent: number; received: number }): number {
    const id = this.size++;
    if (id >= this.sent.length) this.#grow();
    this.#count(id, sent, received);
    this.#count(
      cell,
      (this.sent[cell] as number) - sent,
      (this.received[cell] as number) - received,
    );
    this.links[id] = this.links[cell] as number;
    const x = this.x[cell] as number;
    this.setX(id, x);
    this.setX(cell, x);
    return id;
  }

  #count(cell: number, sent: number, received: number): void {
    this.sent[cell] = sent;
    this.received[cell] = received;
    this.lost[cell] = sent - received;
  }

  #grow(): void {
    const grown = (old: Float64Array): Float64Array => {
      const column = new Float64Array(2 * this.size + 64);
      column.set(old);
      return column;
    };
    this.sent = grown(this.sent);
    this.received = grown(this.received);
    this.lost = grown(this.lost);
    this.links = grown(this.links);
    this.x = grown(this.x);
    this.pass = grown(this.pass);
    this.fail = grown(this.fail);
    this.pull = grown(this.pull);
  }
}
