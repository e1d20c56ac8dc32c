/**
 * What the rounds say of a loss that its counts do not: whether it came in bursts. The model takes
 * every probe to be lost on its own, so that eight losses in a row count like eight. Where rounds
 * are noted, a loss has to show in more than one spell, and its interval widens by how much more
 * the rounds differ than single losses would make them.
 */

import type { Belief } from './belief.ts';
import { type Scatter, scatterOfRounds } from './dispersion.ts';
import type { Term } from './hypothesis.ts';
import { estimatedTheta } from './loss-interval.ts';

/**
 * What a loss must explain beyond one spell, in nats. On networks whose every link loses in bursts
 * now and then, two of these rarely meet in one place; a second burst at a lossy one is worth more.
 */
export const WITHOUT_SPELL_MIN = 1;
/** A burst may lie across the border of two rounds. */
const SPELL_ROUNDS = 2;
/**
 * A round loses all where it loses this share: how the probes of a place spread over its rounds is
 * known to a few.
 */
const TOTAL_SHARE = 0.9;
/** A burst of more probes is an outage: worth a name although it is over. */
const LONGEST_BURST = 100;
/** −θ within which the rest of the rounds is fitted. */
const REST_LOSS_MIN = 1e-4;
const REST_LOSS_MAX = 9;
const GOLDEN = (Math.sqrt(5) - 1) / 2;
/** Leaves a thousandth of an order of magnitude. */
const GOLDEN_STEPS = 18;

/**
 * What a believed loss explains without the spell that speaks most for it, in nats: the other
 * rounds at a loss of their own, since a long burst says little of how often bursts come. One burst
 * on a healthy link leaves nothing; infinite where nobody noted the rounds.
 */
export function gainWithoutSpell(belief: Belief, term: Term): number {
  const byRound = belief.lossesByRound(term);
  if (byRound === undefined) return Number.POSITIVE_INFINITY;
  const { model } = belief;
  const { coverage } = term;
  const { losses, shares } = byRound;
  const together = model.gainsOfLosses(coverage, estimatedTheta(model, coverage));
  const gains = losses.map((lost) => sumOf([...lost].map(([cell, n]) => n * together(cell))));
  const sent = coverage.cells.reduce((sum, cell) => sum + model.sent(cell), 0);
  const ends = spellEnds(
    losses.map((lost) => sumOf([...lost.values()])),
    shares.map((share) => share * sent),
  );
  const spells = gains.map((_, round) => sumOf(gains.slice(round, ends[round])));
  const worst = spells.indexOf(Math.max(...spells));
  const isRest = (_: unknown, round: number): boolean =>
    round < worst || round >= (ends[worst] ?? 0);
  const rest = [...summed(losses.filter(isRest))];
  // What answers speak against the loss is shared out as the probes are.
  const received = coverage.cells.reduce((sum, cell) => sum + model.received(cell), 0);
  const answers = received * sumOf(shares.filter(isRest));
  const gainAt = (theta: number): number => {
    const gainOf = model.gainsOfLosses(coverage, theta);
    let gain = answers * theta;
    for (const [cell, lost] of rest) gain += lost * gainOf(cell);
    return gain;
  };
  return Math.max(0, highest(gainAt));
}

/**
 * By round: where a spell that begins there ends (exclusive). Where a round sends but a few probes
 * across a place, one burst takes all of several: these are one spell, unless it has not ended, as
 * that of a link which is down.
 */
export function spellEnds(lost: readonly number[], sent: readonly number[]): number[] {
  const isTotal = (round: number): boolean =>
    (lost[round] ?? 0) > 0 && (lost[round] ?? 0) >= TOTAL_SHARE * (sent[round] ?? 0);
  return lost.map((_, start) => {
    const usual = Math.min(start + SPELL_ROUNDS, lost.length);
    let end = usual;
    while (end < lost.length && isTotal(end - 1)) end++;
    const isOver = !isTotal(end - 1);
    return isOver && sumOf(lost.slice(start, end)) <= LONGEST_BURST ? end : usual;
  });
}

/** The losses of several rounds, by cell. */
function summed(rounds: readonly ReadonlyMap<number, number>[]): ReadonlyMap<number, number> {
  const sums = new Map<number, number>();
  for (const round of rounds) {
    for (const [cell, lost] of round) sums.set(cell, (sums.get(cell) ?? 0) + lost);
  }
  return sums;
}

/** The highest value of a function of θ with one peak (golden section over orders of magnitude). */
function highest(valueAt: (theta: number) => number): number {
  let [low, high] = [Math.log(REST_LOSS_MIN), Math.log(REST_LOSS_MAX)];
  const at = (logOfLoss: number): number => valueAt(-Math.exp(logOfLoss));
  for (let step = 0; step < GOLDEN_STEPS; step++) {
    const width = GOLDEN * (high - low);
    if (at(high - width) > at(low + width)) high = low + width;
    else low = high - width;
  }
  return at((low + high) / 2);
}

/**
 * How far the losses of a term scatter over the rounds. Routers that limit their answers have
 * reasons of their own to vary, and are left out; undefined where nobody noted the rounds.
 */
export function scatterOverRounds(belief: Belief, term: Term): Scatter | undefined {
  const limited = belief.limitedCells();
  const byRound = belief.lossesByRound(term, limited);
  if (byRound === undefined) return undefined;
  const { model } = belief;
  let variance = 0;
  for (const cell of term.coverage.cells) {
    if (limited.has(cell)) continue;
    variance += model.sent(cell) * model.fail(cell) * (1 - model.fail(cell));
  }
  const lost = byRound.losses.map((losses) => sumOf([...losses.values()]));
  return scatterOfRounds({ lost, shares: byRound.shares, variance });
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
