/**
 * What is believed at one moment of the search, and how well every other candidate would do beside
 * it. Scores are kept until something changes in a cell where they lost probes.
 */

import type { Candidate } from './candidates.ts';
import { CellSet } from './cell-set.ts';
import type { Span } from './coverage-classes.ts';
import { Evidence, type LossesOfFlows, type RoundLosses } from './evidence.ts';
import {
  NUISANCE_PENALTY,
  type Prospect,
  partialPenalty,
  penaltyOf,
  type Term,
} from './hypothesis.ts';
import { LossModel } from './likelihood.ts';
import { LossTable } from './loss-table.ts';
import { bestMixture, type Mixture, PARTIAL_LOSSES } from './partial-loss.ts';
import type { PathGraph } from './path-graph.ts';
import { type Mark, newScores, ScoreJournal, type Scores } from './score-cache.ts';

/** How much less likely it is that only some interfaces of a router are affected, in nats. */
const INCOMPLETE_PENALTY = 2;
/** Only the candidates with the highest gains are tried as partial ones. */
const PARTIAL_TRIED = 20;

/** What was believed, to come back to. */
export interface Saved {
  readonly mark: Mark;
  readonly terms: readonly {
    readonly term: Term;
    readonly theta: number;
    readonly prior: number;
  }[];
}

interface OwnTerm extends Term {
  readonly spans: Span[];
  prior: number;
  readonly scores: Scores;
  /** What each of its flows lost; undefined until asked for, and after a cut. */
  losses: LossesOfFlows | undefined;
}

/** The set of believed terms, and the model that is fitted to it. */
export class Belief {
  readonly model: LossModel;
  readonly #graph: PathGraph;
  readonly #evidence: Evidence;
  readonly #losses: LossTable;
  readonly #journal = new ScoreJournal();
  readonly #terms: OwnTerm[];
  /** Partial losses that were tried, by candidate: the same members are the same part. */
  readonly #parts = new Map<Candidate, OwnTerm[]>();
  readonly #wholeOf: ReadonlyMap<Candidate, OwnTerm>;
  readonly #active = new Set<OwnTerm>();
  /** Kept until what is believed changes. */
  #limitedCells: CellSet | undefined;
  /** By cell in which probes were lost: the terms that cover it. */
  readonly #termsAt: (OwnTerm[] | undefined)[];
  /** By piece: what covers it, and where. */
  readonly #spansAt: ({ readonly term: OwnTerm; readonly span: Span }[] | undefined)[];

