/** A measurement under way: a promise of its record, and the source of its events. */

/** Who hears the events of a measurement. */
export interface Audience {
  /** Whether anybody does. */
  isHeard(): boolean;
  /**
   * Undefined while few events wait to be heard; else when that will be so again. For measurements
   * with more events than memory may hold: those that wait for it never run far ahead.
   */
  room(): Promise<void> | undefined;
}

/** Events that may wait to be heard before `room` makes the measurement wait. */
export const EVENTS_WAITING_MAX = 1024;

/**
 * How a measurement runs: `tell` takes its events, which are made only if somebody hears them;
 * `signal` ends it early.
 */
export type Measurement<Result, Event> = (
  tell: (event: () => Event) => void,
  signal: AbortSignal,
  audience: Audience,
) => Promise<Result>;

/**
 * Starts at once; may be awaited, heard event by event, or both. An error that nobody awaits or
 * hears is an unhandled rejection, as that of any promise.
 */
export class MeasurementCall<Result, Event> implements Promise<Result> {
  readonly #abort = new AbortController();
  readonly #result: Promise<Result>;
  /** Those that wait to be heard. */
  readonly #events: Event[] = [];
  #wake: (() => void) | undefined;
  #makeRoom: (() => void) | undefined;
  #isHeard = false;
  /** Events that there were before anybody asked for them. */
  #missed = 0;
  #isOver = false;

  constructor(measurement: Measurement<Result, Event>, signal?: AbortSignal) {
    const unfollow = signal === undefined ? () => {} : follow(this.#abort, signal);
    this.#result = measurement((event) => this.#push(event), this.#abort.signal, {
      isHeard: () => this.#isHeard,
      room: () => this.#room(),
    }).finally(() => {
      unfollow();
      this.#isOver = true;
      this.#wake?.();
    });
  }

  /** So that it is one of TypeScript's promises as well. */
  get [Symbol.toStringTag](): string {
    return 'MeasurementCall';
  }

  // biome-ignore lint/suspicious/noThenProperty: being awaited is what this class is for
  then<Done = Result, Failed = never>(
    done?: ((result: Result) => Done | PromiseLike<Done>) | null,
    failed?: ((error: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Done | Failed> {
    return this.#result.then(done, failed);
  }

  /** As that of a promise. */
  catch<Failed = never>(
    failed?: ((error: unknown) => Failed | PromiseLike<Failed>) | null,
  ): Promise<Result | Failed> {
    return this.#result.catch(failed);
  }

  /** As that of a promise. */
  finally(done?: (() => void) | null): Promise<Result> {
    return this.#result.finally(done);
  }

  /**
   * The events from the start on, to be heard once. Leaving the loop early ends the measurement.
   * To be called before anything happens, as in the turn of the event loop that began it: events
   * that nobody asked for are not kept.
   *
   * @throws what the promise rejects with; TypeError when they are heard already, or were missed
   */
  events(): AsyncGenerator<Event, void, undefined> {
    const refusal = this.#refusal();
    this.#isHeard = true;
    this.#result.catch(() => {}); // whoever hears the events is told there
    const events = this.#heard(refusal);
    const leave = events.return.bind(events);
    // A generator that waits for an event would otherwise be left only behind the next one.
    events.return = (value) => {
      this.#abort.abort();
      return leave(value);
    };
    return events;
  }

  #refusal(): TypeError | undefined {
    if (this.#isHeard) return new TypeError('the events of a measurement can be heard once');
    if (this.#missed === 0) return undefined;
    const missed = `${this.#missed} of them are over, and were not kept`;
    return new TypeError(`events() must be called right after the measurement began: ${missed}`);
  }

  async *#heard(refusal: TypeError | undefined): AsyncGenerator<Event, void, undefined> {
    if (refusal !== undefined) throw refusal;
    try {
      for (;;) {
        if (this.#events.length < EVENTS_WAITING_MAX / 2) this.#makeRoom?.();
        const event = this.#events.shift();
        if (event !== undefined) yield event;
        else if (this.#isOver) break;
        else await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      await this.#result;
    } finally {
      this.#abort.abort();
    }
  }

  /** Once half of them are heard, so that the two sides do not take turns for each. */
  #room(): Promise<void> | undefined {
    const { signal } = this.#abort;
    if (this.#events.length < EVENTS_WAITING_MAX || signal.aborted) return undefined;
    return new Promise((resolve) => {
      const done = (): void => {
        signal.removeEventListener('abort', done);
        this.#makeRoom = undefined;
        resolve();
      };
      this.#makeRoom = done;
      signal.addEventListener('abort', done);
    });
  }

  #push(event: () => Event): void {
    if (!this.#isHeard) {
      this.#missed++;
      return;
    }
    this.#events.push(event());
    this.#wake?.();
  }
}

/** Who ends with each signal. Thousands may share one, which is to have one listener even so. */
const followers = new WeakMap<AbortSignal, Set<AbortController>>();

/**
 * Ends what `own` controls with a signal of the caller's; AbortSignal.any would cost a kilobyte of
 * heap for each.
 *
 * @returns how to end that
 * @throws {RangeError} when it is no signal
 */
function follow(own: AbortController, signal: AbortSignal): () => void {
  if (!(signal instanceof AbortSignal)) throw new RangeError('signal must be an AbortSignal');
  if (signal.aborted) own.abort(signal.reason);
  const all = followers.get(signal) ?? new Set();
  if (!followers.has(signal)) {
    followers.set(signal, all);
    const abortAll = (): void => {
      for (const each of all) each.abort(signal.reason);
    };
    signal.addEventListener('abort', abortAll, { once: true });
  }
  all.add(own);
  return () => all.delete(own);
}
