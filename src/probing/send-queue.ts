/**
 * Orders on their way to being sent: paced by the interface that will answer, held back while the
 * kernel refuses their flow. Tells the engine which one may leave next.
 */

import { MinHeap } from '../lib/min-heap.ts';
import type { Mutable } from '../lib/mutable.ts';
import type { Random } from '../lib/random.ts';
import type { ProbedFlow } from './flow-book.ts';
import { Pacer, type PacerRates } from './pacer.ts';
import { type Refusal, SendRetries } from './send-retries.ts';
import { SharedHops } from './shared-hops.ts';

/** A probe to send. */
export interface Order {
  readonly flow: number;
  readonly ttl: number;
  readonly round: number;
}

interface HeldOrder {
  readonly order: number;
  readonly dueUs: number;
}

export const ROUND_MAX: number = 2 ** 16;
export const TTL_MAX = 255;
const TTLS: number = TTL_MAX + 1;
/** Targets are put into so many groups where nobody has answered yet: budgets are for ever. */
const TARGET_GROUPS = 64;

/** Where the queue looks flows up, and how. */
export interface SendQueueParts {
  readonly rates: PacerRates;
  readonly random: Random;
  readonly flowAt: (flow: number) => ProbedFlow | undefined;
  /** Whether flows go to more than one address, so that hops may be shared by strangers. */
  readonly hasSeveralDestinations: () => boolean;
}

/** Orders in, one order at a time out. */
export class SendQueue {
  readonly #parts: SendQueueParts;
  readonly #pacer: Pacer;
  readonly #retries = new SendRetries();
  readonly #sharedHops = new SharedHops();
  readonly #next: Mutable<Order> = { flow: 0, ttl: 0, round: 0 };
  readonly #held = new MinHeap<HeldOrder>(({ dueUs }, keys, at) => {
    keys[at] = dueUs;
  });

  constructor(parts: SendQueueParts) {
    this.#parts = parts;
    this.#pacer = new Pacer(parts.rates, parts.random);
  }

  /** Orders that wait. */
  get queued(): number {
    return this.#pacer.queued + this.#held.size;
  }

  /** Queues an order behind the others of the interface that will answer it. */
  add(flow: number, ttl: number, round: number): void {
    const state = this.#parts.flowAt(flow);
    if (state === undefined) throw new RangeError(`there is no flow ${flow}`);
    state.queued++;
    this.#enqueue(state, ttl, orderOf(flow, ttl, round));
  }

  /**
   * The next order that may leave; undefined when none may yet. It is the caller's then, and one
   * object, which is filled anew by the next call.
   */
  next(nowUs: number): Order | undefined {
    if (this.#retries.isPausedAt(nowUs)) return undefined;
    this.#unhold(nowUs);
    for (let job = this.#pacer.next(nowUs); job !== undefined; job = this.#pacer.next(nowUs)) {
      const isPredicted = job % 2 === 1;
      const order = Math.floor(job / 2);
      const probe = this.#readOrder(order);
      const state = this.#parts.flowAt(probe.flow);
      if (state === undefined) continue;
      if (!isPredicted && this.#isOfSharedHop(state, probe.ttl)) {
        this.#enqueue(state, probe.ttl, order); // known only since it was queued
        continue;
      }
      const pausedUntilUs = this.#retries.flowPausedUntilUs(probe.flow);
      if (nowUs < pausedUntilUs && !state.isReleased) {
        this.#held.push({ order, dueUs: pausedUntilUs });
        continue;
      }
      state.queued--;
      return probe;
    }
    return undefined;
  }

  /** Takes in who answered at a TTL. */
  noteResponder(state: ProbedFlow, ttl: number, responder: number): void {
    state.noteResponder(ttl, responder);
    this.#sharedHops.note(ttl, responder, state.destinationIndex);
  }

  /** The packet of this order went out. */
  succeeded(flow: number, ttl: number, round: number): void {
    this.#retries.succeeded(flow, orderOf(flow, ttl, round));
  }

  /** The packet of this order was refused; whether to `add` it again. */
  refused(order: Order, error: string, nowUs: number): boolean {
    const refusal: Refusal = {
      flow: order.flow,
      order: orderOf(order.flow, order.ttl, order.round),
      error,
    };
    return this.#retries.refused(refusal, nowUs);
  }

  /** The flow is no more. */
  forget(flow: number): void {
    this.#retries.forget(flow);
  }

  /** As `Prober.slowDown`; `dropped` takes what is not sent. */
  slowDown(responder: number, dropped: (order: Order) => void): void {
    this.#pacer.slowDown(responder, (job) => {
      const order = this.#readOrder(Math.floor(job / 2));
      const state = this.#parts.flowAt(order.flow);
      if (state !== undefined) state.queued--;
      dropped(order);
    });
  }

  /** As `Prober.speedUp`. */
  speedUp(responder: number): void {
    this.#pacer.speedUp(responder);
  }

  /** When `next` will have an order; Infinity when none waits. */
  nextDueUs(): number {
    const heldUs = this.#held.peek()?.dueUs ?? Number.POSITIVE_INFINITY;
    return Math.max(Math.min(this.#pacer.nextDueUs(), heldUs), this.#retries.pausedUntilUs);
  }

  #readOrder(order: number): Order {
    const next = this.#next;
    next.flow = flowOf(order);
    next.ttl = ttlOf(order);
    next.round = order % ROUND_MAX;
    return next;
  }

  #unhold(nowUs: number): void {
    for (let held = this.#held.peek(); held !== undefined; held = this.#held.peek()) {
      if (held.dueUs > nowUs) return;
      this.#held.pop();
      const state = this.#parts.flowAt(flowOf(held.order));
      if (state !== undefined) this.#enqueue(state, ttlOf(held.order), held.order);
    }
  }

  #enqueue(state: ProbedFlow, ttl: number, order: number): void {
    const responder = state.responderAt(ttl);
    if (responder >= 0) {
      this.#pacer.enqueue(responder, 2 * order + 1);
      return;
    }
    const shared = this.#isOfSharedHop(state, ttl) ? this.#sharedHops.responderAt(ttl) : -1;
    // Until someone has answered there, all of a TTL to one target may meet at one interface.
    if (shared < 0) this.#pacer.enqueue(unknownKey(state.destinationIndex, ttl), 2 * order);
    else this.#pacer.enqueue(shared, 2 * order + 1);
  }

  #isOfSharedHop(state: ProbedFlow, ttl: number): boolean {
    if (!this.#parts.hasSeveralDestinations() || state.responderAt(ttl) >= 0) return false;
    return this.#sharedHops.responderAt(ttl) >= 0;
  }
}

/** The key of whoever answers at a TTL towards a target: below those of known interfaces. */
function unknownKey(destination: number, ttl: number): number {
  return -((destination % TARGET_GROUPS) * TTLS + ttl);
}

/** An order as one number, so that queues hold no objects. */
function orderOf(flow: number, ttl: number, round: number): number {
  return (flow * TTLS + ttl) * ROUND_MAX + round;
}

function flowOf(order: number): number {
  return Math.floor(order / (TTLS * ROUND_MAX));
}

function ttlOf(order: number): number {
  return Math.floor(order / ROUND_MAX) % TTLS;
}