  /**
   * @param errorProbability accepted chance of ever believing in a loss where there is none, within
   *   (0, 1)
   */
  constructor(graph: PathGraph, candidates: readonly Candidate[], errorProbability: number) {
    this.#graph = graph;
    this.model = new LossModel(graph.cells);
    this.#losses = new LossTable(this.model, PARTIAL_LOSSES);
    this.#evidence = new Evidence(graph, this.model);
    this.#spansAt = new Array<undefined>(graph.classes.length).fill(undefined);
    this.#termsAt = new Array<OwnTerm[] | undefined>(graph.cells.length).fill(undefined);
    const losses = candidates.filter((each) => !each.isNuisance && !each.isIncomplete).length;
    const prior = Math.log(Math.max(1, losses) / errorProbability);
    this.#terms = candidates.map((candidate) => this.#termOf(candidate, prior));
    this.#wholeOf = new Map(this.#terms.map((term) => [term.candidate, term]));
    for (const term of this.#terms) this.#index(term, term.spans, term.coverage.cells);
  }

  /** What is believed, with the model fitted to it. */
  get active(): ReadonlySet<Term> {
    return this.#active;
  }

  /** Every candidate as a loss of all its flows alike. */
  get terms(): readonly Term[] {
    return this.#terms;
  }

  /** The penalised log-likelihood. */
  objective(): number {
    let penalties = 0;
    for (const term of this.#active) penalties += penaltyOf(term, term.coverage.theta);
    return this.model.logLikelihood() - penalties;
  }

  /** Terms that cover a cell in which probes were lost. */
  termsAt(cell: number): readonly Term[] {
    return this.#termsAt[cell] ?? [];
  }

  /** What it explains as a loss of all its flows alike, in nats. */
  gainOf(term: Term): number {
    this.#refresh(term as OwnTerm);
    return (term as OwnTerm).scores.gain;
  }

  /** As a loss of all its flows alike. */
  wholeProspect(term: Term): Prospect {
    const own = term as OwnTerm;
    this.#refresh(own);
    return wholeProspect(own);
  }

  /** Takes a term out while `during` looks at the others, and puts it back as it was. */
  without<Result>(term: Term, during: () => Result): Result {
    const own = term as OwnTerm;
    const { theta } = own.coverage;
    const mark = this.#journal.mark();
    this.deactivate(own);
    const result = during();
    this.#believe(this.#activated(own), theta);
    this.#journal.backTo(mark);
    return result;
  }

  /** How well each unbelieved candidate would do beside those that are believed. */
  prospects(): Prospect[] {
    const idle = this.#terms.filter((term) => !this.#active.has(term) && !term.candidate.isLayer);
    for (const term of idle) this.#refresh(term);
    const tried = new Set([...mostGaining(idle, false), ...mostGaining(idle, true)]);
    return idle.map((term) => (tried.has(term) ? this.prospectOf(term) : wholeProspect(term)));
  }

  /** As a whole or as a partial loss, whichever does better. */
  prospectOf(term: Term): Prospect {
    const whole = this.wholeProspect(term);
    const mixture = this.#mixtureOf(term as OwnTerm);
    if (mixture === undefined) return whole;
    const score = mixture.gain - penaltyOf(term, mixture.theta) - partialPenalty(term);
    return score > whole.score ? { term, theta: mixture.theta, score, mixture } : whole;
  }

  /** Cells of responders that are believed to be limited. */
  limitedCells(): Pick<CellSet, 'has'> {
    if (this.#limitedCells !== undefined) return this.#limitedCells;
    const limited = new CellSet().become([]);
    for (const { candidate, coverage } of this.#active) {
      if (candidate.isNuisance) limited.add(coverage.cells);
    }
    this.#limitedCells = limited;
    return limited;
  }

  /**
   * The losses under a term in each round; undefined where nobody noted the rounds.
   *
   * @param leftOut cells that do not count
   */
  lossesByRound({ spans }: Term, leftOut?: Pick<CellSet, 'has'>): RoundLosses | undefined {
    const { rounds } = this.#graph;
    if (rounds === undefined) return undefined;
    return this.#evidence.lossesByRound(spans, rounds, (cell) => leftOut?.has(cell) ?? false);
  }

  /** Believes in a prospect. */
  accept({ term, theta, mixture }: Prospect): void {
    const own = term as OwnTerm;
    const accepted = mixture === undefined ? own : this.#partOf(own, mixture);
    this.#believe(this.#activated(accepted), theta);
  }

  /** Believes in a term no longer. */
  deactivate(term: Term): void {
    this.#active.delete(term as OwnTerm);
    this.#limitedCells = undefined;
    this.#believe(term as OwnTerm, 0);
  }

  /** All that is believed, for `restore`. */
  save(): Saved {
    const terms = [...this.#active].map((term) => ({
      term,
      theta: term.coverage.theta,
      prior: term.prior,
    }));
    return { mark: this.#journal.mark(), terms };
  }

  /** Believes in what was saved, and nothing else; what was saved after it is no longer valid. */
  restore({ mark, terms }: Saved): void {
    const kept = new Set(terms.map(({ term }) => term));
    for (const term of [...this.#active]) if (!kept.has(term)) this.deactivate(term);
    for (const { term, theta, prior } of terms) {
      const own = term as OwnTerm;
      own.prior = prior;
      if (this.#active.has(own) && own.coverage.theta === theta) continue;
      this.#believe(this.#activated(own), theta);
    }
    this.#journal.backTo(mark);
  }

  /**
   * The members of a partial loss were picked by what they lost, and that is not evidence: beside
   * all that is believed now, a partial loss may count no more than its mixture does.
   */
  priceParts(): void {
    for (const part of [...this.#active]) {
      if (part.members === undefined) continue;
      const { theta } = part.coverage;
      const whole = this.#wholeOf.get(part.candidate) ?? part;
      this.without(part, () => {
        const losses = this.#lossesOf(whole);
        const mixture = bestMixture(new LossTable(this.model, [-Math.expm1(theta)]), losses);
        const surplus = this.model.gainOf(part.coverage, theta) - (mixture?.gain ?? 0);
        part.prior = whole.prior + partialPenalty(whole) + surplus;
      });
    }
  }

  /** Brings the background loss to its best beside what is believed. */
  fitBackground(): void {
    this.model.fitBackground();
    this.model.refit();
    for (const term of this.#terms) this.#outdate(term);
  }

  /** Brings all that is believed to the joint maximum. */
  refit(): void {
    const before = new Map([...this.#active].map((term) => [term, term.coverage.theta]));
    this.model.refit();
    for (const [term, theta] of before) if (term.coverage.theta !== theta) this.#touch(term);
  }

  /** The part of a candidate that a mixture says is hit, with its cells cut off from the others. */
  #partOf(term: OwnTerm, mixture: Mixture): OwnTerm {
    const known = this.#parts.get(term.candidate) ?? [];
    const same = known.find((part) => part.members?.join() === mixture.members.join());
    if (same !== undefined) return same;
    const members = new Set(mixture.members);
    const cuts = this.#evidence.cut(term.spans, members);
    for (const { from, to } of cuts) this.#follow(from, to);
    const spans = term.spans.filter(({ path }) =>
      this.#evidence.flowsOf(path).every((flow) => members.has(flow)),
    );
    const cells = spans.flatMap((span) => this.#evidence.cellsOf(span));
    const part: OwnTerm = {
      candidate: term.candidate,
      coverage: this.model.cover(cells),
      prior: term.prior + partialPenalty(term),
      sent: term.sent,
      members: mixture.members,
      spans,
      scores: newScores(),
      losses: undefined,
    };
    this.#index(part, spans, cells);
    this.#parts.set(term.candidate, [...known, part]);
    return part;
  }

  /** All that covers a piece covers what was cut off it. */
  #follow(from: number, to: number): void {
    for (const { term, span } of this.#spansAt[from] ?? []) {
      const cutOff = { ...span, path: to };
      const cells = this.#evidence.cellsOf(cutOff);
      this.#limitedCells = undefined;
      term.spans.push(cutOff);
      term.losses = undefined;
      this.model.extend(term.coverage, cells);
      this.#index(term, [cutOff], cells);
      this.#outdate(term);
    }
  }

  #activated(term: OwnTerm): OwnTerm {
    this.#active.add(term);
    this.#limitedCells = undefined;
    return term;
  }

  #believe(term: OwnTerm, theta: number): void {
    this.model.believe(term.coverage, theta);
    this.#touch(term);
  }

  /** Whatever shares a lossy cell with a term has to be scored anew. */
  #touch({ coverage }: OwnTerm): void {
    for (const cell of this.model.lossyCells(coverage)) {
      for (const other of this.#termsAt[cell] ?? []) this.#outdate(other);
    }
  }

  #outdate({ scores }: OwnTerm): void {
    if (scores.isStale && scores.isMixtureStale) return;
    this.#journal.note(scores);
    scores.isStale = true;
    scores.isMixtureStale = true;
  }

  #refresh({ coverage, scores }: OwnTerm): void {
    if (!scores.isStale) return;
    this.#journal.note(scores);
    const { theta, gain } = this.model.fit(coverage, scores.theta);
    scores.theta = theta;
    scores.gain = gain;
    scores.isStale = false;
  }

  #mixtureOf(term: OwnTerm): Mixture | undefined {
    const { scores } = term;
    if (scores.isMixtureStale) {
      this.#journal.note(scores);
      const atLeast = Math.max(scores.gain, term.prior + partialPenalty(term));
      scores.mixture = bestMixture(this.#losses, this.#lossesOf(term), atLeast);
      scores.isMixtureStale = false;
    }
    return scores.mixture;
  }

  #lossesOf(term: OwnTerm): LossesOfFlows {
    term.losses ??= this.#evidence.flowLosses(term.spans);
    return term.losses;
  }

  #termOf(candidate: Candidate, lossPrior: number): OwnTerm {
    const coverage = this.model.cover(candidate.cells);
    const ordinary = candidate.isNuisance ? NUISANCE_PENALTY : lossPrior;
    return {
      candidate,
      coverage,
      prior: ordinary + (candidate.isIncomplete ? INCOMPLETE_PENALTY : 0),
      sent: coverage.sent,
      members: undefined,
      spans: [...candidate.spans],
      scores: newScores(),
      losses: undefined,
    };
  }

  #index(term: OwnTerm, spans: readonly Span[], cells: readonly number[]): void {
    for (const span of spans) {
      const there = this.#spansAt[span.path];
      if (there === undefined) this.#spansAt[span.path] = [{ term, span }];
      else there.push({ term, span });
    }
    // Cells that lost nothing stay so, also in pieces.
    for (const cell of cells) {
      if (this.model.received(cell) === this.model.sent(cell)) continue;
      const terms = this.#termsAt[cell];
      if (terms === undefined) this.#termsAt[cell] = [term];
      else terms.push(term);
    }
  }
}

function wholeProspect(term: OwnTerm): Prospect {
  const { gain, theta } = term.scores;
  return { term, theta, score: gain - penaltyOf(term, theta), mixture: undefined };
}

function mostGaining(terms: readonly OwnTerm[], isNuisance: boolean): OwnTerm[] {
  return terms
    .filter(({ candidate, scores }) => candidate.isNuisance === isNuisance && scores.gain > 0)
    .sort((a, b) => b.scores.gain - a.scores.gain)
    .slice(0, PARTIAL_TRIED);
}
