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
import { endShortOfTarget, haveBeenMeasured, haveExplored } from './explored-flows.ts';
import { Findings } from './findings.ts';
import { FlowTable } from './flow-table.ts';
import { InterfaceBudgets } from './interface-budgets.ts';
import type { IsolationOptions, StopReason } from './isolation-options.ts';
import { LateAnswers } from './late-answers.ts';
import type { TargetAnswers } from './limited-target.ts';
import { byFlow } from './localised-flows.ts';
import type { PlannedProbe } from './round-options.ts';
import { planRound } from './round-plan.ts';
import { scouts, spread } from './scouts.ts';
import { Settling } from './settling.ts';
import { probesNeeded } from './stopping.ts';
import { type ClassLayout, classOf, targetOf } from './traffic-classes.ts';

/** Rounds that the probes of a run must suffice for: with fewer, flows are left out instead. */
const ROUNDS_WANTED = 6;
/** Probes of a round for each hop of a flow, wide hops being asked more often than others. */
const PROBES_PER_CELL = 2;
/** Rounds grow with what is known, as each is to add something: from these probes on, … */
const PROBES_BEFORE_LARGER = 16_000;
/** … up to so many times. */
const ROUND_SIZE_MAX = 2;
/** Rounds without any answer after which nobody will answer. */
const SILENT_ROUNDS = 3;
/** … before which no run ends clean. */
const CLEAN_ROUNDS_MIN = 2;
const EVALUATE_EVERY_US = 200_000;
const EVALUATE_IDLE_US = 1_000_000;
/** Rounds that may wait for their last replies while the next is under way. */
const OPEN_ROUNDS_MAX = 8;
const ROUNDS_MAX = 60_000;

/** One run: plans rounds, takes in what becomes of probes, and ends with a reason. */
export class Isolation implements ProbeSink {
  readonly #options: IsolationOptions;
  readonly #random: Random;
  readonly #table: FlowTable;
  readonly #budgets = new InterfaceBudgets();
  readonly #late: LateAnswers;
  #leads: readonly number[] = [];
  /** What probes of the next round are worth. */
  #worths: readonly ProbeWorth[] = [];
  #chosen: readonly number[] | undefined;
  #startedAtUs: number | undefined;
  #evaluatedAtUs = Number.NEGATIVE_INFINITY;
  #roundStartedAtUs: number | undefined;
  #roundsPlanned = 0;
  #roundsOver = 0;
  #roundsEvaluated = 0;
  #probesOrdered = 0;
  readonly #settling: Settling;
  /** The probes of rounds that are not over. */
  readonly #inFlight = new Map<number, readonly PlannedProbe[]>();
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
    const { flows, classes = 1, target, targets = [target] } = options;
    this.#layout = { flows, classes, targets: Math.max(1, targets.length) };
    this.#table = new FlowTable({
      ...options,
      targetOf: (flow) => targets[targetOf(flow, this.#layout)] ?? target,
    });
    this.#late = new LateAnswers(this.#table);
    this.#findings = new Findings(options, this.#table, this.#layout);
    this.#settling = new Settling(options, addresses);
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
      this.#roundsOver > this.#roundsEvaluated || this.#settling.isUnderWay || this.#isDraining;
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
      hidden: this.#settling.hidden,
      inFlight: this.#probesInFlight(),
      size: Math.min(ROUND_SIZE_MAX, Math.max(1, this.#probesOrdered / PROBES_BEFORE_LARGER)),
      limited: this.#budgets.limited,
      limitedPerRound: (responder) => this.#budgets.perRound(responder, roundUs),
      random: this.#random,
    });
    const round = this.#table.startRound();
    this.#late.startedRound(round, nowUs);
    this.#roundsPlanned++;
    const affordable = planned.slice(0, maxProbes - this.#probesOrdered);
    this.#inFlight.set(round, affordable);
    for (const { flow, ttl } of affordable) {
      this.#table.ordered();
      this.#probesOrdered++;
      prober.order(flow, ttl, round);
    }
  }

  #probesInFlight(): readonly PlannedProbe[] {
    for (const round of this.#inFlight.keys()) {
      if (round < this.#roundsOver) this.#inFlight.delete(round);
    }
    return [...this.#inFlight.values()].flat();
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
    this.#budgets.spare(localisation, this.#table.counts(), prober);
    this.#leads = found.leads;
    this.#worths = found.worths;
    this.#settling.reset();
    this.#isDraining = false;
    if (!this.#table.hasAnswers) {
      return this.#roundsOver >= SILENT_ROUNDS ? 'no-answer' : undefined;
    }
    const isOnTrial = this.#findings.tryTarget(localisation, this.#roundsPlanned, {
      budgets: this.#budgets,
      prober,
    });
    const hasSettled = this.#settling.hasSettled(localisation, {
      findings: this.#findings,
      roundsOver: this.#roundsOver,
      limited: this.#budgets.limited,
      flowOf,
    });
    const chosen = this.chosenFlows;
    if (hasSettled && haveExplored(this.#table, chosen) && isDecided && !isOnTrial) {
      this.#isDraining = this.#late.isAwaited(found.losses, nowUs);
      return this.#isDraining ? undefined : 'sure';
    }
    const { exclude } = this.#options;
    const isSilent = this.#roundsOver >= SILENT_ROUNDS;
    if (isSilent && endShortOfTarget(this.#table, chosen, { found: localisation, exclude })) {
      return 'no-answer';
    }
    const mayBeClean = localisation.losses.length === 0 && this.#roundsOver >= CLEAN_ROUNDS_MIN;
    const isClean = mayBeClean && haveBeenMeasured(this.#table, chosen);
    return isClean && lossNotExcluded(localisation) <= exclude ? 'clean' : undefined;
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
