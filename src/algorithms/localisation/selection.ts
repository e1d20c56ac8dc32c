/**
 * Which candidates to believe: the set that maximises the penalised log-likelihood, found greedily
 * and then improved by exchanging, merging and dropping. A candidate that explains lost traffic has
 * to beat all its rivals' chances together (a Bonferroni penalty); one that only explains missing
 * replies is cheap, as limits on ICMP are ordinary.
 */

import { Belief } from './belief.ts';
import type { Candidate, Explanation } from './candidates.ts';
import { CellSet } from './cell-set.ts';
import { bestOf, type Prospect, penaltyOf, type Term } from './hypothesis.ts';
import type { PathGraph } from './path-graph.ts';

/** A change must gain this much, in nats: enough to end, too little to matter. */
const IMPROVEMENT_MIN = 0.1;
const PASSES_MAX = 4;
/** Losses and limits that are believed at the same time; limits are ordinary. */
const LOSSES_MAX = 24;
const LIMITS_MAX = 2000;
/** A partial loss is tried as up to so many whole ones. */
const SPLIT_MAX = 4;
/** A merge covers at least this share of the cells of what it replaces. */
const MERGED_SHARE = 0.9;

/** The search, and the set that it has found so far. */
export class Selection {
  /** What is believed, with the model fitted to it. */
  readonly belief: Belief;
  /** What a term covers, while others are held against it. */
  readonly #covered = new CellSet();

  /**
   * @param errorProbability accepted chance of ever believing in a loss where there is none, within
   *   (0, 1)
   */
  constructor(graph: PathGraph, candidates: readonly Candidate[], errorProbability: number) {
    this.belief = new Belief(graph, candidates, errorProbability);
  }

