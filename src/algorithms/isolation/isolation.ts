/**
 * Isolates packet loss: decides which probes to send round by round, learns the paths from what
 * comes back, and stops as soon as the answer is sure. It sends nothing itself and knows no clock.
 */

import type { Random } from '../../lib/random.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { ProbeReply, Prober, ProbeSink } from '../../model/probe.ts';
import type { Localisation } from '../localisation/localise.ts';
import type { ProbeWorth } from '../localisation/probe-worth.ts';
import { lossNotExcluded } from '../localisation/unprobed-hops.ts';
import { Findings } from './findings.ts';
import { FlowTable } from './flow-table.ts';
import { InterfaceBudgets, LIMITED_ANSWER_RATIO, LIMITED_PROBES_MIN } from './interface-budgets.ts';
import type { IsolationOptions, StopReason } from './isolation-options.ts';
import { LateAnswers } from './late-answers.ts';
import { unclearRows } from './limited-stars.ts';
import type { TargetAnswers } from './limited-target.ts';
import { byFlow, SETTLED_PROBABILITY, settledPlaces, worthsByFlow } from './localised-flows.ts';
import { planRound } from './round-plan.ts';
import { scouts, spread } from './scouts.ts';
import { hiddenLossWorths, probesNeeded } from './stopping.ts';
import { type ClassLayout, classOf, targetOf } from './traffic-classes.ts';

/** Rounds that the probes of a run must suffice for: with fewer, flows are left out instead. */
const ROUNDS_WANTED = 6;
/** Probes of a round for each hop of a flow, wide hops being asked more often than others. */
const PROBES_PER_CELL = 2;
/** A place must be named in this many evaluations in a row, each after another round. */
const SETTLED_EVALUATIONS = 2;
/** … and in as many where it is hardly as probable as was asked for. */
const BARELY_SETTLED_EVALUATIONS = 4;
/** Rounds grow with what is known, as each is to add something: from these probes on, … */
const PROBES_BEFORE_LARGER = 16_000;
/** … up to so many times. */
const ROUND_SIZE_MAX = 2;
/** Rounds without any answer after which nobody will answer. */
const SILENT_ROUNDS = 3;
/** Where the target never answers, this much excluded before it is all that need be known. */
const EXCLUDED_BEFORE_SILENCE = 0.1;
/** Flows that must have a path of some duration before a run may end clean. */
const MEASURED_SHARE = 0.9;
const EVALUATE_EVERY_US = 200_000;
const EVALUATE_IDLE_US = 1_000_000;
/** Rounds that may wait for their last replies while the next is under way. */
const OPEN_ROUNDS_MAX = 8;
const ROUNDS_MAX = 60_000;

/** One run: plans rounds, takes in what becomes of probes, and ends with a reason. */
export class Isolation implements ProbeSink {
  readonly #options: IsolationOptions;
  readonly #random: Random;
  readonly #addresses: AddressBook;
  readonly #table: FlowTable;
  readonly #budgets = new InterfaceBudgets();
  readonly #late: LateAnswers;
  #leads: readonly number[] = [];
  /** What probes of the next round are worth. */
  #worths: readonly ProbeWorth[] = [];
  /** Whether that is only about losses that may wait beside those that have their place. */
  #isSearching = false;
  #chosen: readonly number[] | undefined;
  #startedAtUs: number | undefined;
  #evaluatedAtUs = Number.NEGATIVE_INFINITY;
  #roundStartedAtUs: number | undefined;
  #roundsPlanned = 0;
  #roundsOver = 0;
  #roundsEvaluated = 0;
  #probesOrdered = 0;
  #settled = { places: '', evaluations: 0, roundsOver: 0 };
  #isDraining = false;
  readonly #layout: ClassLayout;
  readonly #findings: Findings;
  #stopReason: StopReason | undefined;

  constructor(
    options: IsolationOptions,
    { random, addresses }: { random: Random; addresses: AddressBook },
  ) {
    this.#options = options;
    this.#random = random;
    this.#addresses = addresses;
    const { flows, classes = 1, target, targets = [target] } = options;
    this.#layout = { flows, classes, targets: Math.max(1, targets.length) };
    this.#table = new FlowTable({
      ...options,
      targetOf: (flow) => targets[targetOf(flow, this.#layout)] ?? target,
    });
    this.#late = new LateAnswers(this.#table);
    this.#findings = new Findings(options, this.#table, this.#layout);
  }

