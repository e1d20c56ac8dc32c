/** Losses of one place, packet after packet: each on its own, or in bursts (Gilbert 1960). */

import type { Random } from '../../src/lib/random.ts';

/** Counts down to the next change instead of drawing a number for every packet. */
export class LossStream {
  readonly #random: Random;
  /** Chance that a run of passing packets ends with a packet, and that a run of lost ones does. */
  readonly #worsens: number;
  readonly #improves: number;
  #isBad: boolean;
  /** Packets that are left of the run. */
  #left: number;

  /**
   * @param lossRatio in [0, 1]
   * @param meanBurst mean length of a run of losses, in packets; undefined: each on its own
   */
  constructor(lossRatio: number, meanBurst: number | undefined, random: Random) {
    this.#random = random;
    const isTotal = lossRatio === 1;
    this.#improves = isTotal ? 0 : meanBurst === undefined ? 1 - lossRatio : 1 / meanBurst;
    this.#worsens = isTotal ? 1 : (this.#improves * lossRatio) / (1 - lossRatio);
    this.#isBad = random.unit() < lossRatio;
    this.#left = this.#runLength();
  }

  /** Whether the next packet is lost. */
  strikes(): boolean {
    if (this.#left === 0) {
      this.#isBad = !this.#isBad;
      this.#left = this.#runLength();
    }
    this.#left--;
    return this.#isBad;
  }

  /** Geometric, 1 or more. */
  #runLength(): number {
    const chance = this.#isBad ? this.#improves : this.#worsens;
    if (chance >= 1) return 1;
    if (chance <= 0) return Number.POSITIVE_INFINITY;
    return 1 + Math.floor(Math.log(1 - this.#random.unit()) / Math.log1p(-chance));
  }
}
