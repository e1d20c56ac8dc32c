/**
 * Probes against a loss that may be hidden: where they bring the odds of it down most, one after
 * the other, each as if those before it were answered. So none goes where another has done enough,
 * and there are no more than are needed.
 */

import { MinHeap } from '../../lib/min-heap.ts';
import type { HiddenLoss, SearchedFlow } from './hidden-loss.ts';
import type { PlannedProbe } from './round-options.ts';
import { ANSWERS_MAX } from './spared-interfaces.ts';

/** Probes of a round, at most. */
const LOOKS_MAX = 500;
/** … at one cell. */
const PER_CELL_MAX = 32;
/** A probe that is worth less than this share of the first is better sent in a later round. */
const SHARE_MIN = 0.2;
/** The odds are to come down to this share of what is enough: some probes are lost. */
const GOAL = 0.7;

interface Cell {
  readonly flow: SearchedFlow;
  /** Index into its hops. */
  readonly position: number;
  asked: number;
  /** The odds that lie on its way, as far as known: they only ever fall. */
  odds: number;
}

/**
 * The next probes to send.
 *
 * @param inFlight probes under way: taken for answered
 */
export function searchLooks(
  hidden: HiddenLoss,
  { minTtl, inFlight }: { readonly minTtl: number; readonly inFlight: readonly PlannedProbe[] },
): PlannedProbe[] {
  const search = new Search(hidden);
  const flows = new Map(hidden.flows.map((each) => [each.flow, each]));
  for (const { flow, ttl } of inFlight) {
    const known = flows.get(flow);
    const position = known?.hops.findIndex(({ hop }) => hop === ttl - minTtl) ?? -1;
    if (known?.hops[position]?.isTelling === true) search.answer(known, position);
  }
  const probes: PlannedProbe[] = [];
  while (probes.length < LOOKS_MAX && !search.isOver) {
    const cell = search.next();
    if (cell === undefined) break;
    probes.push({ flow: cell.flow.flow, ttl: minTtl + (cell.flow.hops[cell.position]?.hop ?? 0) });
  }
  return probes;
}

/** Odds that fall with each probe that is planned. */
class Search {
  readonly #odds: number[];
  #sum: number;
  #first = 0;
  readonly #hidden: HiddenLoss;
  readonly #askedOf = new Map<number, number>();
  readonly #cells = new MinHeap<Cell>(({ odds }, keys, at) => {
    keys[at] = -odds;
  });

  constructor(hidden: HiddenLoss) {
    this.#hidden = hidden;
    this.#odds = [...hidden.odds];
    this.#sum = this.#odds.reduce((sum, each) => sum + each, 0);
    for (const flow of hidden.flows) {
      for (const [position, { isTelling }] of flow.hops.entries()) {
        if (!isTelling) continue;
        this.#cells.push({ flow, position, asked: 0, odds: this.#oddsAcross(flow, position) });
      }
    }
  }

  /** Whether the odds have come down to what is unlikely enough. */
  get isOver(): boolean {
    return this.#sum <= GOAL * this.#hidden.enough;
  }

  /** Notes an answer. */
  answer({ hops }: SearchedFlow, position: number): void {
    for (const { link } of hops.slice(0, position + 1)) {
      const odds = this.#odds[link] ?? 0;
      this.#odds[link] = odds * this.#hidden.perAnswer;
      this.#sum -= odds * (1 - this.#hidden.perAnswer);
    }
  }

  /** The cell that is worth most, taken for answered from now on; undefined where none is left. */
  next(): Cell | undefined {
    for (let best = this.#cells.pop(); best !== undefined; best = this.#cells.pop()) {
      const { flow, position, asked } = best;
      const responder = flow.hops[position]?.responder ?? -1;
      const askedOf = this.#askedOf.get(responder) ?? 0;
      if (asked >= PER_CELL_MAX || askedOf >= ANSWERS_MAX) continue;
      best.odds = this.#oddsAcross(flow, position);
      const rival = this.#cells.peek();
      if (rival !== undefined && rival.odds > best.odds) {
        this.#cells.push(best);
        continue;
      }
      if (best.odds < SHARE_MIN * this.#first) return undefined;
      this.#first = Math.max(this.#first, best.odds);
      this.#askedOf.set(responder, askedOf + 1);
      this.answer(flow, position);
      best.asked++;
      this.#cells.push(best);
      return best;
    }
    return undefined;
  }

  #oddsAcross({ hops }: SearchedFlow, position: number): number {
    let sum = 0;
    for (let at = 0; at <= position; at++) sum += this.#odds[hops[at]?.link ?? -1] ?? 0;
    return sum;
  }
}
