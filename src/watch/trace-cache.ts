/**
 * Results by remote address: one trace in flight for each, for which all others that ask wait. Age
 * counts from completion, so that a slow trace is not old when it comes; failures are forgotten
 * sooner. Bounded by entries and by characters of text; what is in flight is never thrown out.
 */

import type { Connection } from './connection.ts';
import type { WatchClock } from './watch-clock.ts';

export interface TraceCacheOptions<Result> {
  readonly clock: WatchClock;
  /** How long a result answers for its address; 0 for no caching but of what is in flight. */
  readonly maxAgeMs: number;
  /** The same for a failure. */
  readonly negativeAgeMs: number;
  /** Addresses at most. */
  readonly entriesMax: number;
  /** Sum of `sizeOf` of all results at most. */
  readonly sizeMax: number;
  readonly sizeOf: (result: Result) => number;
}

/** What became of a request. */
export type Fetched<Result> =
  /** The trace was made for this request. */
  | { readonly kind: 'traced'; readonly result: Result }
  /** It was made for another, and is young enough. */
  | { readonly kind: 'cached'; readonly result: Result }
  /** `isOwn` where the failure is this request's own, and not one that it waited for or found. */
  | { readonly kind: 'failed'; readonly error: unknown; readonly isOwn: boolean };

type Outcome<Result> =
  | { readonly kind: 'result'; readonly result: Result }
  | { readonly kind: 'error'; readonly error: unknown };

interface Entry<Result> {
  readonly pending: Promise<Outcome<Result>>;
  /** undefined while in flight. */
  outcome: Outcome<Result> | undefined;
  completedAtMs: number;
}

/** The cache; `Result` is what a trace gives. */
export class TraceCache<Result> {
  #options: TraceCacheOptions<Result>;
  /** In the order of completion, but for what is in flight. */
  readonly #entries = new Map<string, Entry<Result>>();
  #size = 0;

  constructor(options: TraceCacheOptions<Result>) {
    this.#options = options;
  }

  /** Addresses that it knows, in flight or complete. */
  get length(): number {
    return this.#entries.size;
  }

  /** Ages and bounds from now on. */
  configure(options: Partial<Omit<TraceCacheOptions<Result>, 'clock' | 'sizeOf'>>): void {
    this.#options = { ...this.#options, ...options };
    this.prune();
  }

  /** The result for the connection's remote address; `measure` is called where there is none. */
  async fetch(connection: Connection, measure: () => Promise<Result>): Promise<Fetched<Result>> {
    const key = `${connection.family} ${connection.remoteAddress}`;
    const known = this.#entries.get(key);
    if (known !== undefined && !this.#isOver(known)) {
      const outcome = await known.pending;
      return outcome.kind === 'result'
        ? { kind: 'cached', result: outcome.result }
        : { kind: 'failed', error: outcome.error, isOwn: false };
    }
    if (known !== undefined) this.#remove(key, known);
    const outcome = await this.#measured(key, measure);
    return outcome.kind === 'result'
      ? { kind: 'traced', result: outcome.result }
      : { kind: 'failed', error: outcome.error, isOwn: true };
  }

  /** Removes what is too old, and the oldest of what is too much. */
  prune(): void {
    const { entriesMax, sizeMax } = this.#options;
    for (const [key, entry] of this.#entries) {
      const isTooMuch = this.#entries.size > entriesMax || this.#size > sizeMax;
      if (entry.outcome !== undefined && (isTooMuch || this.#isOver(entry))) {
        this.#remove(key, entry);
      }
    }
  }

  #measured(key: string, measure: () => Promise<Result>): Promise<Outcome<Result>> {
    const pending = measure().then(
      (result): Outcome<Result> => ({ kind: 'result', result }),
      (error: unknown): Outcome<Result> => ({ kind: 'error', error }),
    );
    const entry: Entry<Result> = { pending, outcome: undefined, completedAtMs: 0 };
    this.#entries.set(key, entry);
    return pending.then((outcome) => {
      entry.outcome = outcome;
      entry.completedAtMs = this.#options.clock.nowMs();
      this.#size += this.#sizeOf(entry);
      this.#entries.delete(key);
      this.#entries.set(key, entry);
      this.prune();
      return outcome;
    });
  }

  #isOver({ outcome, completedAtMs }: Entry<Result>): boolean {
    if (outcome === undefined) return false;
    const { clock, maxAgeMs, negativeAgeMs } = this.#options;
    const ageMs = clock.nowMs() - completedAtMs;
    return ageMs >= (outcome.kind === 'result' ? maxAgeMs : negativeAgeMs);
  }

  #remove(key: string, entry: Entry<Result>): void {
    if (this.#entries.get(key) !== entry) return;
    this.#entries.delete(key);
    this.#size -= this.#sizeOf(entry);
  }

  #sizeOf({ outcome }: Entry<Result>): number {
    return outcome?.kind === 'result' ? this.#options.sizeOf(outcome.result) : 0;
  }
}
