/** A clock for tests: time moves when it is told to, and alarms ring in order. */

import type { Alarm, WatchClock } from '../../src/watch/watch-clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly call: () => void;
}

/** Starts at `startMs`. */
export class VirtualClock implements WatchClock {
  #nowMs: number;
  readonly #entries = new Set<Entry>();

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, call: () => void): Alarm {
    const entry = { dueMs: this.#nowMs + Math.max(0, ms), call };
    this.#entries.add(entry);
    return { cancel: () => this.#entries.delete(entry) };
  }

  /** Lets that much time pass; promises settle between alarms. */
  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settled();
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#nowMs = next.dueMs;
      this.#entries.delete(next);
      next.call();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  #next(untilMs: number): Entry | undefined {
    let first: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.dueMs <= untilMs && (first === undefined || entry.dueMs < first.dueMs))
        first = entry;
    }
    return first;
  }
}

/** All that follows from what has happened, but for real input and output. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
