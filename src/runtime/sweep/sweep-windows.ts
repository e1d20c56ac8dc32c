/** Which targets of a sweep are probed together: windows over a keyed order of all targets. */

import { EveryTtl, QuietTtls } from '../../algorithms/sweep/every-ttl.ts';
import { MultipathRounds } from '../../algorithms/sweep/multipath-rounds.ts';
import { StopSetRounds } from '../../algorithms/sweep/stop-set.ts';
import { IndexPermutation } from '../../lib/index-permutation.ts';
import { Random } from '../../lib/random.ts';
import type { SweepPlan } from '../../model/sweep.ts';
import type { SweepStrategy } from '../../model/sweep-record.ts';
import type { SweepWindow } from '../../probing/sweep/sweep-engine.ts';

/** How the targets of a sweep are divided and probed. */
export interface WindowOptions {
  /** Of all shards together. */
  readonly targets: number;
  /** `index` from 0 up. */
  readonly shard: { readonly index: number; readonly of: number };
  readonly strategy: SweepStrategy;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly splitTtl: number;
  readonly gapLimit: number;
  readonly flows: number;
  readonly failureProbability: number;
  readonly rate: number;
  readonly seed: number;
}

/** A round over a window ought to last so long, for replies to come before the next. */
const ROUND_SECONDS = 2;
const SLOTS_MIN = 256;
const SLOTS_MAX = 131_072;
/** A plan of all paths needs more memory for each target. */
const MULTIPATH_SLOTS_MAX = 16_384;

/** The windows of one shard, in order. The same options give the same ones again. */
export class SweepWindows {
  /** Targets of this shard. */
  readonly targets: number;
  /** How many windows there are. */
  readonly count: number;
  readonly #options: WindowOptions;
  readonly #order: IndexPermutation;
  readonly #slots: number;
  readonly #targetOf: Float64Array;
  readonly #quiet = new QuietTtls();

  constructor(options: WindowOptions) {
    const { targets, shard, rate, seed, strategy } = options;
    this.#options = options;
    this.#order = new IndexPermutation(targets, new Random(seed));
    this.targets = Math.max(0, Math.ceil((targets - shard.index) / shard.of));
    const most = strategy === 'multipath' ? MULTIPATH_SLOTS_MAX : SLOTS_MAX;
    const wanted = Math.round(rate * ROUND_SECONDS);
    this.#slots = Math.min(this.targets, most, Math.max(SLOTS_MIN, wanted));
    this.count = this.targets === 0 ? 0 : Math.ceil(this.targets / this.#slots);
    this.#targetOf = new Float64Array(this.#slots);
  }

  /** @param index from 0 up; the window before it must not be used any more */
  open(index: number): SweepWindow {
    const { shard, seed } = this.#options;
    const first = index * this.#slots;
    const slots = Math.min(this.#slots, this.targets - first);
    for (let slot = 0; slot < slots; slot++) {
      this.#targetOf[slot] = this.#order.at(shard.index + shard.of * (first + slot));
    }
    const random = new Random(seed + 1 + index * 2 ** 32);
    return {
      plan: this.#planOf(slots, random),
      slots,
      probed: new Uint8Array(slots),
      targetOf: (slot) => this.#targetOf[slot] as number,
      slotOf: (target) => {
        const place = this.#order.indexOf(target) - shard.index;
        const slot = place / shard.of - first;
        return Number.isInteger(slot) && slot >= 0 && slot < slots ? slot : -1;
      },
    };
  }

  #planOf(slots: number, random: Random): SweepPlan {
    const options = this.#options;
    switch (options.strategy) {
      case 'stop-set':
        return new StopSetRounds(slots, options, random);
      case 'multipath':
        return new MultipathRounds(slots, options, random);
      default:
        return new EveryTtl(slots, options, { quiet: this.#quiet, random });
    }
  }
}
