/**
 * Isolates packet loss: decides which probes to send round by round, learns the paths from what
 * comes back, and stops as soon as the answer is sure. It sends nothing itself and knows no clock.
 */

import type { Random } from '../../lib/random.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { ProbeReply, Prober, ProbeSink } from '../../model/probe.ts';
import { type Localisation, localise } from '../localisation/localise.ts';
import { FlowTable } from './flow-table.ts';
import { placeOf } from './places.ts';
import { planRound } from './round-plan.ts';
import { reportable } from './verdict.ts';

export interface IsolationOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** Probability that a statement must have, within (0, 1). */
  readonly confidence: number;
  /** Losses below this ratio are of no interest. */
  readonly minLoss: number;
  /** A clean run is over when this loss or more is ruled out on every testable link. */
  readonly exclude: number;
  readonly maxProbes: number;
  readonly maxTimeUs: number;
  /** Address index of the target. */
  readonly target: number;
  /** Address of the source, as text. */
  readonly source: string;
}

/** Why a run ended. */
export type StopReason = 'sure' | 'clean' | 'no-answer' | 'max-time' | 'max-probes';

/** Flows that learn the distance of the target before all others start. */
const SCOUTS = 4;
/** A place must be this probable before the run ends for it. */
const SETTLED_PROBABILITY = 0.99;
/** … in this many evaluations in a row. */
const SETTLED_EVALUATIONS = 2;
/** Rounds without any answer after which nobody will answer. */
const SILENT_ROUNDS = 3;
/** An interface that answers no more than this limits its replies, and is asked for fewer. */
const LIMITED_ANSWER_RATIO = 0.9;
/** … if that is not just bad luck with a few probes, or a loss that has yet to show elsewhere. */
const LIMITED_PROBES_MIN = 40;
const EVALUATE_EVERY_US = 200_000;
/** Rounds that may wait for their last replies while the next is under way. */
const OPEN_ROUNDS_MAX = 8;
const ROUNDS_MAX = 60_000;

/** One run: plans rounds, takes in what becomes of probes, and ends with a reason. */
export class Isolation implements ProbeSink {
  readonly #options: IsolationOptions;
  readonly #prober: Prober;
  readonly #random: Random;
  readonly #addresses: AddressBook;
  readonly #table: FlowTable;
  readonly #limited = new Set<number>();
  #leads: readonly number[] = [];
  #startedAtUs: number | undefined;
  #evaluatedAtUs = Number.NEGATIVE_INFINITY;
  #roundsPlanned = 0;
  #roundsOver = 0;
  #probesOrdered = 0;
  #settled = { places: '', evaluations: 0 };
  #stopReason: StopReason | undefined;

