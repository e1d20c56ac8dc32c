/**
 * Tracers in a row: where one cannot work, the next is asked. A trace that failed for its own sake
 * is not repeated by another.
 */

import type { Connection } from './connection.ts';
import { TraceFailure, type TraceRequest, type TraceResult, type Tracer } from './tracer.ts';

/** A chain of one or more tracers. */
export class TracerChain {
  readonly #tracers: readonly Tracer[];
  /** Called when a trace goes to a back-up. */
  readonly #onBackup: (from: Tracer, to: Tracer, error: TraceFailure) => void;

  /** @throws {RangeError} without any tracer */
  constructor(
    tracers: readonly Tracer[],
    onBackup: (from: Tracer, to: Tracer, error: TraceFailure) => void = () => {},
  ) {
    if (tracers.length === 0) throw new RangeError('a chain has at least one tracer');
    this.#tracers = tracers;
    this.#onBackup = onBackup;
  }

  /** The first one, which is the one that the metrics speak of where none has run. */
  get first(): Tracer {
    return this.#tracers[0] as Tracer;
  }

  /**
   * The result of the first that can work. `attempt` wraps each try, for counting.
   *
   * @throws {TraceFailure} of the last that was asked
   */
  async trace(
    connection: Connection,
    request: TraceRequest,
    attempt: (tracer: Tracer, run: () => Promise<TraceResult>) => Promise<TraceResult>,
  ): Promise<TraceResult> {
    for (const [i, tracer] of this.#tracers.entries()) {
      const next = this.#tracers[i + 1];
      try {
        return await attempt(tracer, () => tracer.trace(connection, request));
      } catch (error) {
        const isUnavailable = error instanceof TraceFailure && error.code === 'unavailable';
        if (!isUnavailable || next === undefined || request.signal.aborted) throw error;
        this.#onBackup(tracer, next, error);
      }
    }
    throw new TraceFailure('unavailable', 'no tracer could work');
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all(this.#tracers.map((tracer) => tracer.close()));
  }
}
