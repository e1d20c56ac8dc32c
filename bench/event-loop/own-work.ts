/**
 * What a timer of this thread waits for: how long the thread itself worked between two turns, and
 * how long it could have run and was not let by the scheduler (Linux tells both).
 */

import { openSync, readSync } from 'node:fs';
import { libc } from '../../src/native/libc.ts';

const CLOCK_THREAD_CPUTIME_ID = 3;
/** Of this thread: nanoseconds that it ran, that it waited to run, and how often. */
const SCHEDSTAT = '/proc/thread-self/schedstat';

/** Milliseconds that were exceeded in one of a hundred turns. */
export interface Turns {
  readonly workedP99Ms: number;
  readonly heldUpP99Ms: number;
}

/** Watches the thread that made it. */
export class OwnWork {
  readonly #timespec = new BigInt64Array(2);
  readonly #text = new Uint8Array(128);
  readonly #schedstat = openSync(SCHEDSTAT, 'r');
  readonly #worked: number[] = [];
  readonly #heldUp: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor() {
    let [workedMs, heldUpMs] = [this.#workedMs(), this.#heldUpMs()];
    this.#timer = setInterval(() => {
      const [worked, heldUp] = [this.#workedMs(), this.#heldUpMs()];
      this.#worked.push(worked - workedMs);
      this.#heldUp.push(heldUp - heldUpMs);
      [workedMs, heldUpMs] = [worked, heldUp];
    }, 1);
  }

  /** Ends it. */
  end(): Turns {
    clearInterval(this.#timer);
    return { workedP99Ms: p99(this.#worked), heldUpP99Ms: p99(this.#heldUp) };
  }

  #workedMs(): number {
    libc().clock_gettime(CLOCK_THREAD_CPUTIME_ID, this.#timespec);
    return 1000 * Number(this.#timespec[0]) + Number(this.#timespec[1]) / 1e6;
  }

  #heldUpMs(): number {
    const length = readSync(this.#schedstat, this.#text, 0, this.#text.length, 0);
    const [, waitedNs] = Buffer.from(this.#text.buffer, 0, length).toString().split(' ');
    return Number(waitedNs) / 1e6;
  }
}

function p99(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(0.99 * sorted.length)] ?? Number.NaN;
}
