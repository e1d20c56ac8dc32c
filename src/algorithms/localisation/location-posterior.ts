/**
 * How probable a place is beside all rivals, each tried in its stead, with everything else fitted
 * anew. Places that differ only in cells of limited responders count as one group: those cells tell
 * nothing.
 */

import type { Belief } from './belief.ts';
import type { Candidate, Explanation } from './candidates.ts';
import { CellSet } from './cell-set.ts';
import { type Prospect, penaltyOf, type Term } from './hypothesis.ts';
import type { Selection } from './selection.ts';

/** Places that these counts cannot tell apart, and how probable it is that the loss is there. */
export interface PlaceGroup {
  /** Most ordinary first. */
  readonly explanations: readonly Explanation[];
  readonly probability: number;
}

/**
 * Rival places are given this much more weight than the model gives them, since it is no more than
 * a model (the temperature of a posterior).
 */
const TEMPERATURE = 1.3;
/** Below this share of answers a limit decides which probes are answered, and hardly a loss. */
const DEAF_RATIO = 0.5;
/** Only so many rivals are fitted, those that come nearest before that, and within so many nats. */
const RIVALS_FITTED = 10;
const FITTED_NATS = 12;

/** Where the loss of an active term is, most probable group first; probabilities add up to ≤ 1. */
export function locationPosterior(selection: Selection, term: Term): readonly PlaceGroup[] {
  const { belief } = selection;
  const limited = limitedResponders(belief, term);
  const outlooks = new Outlooks(belief, limited);
  const rivals = belief.without(term, () =>
    belief
      .prospects()
      .filter(({ term: { candidate } }) => !candidate.isNuisance || candidate === term.candidate)
      .map((rival) => ({ rival, outlook: outlooks.of(rival) })),
  );
  rivals.sort((a, b) => b.outlook - a.outlook);
  const top = rivals[0]?.outlook ?? 0;
  const none = selection.objectiveInstead(term, undefined);
  const fitted = rivals
    .slice(0, RIVALS_FITTED)
    .filter((each) => each.outlook > top - FITTED_NATS)
    .map(({ rival }) => {
      const isOwn = rival.term.candidate === term.candidate;
      const objective = isOwn ? belief.objective() : selection.objectiveInstead(term, rival);
      return { rival, score: objective - none };
    });
  // Only rivals of about the same flows can be alike.
  const losses = rivals
    .map(({ rival }) => rival.term.candidate)
    .filter(({ isNuisance }) => !isNuisance);
  const tried = fitted.map(({ rival }) => rival.term.candidate);
  const near = losses.filter(({ flowCount }) =>
    tried.some((other) => other.flowCount === flowCount),
  );
  return groupsOf(fitted, new Alike(near, limited));
}

/** A limited responder that stays so whatever the rival: its cells then tell nothing. */
interface Limited {
  readonly cells: readonly number[];
  /** It answers so little that even some of its cells beside the others tell nothing. */
  readonly isDeaf: boolean;
}

function limitedResponders(belief: Belief, term: Term): Limited[] {
  return [...belief.active]
    .filter((active) => active !== term && active.candidate.isNuisance)
    .map(({ candidate, coverage }) => ({
      cells: candidate.cells,
      isDeaf: coverage.theta < Math.log(DEAF_RATIO),
    }));
}

/** Scores of rivals if the limits within what they cover adapt to them. */
class Outlooks {
  readonly #belief: Belief;
  readonly #limited: readonly Limited[];
  readonly #own = new CellSet();
  readonly #idle = new CellSet();

  constructor(belief: Belief, limited: readonly Limited[]) {
    this.#belief = belief;
    this.#limited = limited;
  }

  of({ term, mixture, score }: Prospect): number {
    if (mixture !== undefined) return score;
    const own = this.#own.become(term.candidate.cells);
    const idle = this.#idle.become([]);
    for (const { cells } of this.#limited) if (own.hasAll(cells)) idle.add(cells);
    const telling = term.coverage.cells.filter((cell) => !idle.has(cell));
    const isSame = telling.length === term.coverage.cells.length;
    if (isSame || idle.hasAll(term.candidate.cells)) return score;
    const { model } = this.#belief;
    const { gain, theta } = model.fit(model.cover(telling));
    return Math.max(score, gain - penaltyOf(term, theta));
  }
}

function groupsOf(
  fitted: readonly { readonly rival: Prospect; readonly score: number }[],
  alike: Alike,
): PlaceGroup[] {
  const best = Math.max(0, ...fitted.map(({ score }) => score));
  let all = Math.exp(-best / TEMPERATURE); // no loss anywhere
  const groups = new Map<string, { weight: number; candidates: Set<Candidate> }>();
  for (const { rival, score } of [...fitted].sort((a, b) => b.score - a.score)) {
    const { candidate } = rival.term;
    const weight = Math.exp((score - best) / TEMPERATURE);
    all += weight;
    const key = alike.keyOf(candidate);
    const group = groups.get(key) ?? { weight: 0, candidates: new Set() };
    group.weight += weight;
    group.candidates.add(candidate);
    groups.set(key, group);
  }
  return [...groups]
    .sort(([, a], [, b]) => b.weight - a.weight)
    .map(([key, { weight, candidates }]) => ({
      explanations: distinct([...candidates, ...alike.allWith(key)]),
      probability: weight / all,
    }));
}

/**
 * Which candidates the counts cannot tell apart: those that differ only in whether they cover all
 * cells of a limited responder, which a change of its limit makes up for, or any cells of one that
 * is all but deaf: a token bucket spreads its few answers over interfaces as it pleases.
 */
class Alike {
  readonly #limited: readonly Limited[];
  readonly #byKey = new Map<string, Candidate[]>();
  readonly #keys = new Map<Candidate, string>();

  constructor(candidates: readonly Candidate[], limited: readonly Limited[]) {
    this.#limited = limited;
    for (const candidate of candidates) {
      const key = this.keyOf(candidate);
      this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), candidate]);
    }
  }

  keyOf(candidate: Candidate): string {
    const known = this.#keys.get(candidate);
    if (known !== undefined) return known;
    const own = new Set(candidate.cells);
    for (const { cells, isDeaf } of this.#limited) {
      if (!isDeaf && !cells.every((cell) => own.has(cell))) continue;
      for (const cell of cells) own.delete(cell);
    }
    const key = `${candidate.isReturn} ${[...own].join()}`;
    this.#keys.set(candidate, key);
    return key;
  }

  allWith(key: string): readonly Candidate[] {
    return this.#byKey.get(key) ?? [];
  }
}

/** A router may be named for its entrance and for its transit: once is enough. */
function distinct(candidates: readonly Candidate[]): Explanation[] {
  const all = candidates.flatMap(({ explanations }) => explanations);
  return [...new Map(all.map((each) => [JSON.stringify(each), each])).values()];
}
