/**
 * Every (target, TTL, flow) of a window once, in permuted order, as Yarrp does (Beverly 2016); but
 * for what earlier answers make needless: TTLs beyond a target whose distance is known, and TTLs at
 * which the whole sweep has long met no new interface (Yarrp's neighbourhood).
 */

import { IndexPermutation } from '../../lib/index-permutation.ts';
import type { Random } from '../../lib/random.ts';
import type { SweepAnswer, SweepPlan } from '../../model/sweep.ts';

/** TTLs to probe, both included, and flows a target. */
export interface SweepExtent {
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly flows: number;
}

/** So many answers in a row from known interfaces make a TTL quiet. */
const QUIET_ANSWERS = 500;
/** A quiet TTL is still probed for one in so many targets: routes may change. */
const QUIET_SHARE = 32;
const UNKNOWN = 255;

/** What the whole sweep knows of a TTL: one for all windows. */
export class QuietTtls {
  readonly #answers: Uint32Array = new Uint32Array(256);

  note({ ttl, isNewInterface }: SweepAnswer): void {
    this.#answers[ttl] = isNewInterface ? 0 : (this.#answers[ttl] as number) + 1;
  }

  isQuiet(ttl: number): boolean {
    return (this.#answers[ttl] as number) >= QUIET_ANSWERS;
  }
}

/** A plan of one round. */
export class EveryTtl implements SweepPlan {
  readonly needsLastReplies = false;
  slot = 0;
  ttl = 0;
  flow = 0;
  readonly #extent: SweepExtent;
  readonly #slots: number;
  readonly #order: IndexPermutation;
  readonly #quiet: QuietTtls;
  readonly #distance: Uint8Array;
  #index = 0;

  constructor(
    slots: number,
    extent: SweepExtent,
    { quiet, random }: { readonly quiet: QuietTtls; readonly random: Random },
  ) {
    this.#extent = extent;
    this.#slots = slots;
    const ttls = extent.maxTtl - extent.minTtl + 1;
    this.#order = new IndexPermutation(slots * ttls * extent.flows, random);
    this.#quiet = quiet;
    this.#distance = new Uint8Array(slots).fill(UNKNOWN);
  }

  next(): boolean {
    const { minTtl, flows } = this.#extent;
    while (this.#index < this.#order.size) {
      const place = this.#order.at(this.#index);
      this.#index++;
      this.slot = place % this.#slots;
      const rest = Math.floor(place / this.#slots);
      this.flow = rest % flows;
      this.ttl = minTtl + Math.floor(rest / flows);
      if (this.ttl > (this.#distance[this.slot] as number)) continue;
      if (this.#quiet.isQuiet(this.ttl) && this.slot % QUIET_SHARE !== 0) continue;
      return true;
    }
    return false;
  }

  nextRound(): boolean {
    return false;
  }

  replied(answer: SweepAnswer): void {
    const { slot, isTarget, distance } = answer;
    this.#quiet.note(answer);
    if (isTarget && distance < (this.#distance[slot] as number)) this.#distance[slot] = distance;
  }
}
