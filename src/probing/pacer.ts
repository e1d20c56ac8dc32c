/**
 * When the next probe may leave. Every answering interface has a budget of its own, because its
 * control plane is what probing wears on; the sum over all has one more.
 *
 * A budget is a spacing (the generic cell rate algorithm of ITU-T I.371 without burst tolerance),
 * varied by ±20 % so that probes never fall into step with a router's own token refill.
 */

import { MinHeap } from '../lib/min-heap.ts';
import { NumberQueue } from '../lib/number-queue.ts';
import type { Random } from '../lib/random.ts';

export interface PacerRates {
  /** Probes a second towards one interface, at first. */
  readonly perInterface: number;
  /** Probes a second in all. */
  readonly total: number;
  /**
   * Whether all that waits is spread over the time that the longest queue takes. Else interfaces
   * with few jobs are asked early, and losses that come and go hit them more or less than others.
   */
  readonly isEven?: boolean;
}

/** A slowed interface is asked for no more than this, then half of it, and so on. */
const SLOWED_PER_SECOND = 10;
const SLOWEST_PER_SECOND = 1;
const SPREAD = 0.2;
/** An idle sender may catch up by this much: timers of the platform are no finer. */
const CATCH_UP_US = 2000;
/** Long ago. Who was not asked yet is due since then: the first to come the longest. */
const NEVER_ASKED_US = -1e15;

interface Budget {
  readonly key: number;
  readonly waiting: NumberQueue;
  perSecond: number;
  /** The earliest time at which its next probe may leave. */
  freeUs: number;
  /** When it does leave: later where it need not hurry. */
  dueUs: number;
  /** Between jobs that need not hurry. */
  evenGapUs: number;
  isScheduled: boolean;
}

/** Queues of jobs, one for each interface, that give out one job at a time. */
export class Pacer {
  readonly #rates: PacerRates;
  readonly #random: Random;
  readonly #drawn = new Float64Array(1);
  readonly #budgets = new Map<number, Budget>();
  readonly #schedule = new MinHeap<Budget>(({ dueUs }, keys, at) => {
    keys[at] = dueUs;
  });
  #neverAskedUs = NEVER_ASKED_US;
  #totalDueUs = Number.NEGATIVE_INFINITY;
  #queued = 0;
  /** Whether the jobs that wait are all new: gaps are to be made even. */
  #isUneven = false;

  constructor(rates: PacerRates, random: Random) {
    this.#rates = rates;
    this.#random = random;
  }

  /** Jobs that wait. */
  get queued(): number {
    return this.#queued;
  }

  /**
   * Queues a job behind the others of its interface.
   *
   * @param key the interface that will answer, as far as anyone knows: any integer
   * @param job any number: what to do
   */
  enqueue(key: number, job: number): void {
    const budget = this.#budgetOf(key);
    budget.waiting.push(job);
    // What comes while others wait, as retries do, must not put those off.
    if (this.#queued === 0) this.#isUneven = this.#rates.isEven === true;
    this.#queued++;
    this.#scheduleNext(budget);
  }

  /** The next job that may leave at `nowUs`; undefined when none may yet. */
  next(nowUs: number): number | undefined {
    if (this.#isUneven) this.#makeEven(nowUs);
    if (this.#totalDueUs > nowUs) return undefined;
    const budget = this.#schedule.peek();
    if (budget === undefined || budget.dueUs > nowUs) return undefined;
    this.#schedule.pop();
    const job = budget.waiting.shift();
    budget.isScheduled = false;
    const leftUs = Math.max(budget.dueUs, nowUs - CATCH_UP_US);
    this.#random.fill(this.#drawn);
    const varied = 1 - SPREAD + 2 * SPREAD * (this.#drawn[0] as number);
    budget.freeUs = leftUs + (varied * 1e6) / budget.perSecond;
    budget.dueUs = Math.max(budget.freeUs, leftUs + varied * budget.evenGapUs);
    this.#totalDueUs = Math.max(this.#totalDueUs, nowUs - CATCH_UP_US) + 1e6 / this.#rates.total;
    this.#queued--;
    this.#scheduleNext(budget);
    return job;
  }

  /** When `next` will have a job; Infinity when none waits. */
  nextDueUs(): number {
    const budget = this.#schedule.peek();
    if (budget === undefined) return Number.POSITIVE_INFINITY;
    return Math.max(budget.dueUs, this.#totalDueUs);
  }

  /**
   * Lowers an interface's rate: to 10 a second at the first sign of a limit, then by halves to 1.
   *
   * @param dropped takes every job that waited for the interface but one: at the new rate they
   *   would keep all others waiting for long
   */
  slowDown(key: number, dropped: (job: number) => void): void {
    const budget = this.#budgetOf(key);
    const lowered = Math.min(SLOWED_PER_SECOND, budget.perSecond / 2);
    budget.perSecond = Math.max(SLOWEST_PER_SECOND, lowered);
    while (budget.waiting.length > 1) {
      this.#queued--;
      dropped(budget.waiting.pop() ?? 0);
    }
  }

  /** Doubles the rate of an interface that was slowed down, up to what it was at first. */
  speedUp(key: number): void {
    const budget = this.#budgetOf(key);
    budget.perSecond = Math.min(this.#rates.perInterface, 2 * budget.perSecond);
  }

  #budgetOf(key: number): Budget {
    const known = this.#budgets.get(key);
    if (known !== undefined) return known;
    const budget: Budget = {
      key,
      waiting: new NumberQueue(),
      perSecond: this.#rates.perInterface,
      freeUs: Number.NEGATIVE_INFINITY,
      // In the order in which they came, as nothing else tells them apart: a trace asks for its
      // nearest TTLs first, so those get what a target that limits its answers has left.
      // Where gaps are made even, chance gives the order.
      dueUs: this.#rates.isEven === true ? Number.NEGATIVE_INFINITY : this.#neverAskedUs++,
      evenGapUs: 0,
      isScheduled: false,
    };
    this.#budgets.set(key, budget);
    return budget;
  }

  #scheduleNext(budget: Budget): void {
    if (budget.isScheduled || budget.waiting.length === 0) return;
    budget.isScheduled = true;
    this.#schedule.push(budget);
  }

  /** Gaps and first times such that all queues end when the longest one does. */
  #makeEven(nowUs: number): void {
    this.#isUneven = false;
    const waiting: Budget[] = [];
    let endUs = nowUs + (this.#queued * 1e6) / this.#rates.total;
    for (let budget = this.#schedule.pop(); budget; budget = this.#schedule.pop()) {
      const jobsUs = (budget.waiting.length * 1e6) / budget.perSecond;
      endUs = Math.max(endUs, Math.max(nowUs, budget.freeUs) + jobsUs);
      waiting.push(budget);
    }
    for (const budget of waiting) {
      budget.evenGapUs = (endUs - nowUs) / budget.waiting.length;
      budget.dueUs = Math.max(budget.freeUs, nowUs + this.#random.unit() * budget.evenGapUs);
      this.#schedule.push(budget);
    }
  }
}