  constructor(
    options: IsolationOptions,
    prober: Prober,
    { random, addresses }: { random: Random; addresses: AddressBook },
  ) {
    this.#options = options;
    this.#prober = prober;
    this.#random = random;
    this.#addresses = addresses;
    this.#table = new FlowTable(options);
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

  /** Looks at what came in, and orders more probes where that helps. */
  advance(nowUs: number): void {
    if (this.#stopReason !== undefined) return;
    this.#startedAtUs ??= nowUs;
    this.#roundsOver += this.#table.commitRounds();
    const isDue = nowUs - this.#evaluatedAtUs >= EVALUATE_EVERY_US;
    if (isDue && this.#roundsOver > 0) {
      this.#evaluatedAtUs = nowUs;
      this.#stopReason = this.#evaluate();
    }
    this.#stopReason ??= this.#exhausted(nowUs);
    if (this.#stopReason === undefined && this.#prober.queued === 0) this.#startRound();
  }

  /** When `advance` must be called at the latest, whatever happens. */
  deadlineUs(nowUs: number): number {
    return (this.#startedAtUs ?? nowUs) + this.#options.maxTimeUs;
  }

  /** What the counts of all rounds that are over show. */
  localisation(): Localisation {
    return localise(this.#table.counts(), this.#options);
  }

  replied(reply: ProbeReply): void {
    this.#table.replied(reply);
  }

  lost(flow: number, ttl: number, round: number): void {
    this.#table.lost(flow, ttl, round);
  }

  repliedLate(): void {
    // The probe has been counted as lost; what a late reply proves is not yet put to use.
  }

  unsent(_flow: number, _ttl: number, round: number): void {
    this.#table.unsent(round);
  }

  #startRound(): void {
    const { flows, maxProbes } = this.#options;
    const areScoutsOut = this.#roundsOver === 0;
    if (areScoutsOut && this.#roundsPlanned > 0) return;
    if (this.#table.openRounds >= OPEN_ROUNDS_MAX || this.#roundsPlanned >= ROUNDS_MAX) return;
    const chosen = areScoutsOut ? scouts(flows) : [...new Array(flows).keys()];
    const planned = planRound(this.#table, {
      ...this.#options,
      chosen,
      leads: this.#leads,
      limited: this.#limited,
      random: this.#random,
    });
    const round = this.#table.startRound();
    this.#roundsPlanned++;
    for (const { flow, ttl } of planned.slice(0, maxProbes - this.#probesOrdered)) {
      this.#table.ordered();
      this.#probesOrdered++;
      this.#prober.order(flow, ttl, round);
    }
  }

  #evaluate(): StopReason | undefined {
    const localisation = this.localisation();
    this.#slowDownLimited(localisation);
    this.#leads = localisation.leads;
    const { classes } = localisation.graph;
    if (classes.length === 0) return this.#roundsOver >= SILENT_ROUNDS ? 'no-answer' : undefined;
    if (this.#hasSettled(localisation)) return 'sure';
    if (this.#isDeadEnd(localisation)) return 'no-answer';
    const isClean = localisation.losses.length === 0 && this.#hasSeenAllFlows();
    return isClean && localisation.excludedLossRatio <= this.#options.exclude ? 'clean' : undefined;
  }

  /** Whether every loss has its place, and had it at the evaluation before. */
  #hasSettled(localisation: Localisation): boolean {
    const { confidence, source } = this.#options;
    const names = { graph: localisation.graph, addresses: this.#addresses, source };
    const losses = reportable(localisation, confidence);
    const isSure =
      losses.length > 0 &&
      !this.#table.hasDoubtfulHops() &&
      losses.length === localisation.losses.length &&
      losses.every(({ probability }) => probability >= Math.max(confidence, SETTLED_PROBABILITY));
    const places = losses
      .map(({ explanations: [first] }) => first && JSON.stringify(placeOf(first, names)))
      .sort()
      .join();
    const isSame = isSure && places === this.#settled.places;
    this.#settled = {
      places,
      evaluations: isSure ? (isSame ? this.#settled.evaluations : 0) + 1 : 0,
    };
    return this.#settled.evaluations >= SETTLED_EVALUATIONS;
  }

  /** Whether no flow gets to where it could show anything, although all had every chance to. */
  #isDeadEnd({ graph, excludedLossRatio }: Localisation): boolean {
    const isUntestable = !graph.isTargetReached && excludedLossRatio === 1;
    return isUntestable && this.#roundsOver >= SILENT_ROUNDS && !this.#table.hasDoubtfulHops();
  }

  #hasSeenAllFlows(): boolean {
    return this.#roundsOver >= 2;
  }

  #slowDownLimited({ graph, limited }: Localisation): void {
    for (const { vertex, answerRatio, sent } of limited) {
      const described = graph.vertices[vertex];
      if (described?.kind !== 'interface' || this.#limited.has(described.address)) continue;
      if (answerRatio > LIMITED_ANSWER_RATIO || sent < LIMITED_PROBES_MIN) continue;
      this.#limited.add(described.address);
      this.#prober.slowDown(described.address);
    }
  }

  #exhausted(nowUs: number): StopReason | undefined {
    if (nowUs >= this.deadlineUs(nowUs)) return 'max-time';
    const hasSpent = this.#probesOrdered >= this.#options.maxProbes;
    return hasSpent && this.#table.openRounds === 0 ? 'max-probes' : undefined;
  }
}

/** A few flows, spread over all. */
function scouts(flows: number): number[] {
  const count = Math.min(SCOUTS, flows);
  return [...new Array(count).keys()].map((i) => Math.floor((i * flows) / count));
}
