/**
 * One trace per destination at a time. Two scamper processes that trace to the same address take
 * each other's replies for their own, and both results are wrong.
 */

/** Turns, first come, first served, for each destination. */
export class DestinationTurns {
  readonly #last = new Map<string, Promise<void>>();

  /** Destinations to which something runs. */
  get size(): number {
    return this.#last.size;
  }

  /** Runs `task` once no other runs to that address. */
  async run<Result>(address: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(address);
    const { promise: over, resolve: finish } = deferred();
    this.#last.set(address, over);
    try {
      await before;
      return await task();
    } finally {
      if (this.#last.get(address) === over) this.#last.delete(address);
      finish();
    }
  }
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** For all tracers of this process that do not say otherwise: networks know no instances. */
export const DESTINATION_TURNS: DestinationTurns = new DestinationTurns();
