/**
 * What measurements of one process use together: opened by the first, closed by the last, unless
 * another begins in the same turn of the event loop, as where one is awaited after the other.
 */

interface Shared<Resource> {
  readonly opened: Promise<Resource>;
  users: number;
  isClosed: boolean;
}

/** A resource in use. */
export interface Lease<Resource> {
  readonly resource: Resource;
  /** Must be called once. */
  release(): void;
}

/** Resources by what they were opened for. */
export class SharedResources<Resource> {
  readonly #close: (resource: Resource) => void;
  readonly #shared = new Map<string, Shared<Resource>>();

  constructor(close: (resource: Resource) => void) {
    this.#close = close;
  }

  /**
   * The resource of that key, opened unless it is open already.
   *
   * @param key undefined for one that nobody shares
   */
  async lease(key: string | undefined, open: () => Promise<Resource>): Promise<Lease<Resource>> {
    const known = key === undefined ? undefined : this.#shared.get(key);
    const entry = known ?? { opened: open(), users: 0, isClosed: false };
    if (key !== undefined) this.#shared.set(key, entry);
    entry.users++;
    const release = (): void => this.#release(key, entry);
    try {
      return { resource: await entry.opened, release };
    } catch (error) {
      this.#forget(key, entry);
      release();
      throw error;
    }
  }

  #release(key: string | undefined, entry: Shared<Resource>): void {
    entry.users--;
    if (entry.users > 0) return;
    setImmediate(() => this.#closeUnused(key, entry));
  }

  #closeUnused(key: string | undefined, entry: Shared<Resource>): void {
    if (entry.users > 0 || entry.isClosed) return;
    entry.isClosed = true;
    this.#forget(key, entry);
    entry.opened.then(this.#close, () => {});
  }

  #forget(key: string | undefined, entry: Shared<Resource>): void {
    if (key !== undefined && this.#shared.get(key) === entry) this.#shared.delete(key);
  }
}
