/**
 * From the kernel's receive times, which are wall-clock, to monotonic time. The wall clock may be
 * set at any moment, so the two are compared before every drain of the sockets.
 */

/** Both clocks, in whole microseconds. */
export interface Clocks {
  readonly monotonicUs: () => number;
  readonly realtimeUs: () => number;
}

/** Two monotonic reads this close around one of the wall clock compare them well enough. */
const WINDOW_US = 2;
const ATTEMPTS_MAX = 4;
/** NTP slews by at most 500 ppm (adjtimex); an offset that moved by this more was a step. */
const SLEW_RATIO = 500e-6;
const STEP_US = 1000;

/**
 * Follows the offset between the clocks. A step within microseconds after `sample` is noticed only
 * by the next one: `steps` then counts it, but times in between are wrong by it.
 */
export class KernelClock {
  readonly #clocks: Clocks;
  #offsetUs: number;
  #sampledAtUs: number;
  #offsetBeforeUs: number;
  #sampledBeforeUs: number;
  #hasStepped = false;
  #steps = 0;

  constructor(clocks: Clocks) {
    this.#clocks = clocks;
    const { offsetUs, atUs } = compareClocks(clocks);
    this.#offsetUs = offsetUs;
    this.#sampledAtUs = atUs;
    this.#offsetBeforeUs = offsetUs;
    this.#sampledBeforeUs = atUs;
  }

  /** How often the wall clock was set. */
  get steps(): number {
    return this.#steps;
  }

  /** Compares the clocks; to be called before each drain. */
  sample(): void {
    const measured = compareClocks(this.#clocks);
    const { atUs } = measured;
    // As long as the old offset fits, times of several drains differ by no more than the kernel's.
    const fits = Math.abs(measured.offsetUs - this.#offsetUs) <= measured.windowUs / 2 + 1;
    const offsetUs = fits ? this.#offsetUs : measured.offsetUs;
    const slewUs = SLEW_RATIO * (atUs - this.#sampledAtUs);
    this.#hasStepped = Math.abs(offsetUs - this.#offsetUs) > STEP_US + slewUs;
    if (this.#hasStepped) this.#steps++;
    this.#offsetBeforeUs = this.#offsetUs;
    this.#sampledBeforeUs = this.#sampledAtUs;
    this.#offsetUs = offsetUs;
    this.#sampledAtUs = atUs;
  }

  /**
   * Monotonic time of a receive time. After a step, a packet of this drain may be from before it or
   * from after; the offset that puts its arrival between the last drain and now is the right one.
   *
   * @param realtimeUs 0 stands for unknown, and becomes the time of the drain
   * @returns whole microseconds
   */
  toMonotonicUs(realtimeUs: number): number {
    if (realtimeUs === 0) return this.#sampledAtUs;
    const timeUs = realtimeUs - this.#offsetUs;
    if (!this.#hasStepped || this.#isSinceLastDrain(timeUs)) return timeUs;
    const timeBeforeUs = realtimeUs - this.#offsetBeforeUs;
    return this.#isSinceLastDrain(timeBeforeUs) ? timeBeforeUs : this.#sampledAtUs;
  }

  #isSinceLastDrain(timeUs: number): boolean {
    const nowUs = this.#clocks.monotonicUs();
    return timeUs >= this.#sampledBeforeUs - STEP_US && timeUs <= nowUs + STEP_US;
  }
}

interface ClockOffset {
  readonly offsetUs: number;
  readonly atUs: number;
  /** The offset may be wrong by half of this. */
  readonly windowUs: number;
}

/** Wall clock − monotonic clock, by the tightest attempt; it takes one unless preempted. */
function compareClocks({ monotonicUs, realtimeUs }: Clocks): ClockOffset {
  let best = { offsetUs: 0, atUs: 0, windowUs: Number.POSITIVE_INFINITY };
  for (let attempt = 0; attempt < ATTEMPTS_MAX && best.windowUs > WINDOW_US; attempt++) {
    const startUs = monotonicUs();
    const wallUs = realtimeUs();
    const windowUs = monotonicUs() - startUs;
    const atUs = startUs + Math.floor(windowUs / 2);
    if (windowUs < best.windowUs) best = { offsetUs: wallUs - atUs, atUs, windowUs };
  }
  return best;
}
