/** A binary heap: the entry with the least key comes out first, equal keys in no given order. */

const ENTRIES_AT_FIRST = 16;

/** Entries ordered by a number that is read off each when it comes in. */
export class MinHeap<Entry> {
  readonly #entries: Entry[] = [];
  /** Beside the entries, as each number that a function returns may cost V8 an object. */
  #keys: Float64Array<ArrayBuffer> = new Float64Array(ENTRIES_AT_FIRST);
  readonly #keyOf: (entry: Entry) => number;

  /** @param keyOf must not change for an entry while it is inside */
  constructor(keyOf: (entry: Entry) => number) {
    this.#keyOf = keyOf;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** The entry that `pop` would take; undefined when there is none. */
  peek(): Entry | undefined {
    return this.#entries[0];
  }

  push(entry: Entry): void {
    let at = this.#entries.length;
    this.#entries.push(entry);
    if (at === this.#keys.length) this.#grow();
    const keys = this.#keys;
    const key = this.#keyOf(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if ((keys[above] as number) <= key) break;
      this.#move(above, at);
      at = above;
    }
    this.#entries[at] = entry;
    keys[at] = key;
  }

  pop(): Entry | undefined {
    const least = this.#entries[0];
    const last = this.#entries.pop();
    const size = this.#entries.length;
    if (last !== undefined && size > 0) this.#sink(last, this.#keys[size] as number);
    return least;
  }

  /** Places `entry` from the top down, where the least entry was. */
  #sink(entry: Entry, key: number): void {
    const keys = this.#keys;
    const size = this.#entries.length;
    let at = 0;
    for (let below = 1; below < size; below = 2 * at + 1) {
      const right = below + 1;
      if (right < size && (keys[right] as number) < (keys[below] as number)) below = right;
      if ((keys[below] as number) >= key) break;
      this.#move(below, at);
      at = below;
    }
    this.#entries[at] = entry;
    keys[at] = key;
  }

  #move(from: number, to: number): void {
    this.#entries[to] = this.#entries[from] as Entry;
    this.#keys[to] = this.#keys[from] as number;
  }

  #grow(): void {
    const grown = new Float64Array(2 * this.#keys.length);
    grown.set(this.#keys);
    this.#keys = grown;
  }
}
