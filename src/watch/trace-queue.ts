/**
 * How many traces run at once, how many start a second, and which goes first: those of connections
 * that had retransmissions. What does not fit into the queue is refused, and counted by the caller.
 */

import type { Alarm, WatchClock } from './watch-clock.ts';

export interface TraceQueueOptions {
  readonly clock: WatchClock;
  /** Traces that run at a time. */
  readonly concurrency: number;
  /** Traces that start a second; 0 for any number. */
  readonly ratePerSecond: number;
  /** Traces that wait at most. */
  readonly waitingMax: number;
}

/** Refused, as more traces wait than may. */
export class QueueFullError extends Error {
  override readonly name = 'QueueFullError';
}

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: Error) => void;
}

/** The queue. */
export class TraceQueue {
  #options: TraceQueueOptions;
  readonly #urgent: Waiting[] = [];
  readonly #ordinary: Waiting[] = [];
  #running = 0;
  /** When the next trace may start. */
  #nextStartMs = 0;
  #alarm: Alarm | undefined;
  #closedBy: Error | undefined;

  constructor(options: TraceQueueOptions) {
    this.#options = options;
  }

  /** Traces that wait. */
  get waiting(): number {
    return this.#urgent.length + this.#ordinary.length;
  }

  /** Traces that run. */
  get running(): number {
    return this.#running;
  }

  /** Bounds from now on. */
  configure(options: Partial<Omit<TraceQueueOptions, 'clock'>>): void {
    this.#options = { ...this.#options, ...options };
    this.#fill();
  }

  /**
   * Runs a trace when its turn has come.
   *
   * @throws {QueueFullError} when too many wait; what `refuseWaiting` was given
   */
  async run<Result>(isUrgent: boolean, trace: () => Promise<Result>): Promise<Result> {
    if (this.#closedBy !== undefined) throw this.#closedBy;
    if (this.waiting >= this.#options.waitingMax) {
      throw new QueueFullError(`${this.waiting} traces wait already`);
    }
    await new Promise<void>((start, refuse) => {
      (isUrgent ? this.#urgent : this.#ordinary).push({ start, refuse });
      this.#fill();
    });
    try {
      return await trace();
    } finally {
      this.#running--;
      this.#fill();
    }
  }

  /** From now on nothing starts any more; what waits is rejected with this. */
  refuseWaiting(error: Error): void {
    this.#closedBy = error;
    this.#alarm?.cancel();
    for (const { refuse } of [...this.#urgent.splice(0), ...this.#ordinary.splice(0)])
      refuse(error);
  }

  #fill(): void {
    const { clock, concurrency, ratePerSecond } = this.#options;
    while (this.#running < concurrency && this.waiting > 0) {
      const nowMs = clock.nowMs();
      if (ratePerSecond > 0 && nowMs < this.#nextStartMs) {
        this.#alarm?.cancel();
        this.#alarm = clock.after(this.#nextStartMs - nowMs, () => this.#fill());
        return;
      }
      const next = this.#urgent.shift() ?? this.#ordinary.shift();
      if (ratePerSecond > 0) {
        this.#nextStartMs = Math.max(nowMs, this.#nextStartMs) + 1000 / ratePerSecond;
      }
      this.#running++;
      next?.start();
    }
  }
}
