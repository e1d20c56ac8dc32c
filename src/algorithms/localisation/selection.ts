/**
 * Which candidates to believe: the set that maximises the penalised log-likelihood, found greedily
 * and then improved by exchanging, merging and dropping. A candidate that explains lost traffic has
 * to beat all its rivals' chances together (a Bonferroni penalty); one that only explains missing
 * replies is cheap, as limits on ICMP are ordinary.
 */

import type { Candidate } from './candidates.ts';
import type { LossModel } from './likelihood.ts';

/** Accepted chance of believing in a loss where there is none. */
const FALSE_ALARM_PROBABILITY = 0.01;
/** −ln of the prior odds of a limited responder: one in ten. */
const NUISANCE_PENALTY = 2.3;
/** A change must gain this much, in nats: enough to end, too little to matter. */
const IMPROVEMENT_MIN = 0.1;
const PASSES_MAX = 4;
const ACTIVE_MAX = 40;

/** The search, and the set that it has found so far. */
export class Selection {
  readonly #model: LossModel;
  readonly #candidates: readonly Candidate[];
  readonly #active = new Set<Candidate>();
  readonly #penalties = new Map<Candidate, number>();

  /** @param sentOf probes sent in a cell, by its id */
  constructor(
    model: LossModel,
    candidates: readonly Candidate[],
    sentOf: (cell: number) => number,
  ) {
    this.#model = model;
    this.#candidates = candidates;
    const rivals = candidates.filter((candidate) => !candidate.isNuisance).length;
    for (const candidate of candidates) {
      const sent = candidate.cells.reduce((sum, cell) => sum + sentOf(cell), 0);
      const prior = candidate.isNuisance
        ? NUISANCE_PENALTY
        : Math.log(Math.max(1, rivals) / FALSE_ALARM_PROBABILITY);
      this.#penalties.set(candidate, prior + 0.5 * Math.log1p(sent));
    }
  }

  /** What is believed, with the model fitted to it. */
  get active(): ReadonlySet<Candidate> {
    return this.#active;
  }

  /** Finds the set. */
  run(): void {
    for (let pass = 0; pass < PASSES_MAX; pass++) {
      this.#grow();
      const hasExchanged = this.#exchange();
      const hasMerged = this.#merge();
      if (!hasExchanged && !hasMerged) return;
    }
  }

  /** Penalised gain of a candidate beside the active ones, in nats: its log odds against none. */
  score(candidate: Candidate): number {
    return this.#model.fit(candidate.cells).gain - this.penalty(candidate);
  }

  /** In nats. */
  penalty(candidate: Candidate): number {
    return this.#penalties.get(candidate) ?? Number.POSITIVE_INFINITY;
  }

  /** Takes a candidate out while `during` looks at the others, and puts it back as it was. */
  without<Result>(candidate: Candidate, during: () => Result): Result {
    const theta = this.#model.theta(candidate.cells);
    this.#model.deactivate(candidate.cells);
    const result = during();
    this.#model.activate(candidate.cells, theta);
    return result;
  }

  /** Adds the best candidate while that pays, and drops what no longer does. */
  #grow(): void {
    while (this.#active.size < ACTIVE_MAX) {
      const best = this.#best();
      if (best === undefined || best.score <= 0) return;
      const isBetter = this.#tryChange(() => {
        this.#activate(best.candidate);
        this.#model.refit();
        this.#drop();
      });
      if (!isBetter) return;
    }
  }

  #best(): { candidate: Candidate; score: number } | undefined {
    let best: { candidate: Candidate; score: number } | undefined;
    for (const candidate of this.#candidates) {
      if (this.#active.has(candidate)) continue;
      const score = this.score(candidate);
      if (best === undefined || score > best.score) best = { candidate, score };
    }
    return best;
  }

  #drop(): void {
    for (const candidate of [...this.#active]) {
      const score = this.without(candidate, () => this.score(candidate));
      if (score > 0) continue;
      this.#deactivate(candidate);
      this.#model.refit();
    }
  }

  /** Replaces an active loss by another candidate that explains the same better. */
  #exchange(): boolean {
    let hasExchanged = false;
    for (const candidate of [...this.#active]) {
      if (candidate.isNuisance || !this.#active.has(candidate)) continue;
      const isBetter = this.#tryChange(() => {
        this.#deactivate(candidate);
        const best = this.#best();
        if (best !== undefined) this.#activate(best.candidate);
        this.#model.refit();
      });
      if (isBetter) hasExchanged = true;
    }
    return hasExchanged;
  }

  /** Replaces several active candidates by one that covers them all, where that scores better. */
  #merge(): boolean {
    let hasMerged = false;
    for (const candidate of this.#candidates) {
      if (candidate.isNuisance || this.#active.has(candidate)) continue;
      const cells = new Set(candidate.cells);
      const covered = [...this.#active].filter((active) =>
        active.cells.every((id) => cells.has(id)),
      );
      if (!covered.some((active) => !active.isNuisance)) continue;
      const isBetter = this.#tryChange(() => {
        for (const active of covered) this.#deactivate(active);
        this.#activate(candidate);
        this.#model.refit();
      });
      if (isBetter) hasMerged = true;
    }
    return hasMerged;
  }

  /**
   * Makes a change and keeps it only if the penalised log-likelihood rises, so that the search
   * always ends.
   */
  #tryChange(change: () => void): boolean {
    const before = this.#objective();
    const thetas = [...this.#active].map(
      (active) => [active, this.#model.theta(active.cells)] as const,
    );
    change();
    if (this.#objective() > before + IMPROVEMENT_MIN) return true;
    for (const active of [...this.#active]) this.#deactivate(active);
    for (const [active, theta] of thetas) {
      this.#active.add(active);
      this.#model.activate(active.cells, theta);
    }
    return false;
  }

  #objective(): number {
    let penalties = 0;
    for (const candidate of this.#active) penalties += this.penalty(candidate);
    return this.#model.logLikelihood() - penalties;
  }

  #activate(candidate: Candidate): void {
    this.#active.add(candidate);
    this.#model.activate(candidate.cells, this.#model.fit(candidate.cells).theta);
  }

  #deactivate(candidate: Candidate): void {
    this.#active.delete(candidate);
    this.#model.deactivate(candidate.cells);
  }
}
