/** Rounds beyond those that a run needs for its answer, for runs that are to last a fixed time. */

import type { Isolation } from '../../algorithms/isolation/isolation.ts';
import { planRound } from '../../algorithms/isolation/round-plan.ts';
import { Random } from '../../lib/random.ts';
import type { Prober } from '../../model/probe.ts';

export interface ExtraRoundsOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly seed: number;
}

/** Rounds that may wait for their last replies while the next is under way. */
const OPEN_ROUNDS_MAX = 8;
/** So that rounds do not repeat the random numbers that the isolation drew from the same seed. */
const SEED_SALT = 0x5eed;

/** Goes on with the flows of an isolation that has its answer. */
export class ExtraRounds {
  readonly #isolation: Isolation;
  readonly #prober: Prober;
  readonly #options: ExtraRoundsOptions;
  readonly #random: Random;
  #limited: ReadonlySet<number> | undefined;

  constructor(isolation: Isolation, prober: Prober, options: ExtraRoundsOptions) {
    this.#isolation = isolation;
    this.#prober = prober;
    this.#options = options;
    this.#random = new Random(options.seed ^ SEED_SALT);
  }

  /** Whether the run has spent what it had; asked when the isolation has its answer. */
  isOver(nowUs: number): boolean {
    const { stopReason } = this.#isolation;
    return stopReason?.startsWith('max-') || nowUs >= this.#isolation.deadlineUs(nowUs);
  }

  /** Starts a round when the one before has been sent, once the isolation starts none any more. */
  advance(): void {
    const { table, stopReason } = this.#isolation;
    const { flows, minTtl, maxTtl } = this.#options;
    if (stopReason === undefined || stopReason.startsWith('max-')) return;
    table.commitRounds();
    if (this.#prober.queued > 0 || table.openRounds >= OPEN_ROUNDS_MAX) return;
    this.#limited ??= this.#limitedInterfaces();
    const planned = planRound(table, {
      flows,
      minTtl,
      maxTtl,
      chosen: [...new Array(flows).keys()],
      leads: [],
      limited: this.#limited,
      random: this.#random,
    });
    const round = table.startRound();
    for (const { flow, ttl } of planned) {
      table.ordered();
      this.#prober.order(flow, ttl, round);
    }
  }

  #limitedInterfaces(): ReadonlySet<number> {
    const { graph, limited } = this.#isolation.localisation();
    const described = limited.map(({ vertex }) => graph.vertices[vertex]);
    return new Set(described.flatMap((each) => (each?.kind === 'interface' ? [each.address] : [])));
  }
}
