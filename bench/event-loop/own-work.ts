/**
 * How long this thread itself works between two turns of a timer: what others wait for it by its own
 * doing, whatever else runs on the processors meanwhile.
 */

import { libc } from '../../src/native/libc.ts';

const CLOCK_THREAD_CPUTIME_ID = 3;

/** Watches the thread that made it. */
export class OwnWork {
  readonly #timespec = new BigInt64Array(2);
  readonly #workedMs: number[] = [];
  readonly #timer: NodeJS.Timeout;
  #beforeMs: number;

  constructor() {
    this.#beforeMs = this.#processorMs();
    this.#timer = setInterval(() => {
      const nowMs = this.#processorMs();
      this.#workedMs.push(nowMs - this.#beforeMs);
      this.#beforeMs = nowMs;
    }, 1);
  }

  /** Ends it. @returns so many milliseconds were exceeded in one of a hundred turns */
  p99Ms(): number {
    clearInterval(this.#timer);
    const sorted = this.#workedMs.sort((a, b) => a - b);
    return sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;
  }

  #processorMs(): number {
    libc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#timespec);
    return 1000 * Number(this.#timespec[0]) + Number(this.#timespec[1]) / 1e6;
  }
}
