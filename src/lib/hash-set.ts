/** A growing set of 32-bit numbers in one typed array: no object per entry. */

const INITIAL_CELLS = 1024;
/** Beyond this share of cells in use, the table doubles. */
const LOAD_MAX = 0.6;

/** Open addressing with linear steps. Grows up to a bound, and then takes no more. */
export class Uint32Set {
  #cells: Uint32Array<ArrayBuffer> = new Uint32Array(INITIAL_CELLS);
  #size = 0;
  #hasZero = false;
  readonly #max: number;

  /** @param max entries at most */
  constructor(max: number) {
    this.#max = max;
  }

  get size(): number {
    return this.#size + (this.#hasZero ? 1 : 0);
  }

  /** @returns whether it was not there before; true also for what the full set cannot take */
  add(value: number): boolean {
    if (value === 0) {
      const isNew = !this.#hasZero;
      this.#hasZero = true;
      return isNew;
    }
    const at = this.#find(value);
    if (this.#cells[at] === value) return false;
    if (this.#size >= this.#max) return true;
    this.#cells[at] = value;
    this.#size++;
    if (this.#size > LOAD_MAX * this.#cells.length) this.#grow();
    return true;
  }

  /** All entries, in no order. */
  values(): Uint32Array {
    const used = this.#cells.filter((value) => value !== 0);
    return this.#hasZero ? Uint32Array.of(0, ...used) : used;
  }

  #find(value: number): number {
    const mask = this.#cells.length - 1;
    let at = (Math.imul(value, 0x9e3779b9) >>> 7) & mask;
    while (this.#cells[at] !== 0 && this.#cells[at] !== value) at = (at + 1) & mask;
    return at;
  }

  #grow(): void {
    const before = this.#cells;
    this.#cells = new Uint32Array(before.length * 2);
    for (const value of before) if (value !== 0) this.#cells[this.#find(value)] = value;
  }
}
