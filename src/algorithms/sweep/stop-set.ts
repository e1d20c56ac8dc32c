/**
 * One flow to each target of a window, from a TTL in the middle of the path both ways at once, as
 * FlashRoute does (Huang 2020): forwards until the target answers, a router refuses, or too many
 * TTLs are silent, backwards until an interface answers that the sweep knows – the stop set of
 * Doubletree (Donnet 2005), which trusts that what lies before a known interface is known as well.
 */

import { IndexPermutation } from '../../lib/index-permutation.ts';
import type { Random } from '../../lib/random.ts';
import type { SweepAnswer, SweepPlan } from '../../model/sweep.ts';

export interface StopSetExtent {
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Where probing starts: about the distance of most targets. */
  readonly splitTtl: number;
  /** Silent TTLs in a row after which a target is given up. */
  readonly gapLimit: number;
}

/** Rounds of at most one probe each way for every target. Three bytes a target. */
export class StopSetRounds implements SweepPlan {
  readonly needsLastReplies = false;
  slot = 0;
  ttl = 0;
  readonly flow = 0;
  readonly #extent: StopSetExtent;
  /** The next TTL backwards; below `minTtl` when that way is done. */
  readonly #backward: Uint8Array;
  /** The next TTL forwards; above the last one that is wanted when that way is done. */
  readonly #forward: Uint8Array;
  /** The last TTL forwards that is wanted. */
  readonly #last: Uint8Array;
  /** The same in every round, so that the probes of a target are a whole round apart. */
  readonly #order: IndexPermutation;
  #index = 0;
  #probesOfRound = 0;

  constructor(slots: number, extent: StopSetExtent, random: Random) {
    const { minTtl, maxTtl, gapLimit } = extent;
    const splitTtl = Math.min(maxTtl, Math.max(minTtl, extent.splitTtl));
    this.#extent = { minTtl, maxTtl, gapLimit, splitTtl };
    this.#backward = new Uint8Array(slots).fill(splitTtl);
    this.#forward = new Uint8Array(slots).fill(splitTtl + 1);
    this.#last = new Uint8Array(slots).fill(Math.min(maxTtl, splitTtl + gapLimit));
    this.#order = new IndexPermutation(2 * slots, random);
  }

  next(): boolean {
    while (this.#index < this.#order.size) {
      const place = this.#order.at(this.#index);
      this.#index++;
      this.slot = place >> 1;
      if (place % 2 === 0 ? this.#stepBack(this.slot) : this.#stepForward(this.slot)) {
        this.#probesOfRound++;
        return true;
      }
    }
    return false;
  }

  nextRound(): boolean {
    if (this.#probesOfRound === 0) return false;
    this.#probesOfRound = 0;
    this.#index = 0;
    return true;
  }

  replied({ slot, ttl, isNewInterface, isEnd, distance }: SweepAnswer): void {
    const { minTtl, maxTtl, splitTtl, gapLimit } = this.#extent;
    if (isEnd) {
      this.#last[slot] = minTtl - 1;
      if ((this.#backward[slot] as number) >= distance) this.#backward[slot] = distance - 1;
      return;
    }
    if (ttl > splitTtl) {
      const last = this.#last[slot] as number;
      if (last >= minTtl) this.#last[slot] = Math.max(last, Math.min(maxTtl, ttl + gapLimit));
    } else if (!isNewInterface) {
      this.#backward[slot] = minTtl - 1;
    }
  }

  #stepBack(slot: number): boolean {
    const ttl = this.#backward[slot] as number;
    if (ttl < this.#extent.minTtl) return false;
    this.ttl = ttl;
    this.#backward[slot] = ttl - 1;
    return true;
  }

  #stepForward(slot: number): boolean {
    const ttl = this.#forward[slot] as number;
    if (ttl > (this.#last[slot] as number)) return false;
    this.ttl = ttl;
    this.#forward[slot] = ttl + 1;
    return true;
  }
}
