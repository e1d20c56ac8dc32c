/** What measurements of one process use together: opened by the first, closed by the last. */

interface Shared<Resource> {
  readonly opened: Promise<Resource>;
  users: number;
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
    const entry = known ?? { opened: open(), users: 0 };
    if (key !== undefined) this.#shared.set(key, entry);
    entry.users++;
    const release = (): void => this.#release(key, entry);
    try {
      return { resource: await entry.opened, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  #release(key: string | undefined, entry: Shared<Resource>): void {
    entry.users--;
    if (entry.users > 0) return;
    if (key !== undefined && this.#shared.get(key) === entry) this.#shared.delete(key);
    entry.opened.then(this.#close, () => {});
  }
}
