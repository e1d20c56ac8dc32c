/** A binary heap: the entry with the least key comes out first, equal keys in no given order. */

const ENTRIES_AT_FIRST = 16;

/** Writes the key of an entry to `keys[at]`: one that returns it instead does not type-check. */
export type NoteKey<Entry> = (entry: Entry, keys: Float64Array, at: number) => undefined;

/**
 * Entries ordered by a number that is read off each when it comes in. No key passes from one
 * function to another: V8 would put it into an object wherever it does not inline the call.
 */
export class MinHeap<Entry> {
  readonly #entries: Entry[] = [];
  #keys: Float64Array<ArrayBuffer> = new Float64Array(ENTRIES_AT_FIRST);
  readonly #noteKey: NoteKey<Entry>;

  /** @param noteKey a key must not change while its entry is inside */
  constructor(noteKey: NoteKey<Entry>) {
    this.#noteKey = noteKey;
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
    this.#noteKey(entry, keys, at);
    const key = keys[at] as number;
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
    if (last !== undefined && this.#entries.length > 0) this.#sink(last);
    return least;
  }

  /** Places what was the last entry from the top down, where the least one was. */
  #sink(entry: Entry): void {
    const keys = this.#keys;
    const size = this.#entries.length;
    const key = keys[size] as number;
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
