/**
 * What the rounds say of a loss that its counts do not: whether it came in bursts. The model takes
 * every probe to be lost on its own, so that eight losses in a row count like eight. Where rounds
 * are noted, a loss has to show in more than one spell, and its interval widens by how much more
 * the rounds differ than single losses would make them.
 */

import type { Belief } from './belief.ts';
import type { Term } from './hypothesis.ts';
import { estimatedTheta } from './loss-interval.ts';

/** A burst may lie across the border of two rounds. */
const SPELL_ROUNDS = 2;
/**
 * Rounds that differ by less are taken to differ by chance: 22 rounds of single losses exceed it
 * once in a thousand times (χ² with 21 degrees of freedom, divided by these).
 */
const ORDINARY_DISPERSION = 2.23;

/**
 * By how many nats a believed loss beats none without the spell that speaks most for it. One burst
 * on a healthy link leaves nothing; infinite where nobody noted the rounds.
 */
export function gainWithoutSpell(belief: Belief, term: Term): number {
  const byRound = belief.lossesByRound(term);
  if (byRound === undefined) return Number.POSITIVE_INFINITY;
  const { model } = belief;
  const theta = estimatedTheta(model, term.coverage);
  const all = model.gainOf(term.coverage, theta);
  const ofLosses = byRound.map((losses) => {
    let gain = 0;
    for (const [cell, lost] of losses) gain += lost * model.gainOfLoss(term.coverage, cell, theta);
    return gain;
  });
  // What answers speak against the loss is shared out evenly.
  const ofAnswers = (all - sumOf(ofLosses)) / byRound.length;
  const spells = ofLosses.map((_, round) =>
    sumOf(ofLosses.slice(round, round + SPELL_ROUNDS).map((gain) => gain + ofAnswers)),
  );
  return all - Math.max(0, ...spells);
}

/**
 * By how much more the losses of a term vary from round to round than single losses would:
 * Pearson's χ² over its degrees of freedom, or 1 where that may be chance. Routers that limit their
 * answers have reasons of their own to vary, and are left out.
 */
export function dispersionOverRounds(belief: Belief, term: Term): number {
  const byRound = belief.lossesByRound(term);
  if (byRound === undefined || byRound.length < 2) return 1;
  const { model } = belief;
  const limited = belief.limitedCells();
  const lost = byRound.map((losses) =>
    sumOf([...losses].map(([cell, count]) => (limited.has(cell) ? 0 : count))),
  );
  const mean = sumOf(lost) / lost.length;
  let variance = 0;
  for (const cell of term.coverage.cells) {
    if (limited.has(cell)) continue;
    variance += model.sent(cell) * model.fail(cell) * (1 - model.fail(cell));
  }
  if (variance === 0) return 1;
  const scatter = sumOf(lost.map((count) => (count - mean) ** 2)) / (lost.length - 1);
  const dispersion = scatter / (variance / lost.length);
  return dispersion > ORDINARY_DISPERSION ? dispersion : 1;
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}
