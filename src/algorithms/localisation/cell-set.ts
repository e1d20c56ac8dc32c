/** Sets of cells that are asked for by the hundred thousand: a mark for each cell. */

/** A set that is emptied by counting on: no cell has to be touched. */
export class CellSet {
  /** By cell: when it was last taken in. */
  #marks = new Uint32Array(0);
  #now = 0;

  /** Empties the set, and takes in these cells. */
  become(cells: readonly number[]): this {
    this.#now++;
    return this.add(cells);
  }

  add(cells: readonly number[]): this {
    for (const cell of cells) {
      if (cell >= this.#marks.length) this.#grow(cell);
      this.#marks[cell] = this.#now;
    }
    return this;
  }

  has(cell: number): boolean {
    return this.#now > 0 && this.#marks[cell] === this.#now;
  }

  hasAll(cells: readonly number[]): boolean {
    for (const cell of cells) if (!this.has(cell)) return false;
    return true;
  }

  #grow(cell: number): void {
    const marks = new Uint32Array(2 * cell + 64);
    marks.set(this.#marks);
    this.#marks = marks;
  }
}
