/** A binary heap: the entry with the least key comes out first, equal keys in no given order. */

/** Entries ordered by a number that is read off each. */
export class MinHeap<Entry> {
  readonly #entries: Entry[] = [];
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
    const entries = this.#entries;
    const key = this.#keyOf(entry);
    let at = entries.length;
    entries.push(entry);
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = entries[above] as Entry;
      if (this.#keyOf(parent) <= key) break;
      entries[at] = parent;
      at = above;
    }
    entries[at] = entry;
  }

  pop(): Entry | undefined {
    const least = this.#entries[0];
    const last = this.#entries.pop();
    if (last !== undefined && this.#entries.length > 0) this.#sink(last);
    return least;
  }

  /** Places `entry` from the top down, where the least entry was. */
  #sink(entry: Entry): void {
    const entries = this.#entries;
    const key = this.#keyOf(entry);
    let at = 0;
    for (let below = 1; below < entries.length; below = 2 * at + 1) {
      const right = below + 1;
      if (right < entries.length && this.#keyAt(right) < this.#keyAt(below)) below = right;
      if (this.#keyAt(below) >= key) break;
      entries[at] = entries[below] as Entry;
      at = below;
    }
    entries[at] = entry;
  }

  #keyAt(index: number): number {
    return this.#keyOf(this.#entries[index] as Entry);
  }
}