  /** Finds the set. */
  run(): void {
    this.#grow();
    this.belief.fitBackground();
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      this.#drop();
      this.#grow();
      const hasExchanged = this.#exchange();
      const hasMerged = this.#merge();
      if (!hasExchanged && !hasMerged) return;
      this.belief.fitBackground();
    }
  }

  /**
   * The objective with another candidate in the place of an active one, all others refitted, limits
   * that this calls for added, and what no longer pays dropped.
   */
  objectiveInstead(term: Term, prospect: Prospect | undefined): number {
    const saved = this.belief.save();
    this.belief.deactivate(term);
    if (prospect !== undefined) this.belief.accept(prospect);
    this.belief.refit();
    this.#addLimits();
    this.belief.priceParts();
    const objective = this.belief.objective();
    this.belief.restore(saved);
    return objective;
  }

  /** Adds the best candidate while that pays, and drops what no longer does. */
  #grow(): void {
    while (this.#hasRoom()) {
      const prospects = this.belief.prospects().filter(({ score }) => score > 0);
      prospects.sort((a, b) => b.score - a.score);
      const firstLoss = prospects.findIndex(({ term }) => !term.candidate.isNuisance);
      // Limits of different routers share no cell: those before the first loss go together.
      const end = firstLoss < 0 ? prospects.length : Math.max(1, firstLoss);
      const chosen = apart(prospects.slice(0, end));
      const isBetter = this.#tryChange(() => {
        for (const prospect of chosen) this.belief.accept(prospect);
        this.belief.refit();
        this.#drop();
      });
      if (chosen.length === 0 || !isBetter) return;
    }
  }

  #hasRoom(): boolean {
    let [losses, limits] = [0, 0];
    for (const { candidate } of this.belief.active) {
      if (candidate.isNuisance) limits++;
      else losses++;
    }
    return losses < LOSSES_MAX && limits < LIMITS_MAX;
  }

  #dropLimits(): void {
    this.#drop([...this.belief.active].filter(({ candidate }) => candidate.isNuisance));
  }

  /** Drops active candidates that no longer pay for themselves. */
  #drop(terms: readonly Term[] = [...this.belief.active]): void {
    for (const term of terms) {
      const { gain, theta } = this.belief.model.fit(term.coverage);
      if (gain > penaltyOf(term, theta)) continue;
      this.belief.deactivate(term);
      this.belief.refit();
    }
  }

  /** Replaces an active loss by another candidate, or by limits, that explain the same better. */
  #exchange(): boolean {
    let hasExchanged = false;
    for (const term of [...this.belief.active]) {
      if (term.candidate.isNuisance || !this.belief.active.has(term)) continue;
      const isBetter =
        this.#tryChange(() => {
          this.belief.deactivate(term);
          this.belief.refit();
          this.#addLimits();
        }) ||
        this.#tryChange(() => {
          this.belief.deactivate(term);
          const best = bestOf(this.belief.prospects());
          if (best !== undefined && best.score > 0) this.belief.accept(best);
          this.belief.refit();
          this.#drop();
        }) ||
        (term.members !== undefined && this.#tryChange(() => this.#split(term)));
      if (isBetter) hasExchanged = true;
    }
    return this.#exchangeAll() || hasExchanged;
  }

  /**
   * Puts limits in the place of all losses at once. Where every router from one layer on answers
   * little, losses before that layer explain much together, and none of them can be spared alone.
   */
  #exchangeAll(): boolean {
    const losses = [...this.belief.active].filter(({ candidate }) => !candidate.isNuisance);
    if (losses.length < 2) return false;
    return this.#tryChange(() => {
      for (const term of losses) this.belief.deactivate(term);
      this.belief.refit();
      this.#addLimits({ areLayersAlike: true });
      this.#addWholes(SPLIT_MAX);
      this.#drop();
    });
  }

  /** Puts losses of all flows alike in the place of a partial one: several may have looked so. */
  #split(part: Term): void {
    this.belief.deactivate(part);
    this.#addWholes(SPLIT_MAX);
    this.#addLimits();
    this.#drop();
  }

  /** Adds the best losses or limits of all flows alike, as many at most, while that pays. */
  #addWholes(most: number): void {
    for (let count = 0; count < most; count++) {
      const idle = this.belief.terms.filter(
        (term) => !this.belief.active.has(term) && !term.candidate.isLayer,
      );
      const best = bestOf(idle.map((term) => this.belief.wholeProspect(term)));
      if (best === undefined || best.score <= 0) break;
      this.belief.accept(best);
      this.belief.refit();
    }
  }

  /**
   * Believes in every limit that pays, and drops those that do not.
   *
   * @param options.areLayersAlike whether limits of whole layers are among them
   */
  #addLimits({ areLayersAlike = false } = {}): void {
    const limits = this.belief.terms.filter(
      (each) =>
        each.candidate.isNuisance &&
        (areLayersAlike || !each.candidate.isLayer) &&
        !this.belief.active.has(each),
    );
    // Of a router's limit and those of its interfaces, the better one goes first.
    const scoreOf = (term: Term): number => this.belief.wholeProspect(term).score;
    limits.sort((a, b) => scoreOf(b) - scoreOf(a));
    for (const limit of limits) {
      const prospect = this.belief.wholeProspect(limit);
      if (prospect.score > 0) this.belief.accept(prospect);
    }
    this.belief.refit();
    this.#dropLimits();
  }

  /** Replaces several active candidates by one that covers them all, where that scores better. */
  #merge(): boolean {
    let hasMerged = false;
    for (const term of this.#mergers()) {
      if (this.belief.active.has(term)) continue;
      const replaced = this.#coveredBy(term);
      if (!replaced.some(({ candidate }) => !candidate.isNuisance)) continue;
      const isBetter = this.#tryChange(() => {
        for (const active of replaced) this.belief.deactivate(active);
        this.belief.accept(this.belief.prospectOf(term));
        this.belief.refit();
        this.#addLimits();
        this.#drop();
      });
      if (isBetter) hasMerged = true;
    }
    return hasMerged;
  }

  /** Losses that share cells with active ones: what could replace those. */
  #mergers(): ReadonlySet<Term> {
    const mergers = new Set<Term>();
    const limited = this.belief.limitedCells();
    for (const { candidate, coverage } of this.belief.active) {
      if (candidate.isNuisance) continue;
      const lossy = this.belief.model.lossyCells(coverage).filter((cell) => !limited.has(cell));
      const samples = [0, 0.25, 0.5, 0.75, 1].map(
        (at) => lossy[Math.floor(at * (lossy.length - 1))],
      );
      for (const cell of samples) {
        for (const term of this.belief.termsAt(cell ?? -1)) {
          if (!term.candidate.isNuisance && term.members === undefined) mergers.add(term);
        }
      }
    }
    return mergers;
  }

  /**
   * Active losses that lie, nearly, within what another covers, and the limit at its far end, if
   * that could replace several.
   */
  #coveredBy(term: Term): Term[] {
    const cells = this.#covered.become(term.coverage.cells);
    const limited = this.belief.limitedCells();
    const entered = new Set(term.candidate.explanations.flatMap(enteredInterfaces));
    const covered = [...this.belief.active].filter(({ candidate, coverage }) => {
      if (candidate.isNuisance) {
        const isEntered = candidate.explanations.some(
          (each) => each.kind === 'responder' && entered.has(each.vertex),
        );
        if (!isEntered) return false;
      }
      let [inside, telling] = [0, 0];
      for (const cell of coverage.cells) {
        if (!candidate.isNuisance && limited.has(cell)) continue;
        telling++;
        if (cells.has(cell)) inside++;
      }
      return inside > 0 && inside >= MERGED_SHARE * telling;
    });
    return covered.length > 1 ? covered : [];
  }

  /**
   * Makes a change and keeps it only if the penalised log-likelihood rises, so that the search
   * always ends.
   */
  #tryChange(change: () => void): boolean {
    const before = this.belief.objective();
    const saved = this.belief.save();
    change();
    this.belief.priceParts();
    if (this.belief.objective() > before + IMPROVEMENT_MIN) return true;
    this.belief.restore(saved);
    return false;
  }
}

/** Prospects that share no cell with a better one before them. */
function apart(prospects: readonly Prospect[]): Prospect[] {
  const covered = new Set<number>();
  return prospects.filter(({ term: { coverage } }) => {
    if (coverage.cells.some((cell) => covered.has(cell))) return false;
    for (const cell of coverage.cells) covered.add(cell);
    return true;
  });
}

/** Interfaces whose own answers a loss at this place thins out. */
function enteredInterfaces(explanation: Explanation): readonly number[] {
  if (explanation.kind === 'link') return [explanation.far];
  if (explanation.kind === 'before') return explanation.far === undefined ? [] : [explanation.far];
  return explanation.kind === 'node' ? explanation.interfaces : [];
}