  /** Why it ended; undefined while it goes on. */
  get stopReason(): StopReason | undefined {
    return this.#stopReason;
  }

  get roundsOver(): number {
    return this.#roundsOver;
  }

  /** What is known of the flows. */
  get table(): FlowTable {
    return this.#table;
  }

  /** What late answers of the target say of its way back. */
  get late(): LateAnswers {
    return this.#late;
  }

  /** The flows that are probed: all, unless the probes of the run would not suffice for all. */
  get chosenFlows(): readonly number[] {
    return this.#chosen ?? [...new Array(this.#options.flows).keys()];
  }

  /** About how many more probes would make the answer sure; null where it is. */
  get probesNeeded(): number | null {
    const isCut = this.#stopReason === 'max-time' || this.#stopReason === 'max-probes';
    if (!isCut && this.#stopReason !== undefined) return null;
    const { exclude } = this.#options;
    return probesNeeded(this.localisation(), { probesSent: this.#probesOrdered, exclude });
  }

  /** Looks at what came in, and orders more probes where that helps. */
  advance(nowUs: number, prober: Prober): void {
    if (this.#stopReason !== undefined) return;
    this.#startedAtUs ??= nowUs;
    this.#roundsOver += this.#table.commitRounds(nowUs);
    if (this.#isEvaluationDue(nowUs)) {
      this.#evaluatedAtUs = nowUs;
      this.#roundsEvaluated = this.#roundsOver;
      this.#stopReason = this.#evaluate(nowUs, prober);
    }
    this.#stopReason ??= this.#exhausted(nowUs);
    if (this.#stopReason !== undefined || this.#isDraining) return;
    if (prober.queued === 0) this.#startRound(nowUs, prober);
  }

  /**
   * Ends a run whose probes others sent and recorded, and which was never advanced.
   *
   * @param flows those that they probed
   */
  endRecorded(flows: readonly number[]): void {
    this.#chosen = flows;
    this.#stopReason = 'recorded';
  }

  /** When `advance` must be called at the latest, whatever happens. */
  deadlineUs(nowUs: number): number {
    const endUs = this.#endUs(nowUs);
    return this.#isDraining ? Math.min(endUs, nowUs + EVALUATE_EVERY_US) : endUs;
  }

  /** The classes that alone are hit by what `localisation` shows; undefined where all are alike. */
  classesHit(): readonly number[] | undefined {
    return this.#findings.localise().only;
  }

  /** How often a target answered, where those limit that; undefined where they do not. */
  limitedTarget(target: number): TargetAnswers | undefined {
    return this.#findings.limitedTarget(target, this.#roundsPlanned);
  }

  /** The flows that are probed of these classes. */
  chosenOf(classes: readonly number[]): readonly number[] {
    return this.chosenFlows.filter((flow) => classes.includes(classOf(flow, this.#layout)));
  }

  /** What the counts of all rounds that are over show, by flow. */
  localisation(): Localisation {
    const { localisation, flowOf } = this.#findings.localise();
    return byFlow(localisation, flowOf);
  }

  replied(reply: ProbeReply): void {
    this.#late.replied(reply);
  }

  lost(flow: number, ttl: number, round: number, sentAtUs?: number): void {
    this.#table.lost(flow, ttl, round, sentAtUs);
  }

  repliedLate(reply: ProbeReply): void {
    this.#late.repliedLate(reply);
  }

  unsent(_flow: number, _ttl: number, round: number): void {
    this.#table.unsent(round);
  }

  /** Counts change when rounds are over; answers that come late may change them in between. */
  #isEvaluationDue(nowUs: number): boolean {
    if (this.#roundsOver === 0) return false;
    const isPressing =
      this.#roundsOver > this.#roundsEvaluated || this.#settled.evaluations > 0 || this.#isDraining;
    const everyUs = isPressing ? EVALUATE_EVERY_US : EVALUATE_IDLE_US;
    return nowUs - this.#evaluatedAtUs >= everyUs;
  }

  #startRound(nowUs: number, prober: Prober): void {
    const { flows, maxProbes } = this.#options;
    const areScoutsOut = this.#roundsOver === 0;
    if (areScoutsOut && this.#roundsPlanned > 0) return;
    if (this.#table.openRounds >= OPEN_ROUNDS_MAX || this.#roundsPlanned >= ROUNDS_MAX) return;
    if (this.#probesOrdered >= maxProbes) return;
    if (!areScoutsOut) this.#chosen ??= spread(this.#affordableFlows(), flows);
    // The next round will last about as long as this one did.
    const roundUs = nowUs - (this.#roundStartedAtUs ?? nowUs);
    this.#roundStartedAtUs = nowUs;
    const planned = planRound(this.#table, {
      ...this.#options,
      chosen: areScoutsOut ? scouts(this.#layout) : this.#flowsToProbe(),
      leads: this.#leads,
      worths: this.#worths,
      isSearching: this.#isSearching,
      size: Math.min(ROUND_SIZE_MAX, Math.max(1, this.#probesOrdered / PROBES_BEFORE_LARGER)),
      limited: this.#budgets.limited,
      limitedPerRound: (responder) => this.#budgets.perRound(responder, roundUs),
      random: this.#random,
    });
    const round = this.#table.startRound();
    this.#late.startedRound(round, nowUs);
    this.#roundsPlanned++;
    for (const { flow, ttl } of planned.slice(0, maxProbes - this.#probesOrdered)) {
      this.#table.ordered();
      this.#probesOrdered++;
      prober.order(flow, ttl, round);
    }
  }

  /** While the target is on trial, flows that it has answered: others would ask it too often. */
  #flowsToProbe(): readonly number[] {
    if (!this.#findings.isTargetOnTrial) return this.chosenFlows;
    return this.chosenFlows.filter((flow) => this.#table.reachedHop(flow) !== undefined);
  }

  /** As many flows as can be probed in all rounds that a verdict takes; the scouts at least. */
  #affordableFlows(): number {
    const { flows, maxProbes } = this.#options;
    const hops = Math.max(1, ...this.#table.counts().flows.map(({ sent }) => sent.length));
    const affordable = Math.floor(maxProbes / (ROUNDS_WANTED * PROBES_PER_CELL * hops));
    return Math.min(flows, Math.max(scouts(this.#layout).length, affordable));
  }

  #evaluate(nowUs: number, prober: Prober): StopReason | undefined {
    const { localisation, flowOf, isDecided } = this.#findings.localise();
    const found = byFlow(localisation, flowOf);
    this.#spareLimited(localisation, prober);
    this.#leads = found.leads;
    this.#worths = found.worths;
    this.#isSearching = false;
    this.#isDraining = false;
    if (!this.#table.hasAnswers) {
      return this.#roundsOver >= SILENT_ROUNDS ? 'no-answer' : undefined;
    }
    const isOnTrial = this.#findings.tryTarget(localisation, this.#roundsPlanned, {
      budgets: this.#budgets,
      prober,
    });
    if (this.#hasSettled(localisation) && isDecided && !isOnTrial) {
      this.#isDraining = this.#late.isAwaited(found.losses, nowUs);
      return this.#isDraining ? undefined : 'sure';
    }
    if (this.#isDeadEnd(localisation)) return 'no-answer';
    const isClean = localisation.losses.length === 0 && this.#hasSeenAllFlows();
    return isClean && lossNotExcluded(localisation) <= this.#options.exclude ? 'clean' : undefined;
  }

  /** Whether every loss has its place, had it at the evaluation before, and hides no other. */
  #hasSettled(localisation: Localisation): boolean {
    const { confidence, source } = this.#options;
    const names = { graph: localisation.graph, addresses: this.#addresses, source };
    const places = settledPlaces(localisation, names, confidence);
    const isSame = places !== undefined && places === this.#settled.places;
    const before = isSame ? this.#settled : { evaluations: 0, roundsOver: 0 };
    const isNews = this.#roundsOver > before.roundsOver;
    const evaluations = places === undefined ? 0 : before.evaluations + Number(isNews);
    this.#settled = { places: places ?? '', evaluations, roundsOver: this.#roundsOver };
    const isFirm = localisation.losses.every(
      ({ modelProbability }) => modelProbability >= SETTLED_PROBABILITY,
    );
    const wanted = isFirm ? SETTLED_EVALUATIONS : BARELY_SETTLED_EVALUATIONS;
    // Looked for while the place is confirmed, not only afterwards.
    const mayHide = evaluations > 0 && this.#mayHideLoss(localisation);
    return evaluations >= wanted && this.#hasExploredAllFlows() && !mayHide;
  }

  /** Whether another loss may wait beside those that have their place: then it is looked for. */
  #mayHideLoss(localisation: Localisation): boolean {
    const { losses, graph, limited } = localisation;
    // They owe their missing replies to themselves.
    const owing = limited.flatMap(({ vertex }) => {
      const described = graph.vertices[vertex];
      return described?.kind === 'interface' ? [described.address] : [];
    });
    const smallest = Math.min(...losses.map(({ lossRatio }) => lossRatio));
    const worths = hiddenLossWorths(
      this.#findings.testableCounts(),
      new Set([
        ...losses.flatMap(({ flowsAcross }) => flowsAcross),
        ...unclearRows(localisation).keys(),
        ...graph.rows.flatMap((row, index) => (row === undefined ? [index] : [])),
      ]),
      {
        confidence: this.#options.confidence,
        lossRatio: Math.max(this.#options.exclude, Math.min(smallest, 0.5)),
        limited: new Set([...owing, ...this.#budgets.limited]),
      },
    );
    this.#isSearching = worths !== undefined;
    if (worths !== undefined) this.#worths = worthsByFlow(worths, this.#table.measured().flowOf);
    return this.#isSearching;
  }

  /** Whether no flow gets to the target, and what could still be learned on the way is known. */
  #isDeadEnd({ graph, losses, excludedLossRatio }: Localisation): boolean {
    const hasReached = this.chosenFlows.some((flow) => this.#table.reachedHop(flow) !== undefined);
    if (graph.isTargetReached || hasReached || losses.length > 0) return false;
    const enough = Math.max(this.#options.exclude, EXCLUDED_BEFORE_SILENCE);
    const isKnown = excludedLossRatio === 1 || excludedLossRatio <= enough;
    return isKnown && this.#roundsOver >= SILENT_ROUNDS && !this.#table.hasDoubtfulHops();
  }

  /** Whether most flows have been asked at every hop of their paths. */
  #hasExploredAllFlows(): boolean {
    const explored = this.chosenFlows.filter((flow) => {
      const end = this.#table.reachedHop(flow) ?? this.#table.lastKnownHop(flow);
      for (let hop = 0; hop < end; hop++) if (this.#table.isUnexplored(flow, hop)) return false;
      // One that nobody answers has no path to explore.
      return end >= 0 || !this.#table.isUnexplored(flow, 0);
    });
    return explored.length >= MEASURED_SHARE * this.chosenFlows.length;
  }

  /** Whether most flows have a path that has been measured. */
  #hasSeenAllFlows(): boolean {
    const { counts, flowOf } = this.#table.measured();
    const measured = new Set(flowOf.filter((_, index) => counts.flows[index]?.sent.length !== 0));
    return this.#roundsOver >= 2 && measured.size >= MEASURED_SHARE * this.chosenFlows.length;
  }

  #spareLimited({ graph, limited }: Localisation, prober: Prober): void {
    const counts = this.#table.counts();
    this.#budgets.review(counts, prober);
    for (const { vertex, answerRatio, sent } of limited) {
      const described = graph.vertices[vertex];
      if (described?.kind !== 'interface') continue;
      if (answerRatio > LIMITED_ANSWER_RATIO || sent < LIMITED_PROBES_MIN) continue;
      this.#budgets.slowDown(described.address, counts, prober);
    }
  }

  #endUs(nowUs: number): number {
    return (this.#startedAtUs ?? nowUs) + this.#options.maxTimeUs;
  }

  #exhausted(nowUs: number): StopReason | undefined {
    if (nowUs >= this.#endUs(nowUs)) return 'max-time';
    const hasSpent = this.#probesOrdered >= this.#options.maxProbes;
    const isWaiting = this.#table.openRounds > 0 || this.#isDraining;
    return hasSpent && !isWaiting ? 'max-probes' : undefined;
  }
}
