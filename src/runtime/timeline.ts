/** The time that a run lives in: the host's, or a simulated network's own. */

import { monotonicUs } from './clock.ts';

export interface Timeline {
  nowUs(): number;
  /** Resolves when that time has come, or earlier when `wake` is called. */
  sleepUntil(us: number): Promise<void>;
  wake(): void;
  /** Lets everybody else on the event loop have a turn, and takes no time beyond theirs. */
  breathe(): Promise<void>;
}

/** The longest delay that a timer of the platform takes. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Time as it passes. */
export class HostTimeline implements Timeline {
  #timer: NodeJS.Timeout | undefined;
  #resolve: (() => void) | undefined;

  nowUs(): number {
    return monotonicUs();
  }

  sleepUntil(us: number): Promise<void> {
    return new Promise((resolve) => {
      this.#resolve = resolve;
      const delayMs = Math.min(TIMER_MAX_MS, Math.max(0, (us - this.nowUs()) / 1000));
      this.#timer = setTimeout(() => this.wake(), delayMs);
    });
  }

  wake(): void {
    clearTimeout(this.#timer);
    this.#resolve?.();
    this.#resolve = undefined;
  }

  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** Time that jumps to the next thing that happens. */
export class VirtualTimeline implements Timeline {
  #nowUs = 0;
  /** Lets signals and timers of the host have their turn once in a while. */
  #sleeps = 0;

  nowUs(): number {
    return this.#nowUs;
  }

  async sleepUntil(us: number): Promise<void> {
    if (us !== Number.POSITIVE_INFINITY) this.#nowUs = Math.max(this.#nowUs, us);
    this.#sleeps++;
    if (this.#sleeps % 1000 === 0) await new Promise((resolve) => setImmediate(resolve));
  }

  wake(): void {
    // Nothing sleeps here longer than a turn.
  }

  breathe(): Promise<void> {
    return this.sleepUntil(this.#nowUs);
  }
}
