/** A measurement under way: a promise of its record, and the source of its events. */

/** How a measurement runs: `tell` takes its events, `signal` ends it early. */
export type Measurement<Result, Event> = (
  tell: (event: Event) => void,
  signal: AbortSignal,
) => Promise<Result>;

/** Starts at once; may be awaited, heard event by event, or both. */
export class MeasurementCall<Result, Event> implements PromiseLike<Result> {
  readonly #abort = new AbortController();
  readonly #result: Promise<Result>;
  readonly #events: Event[] = [];
  #wake: (() => void) | undefined;
  #isHeard = false;
  #isOver = false;

  constructor(measurement: Measurement<Result, Event>, signal?: AbortSignal) {
    const own = this.#abort.signal;
    const ending = signal === undefined ? own : AbortSignal.any([signal, own]);
    this.#result = measurement((event) => this.#push(event), ending);
    this.#result
      .catch(() => {}) // told to whoever awaits it or hears the events
      .finally(() => {
        this.#isOver = true;
        this.#wake?.();
      });
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
   *
   * @throws what the promise rejects with
   */
  events(): AsyncGenerator<Event, void, undefined> {
    const events = this.#heard();
    const leave = events.return.bind(events);
    // A generator that waits for an event would otherwise be left only behind the next one.
    events.return = (value) => {
      this.#abort.abort();
      return leave(value);
    };
    return events;
  }

  async *#heard(): AsyncGenerator<Event, void, undefined> {
    if (this.#isHeard) throw new TypeError('the events of a measurement can be heard once');
    this.#isHeard = true;
    try {
      for (;;) {
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

  #push(event: Event): void {
    this.#events.push(event);
    this.#wake?.();
  }
}
