/** Runs of a program, one a trace: in their turns, and all ended when their tracer is. */

import type { DestinationTurns } from './destination-turns.ts';

/** The runs of one tracer. */
export class ProgramRuns {
  readonly #turns: DestinationTurns;
  readonly #end = new AbortController();
  readonly #running = new Set<Promise<unknown>>();

  constructor(turns: DestinationTurns) {
    this.#turns = turns;
  }

  /**
   * Runs `task` once nothing else traces to that address.
   *
   * @param task gets a signal that ends it, by `signal` or by `close`
   */
  async run<Result>(
    address: string,
    signal: AbortSignal,
    task: (signal: AbortSignal) => Promise<Result>,
  ): Promise<Result> {
    const either = AbortSignal.any([signal, this.#end.signal]);
    const run = this.#turns.run(address, () => task(either));
    this.#running.add(run);
    try {
      return await run;
    } finally {
      this.#running.delete(run);
    }
  }

  /** Ends all of them, and waits until they have. */
  async close(): Promise<void> {
    this.#end.abort();
    await Promise.allSettled(this.#running);
  }
}
