/**
 * The probes that a reply may still name: awaited, answered, or given up. Rows of typed arrays, so
 * that no probe costs an object.
 *
 * A row stays after its answer, for duplicates, and after its time-out, for late replies, until its
 * rest is over. Rows are then reused oldest first, under another generation, so that a reply from
 * long ago is never taken for the answer to a newer probe. Only where all are in use does the
 * oldest row that has its outcome give its rest up: what is said of its probe after that counts as
 * foreign.
 */

import type { Mutable } from '../lib/mutable.ts';
import { NumberQueue } from '../lib/number-queue.ts';

const SLOT_BITS = 20;
export const GENERATION_BITS: number = 32 - SLOT_BITS;
/** Rows at most: no more probes than this can be remembered at once. */
export const IN_FLIGHT_MAX: number = 2 ** SLOT_BITS;

const PROBE_FREE = 0;
export const PROBE_AWAITED = 1;
export const PROBE_ANSWERED = 2;
export const PROBE_EXPIRED = 3;

/** No row: the table is full, or a counter names none that lives. */
export const NO_SLOT = -1;
/** Of the probes of one flow, only so many last ones are looked through for a key. */
const SEARCHED_MAX = 4096;

const INITIAL_ROWS = 1024;

/** When the probe of an answer was sent, and how long the answer took. */
export interface AnswerTimes {
  /** Monotonic. */
  readonly sentAtUs: number;
  /** Whether that is what the kernel noted. */
  readonly isStamped: boolean;
  /** Negative where it came before the probe seems to have left. */
  readonly rttUs: number;
}

/** The table. Columns are read in place; rows are added and settled through the methods. */
export class InFlight {
  flow: Uint32Array<ArrayBuffer> = new Uint32Array(INITIAL_ROWS);
  ttl: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_ROWS);
  round: Uint32Array<ArrayBuffer> = new Uint32Array(INITIAL_ROWS);
  state: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_ROWS);
  /** Monotonic microseconds. */
  sentAtUs: Float64Array<ArrayBuffer> = new Float64Array(INITIAL_ROWS);
  /** How much earlier than `sentAtUs` the probe may have left, in microseconds. */
  #earlierByUs: Uint32Array<ArrayBuffer> = new Uint32Array(INITIAL_ROWS);
  /** 1 where `sentAtUs` is what the kernel noted, 0 where it is our estimate. */
  #isStamped: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_ROWS);

  /** The probe of the same flow that was sent before, or `NO_SLOT`: a chain per flow. */
  #before: Int32Array<ArrayBuffer> = new Int32Array(INITIAL_ROWS);
  readonly #max: number;
  #generation: Uint16Array<ArrayBuffer> = new Uint16Array(INITIAL_ROWS);
  #usedRows = 0;
  /**
   * Rows in the order of sending: those that may still expire, all that are taken, and free ones.
   */
  readonly #toExpire = new NumberQueue();
  readonly #taken = new NumberQueue();
  readonly #free = new NumberQueue();
  #awaitedCount = 0;

  /** @param max rows at most, an integer in [1, `IN_FLIGHT_MAX`] */
  constructor(max: number = IN_FLIGHT_MAX) {
    if (!Number.isInteger(max) || max < 1 || max > IN_FLIGHT_MAX) {
      throw new RangeError(`max must be an integer in [1, ${IN_FLIGHT_MAX}], got ${max}`);
    }
    this.#max = max;
  }

  /** Probes that are still awaited. */
  get awaitedCount(): number {
    return this.#awaitedCount;
  }

  /**
   * Takes a row for a probe that is being sent; `NO_SLOT` when all are taken.
   *
   * @param before the flow's last row, where it has one
   */
  add(
    { flow, ttl, round }: { flow: number; ttl: number; round: number },
    nowUs: number,
    before: number = NO_SLOT,
  ): number {
    const slot = this.#freeSlot();
    if (slot === NO_SLOT) return NO_SLOT;
    this.flow[slot] = flow;
    this.ttl[slot] = ttl;
    this.round[slot] = round;
    this.#before[slot] = before === slot ? NO_SLOT : before;
    this.sentAtUs[slot] = nowUs;
    this.#earlierByUs[slot] = 0;
    this.#isStamped[slot] = 0;
    this.state[slot] = PROBE_AWAITED;
    this.#generation[slot] = ((this.#generation[slot] ?? 0) + 1) & (2 ** GENERATION_BITS - 1);
    this.#toExpire.push(slot);
    this.#taken.push(slot);
    this.#awaitedCount++;
    return slot;
  }

  /** Notes that a probe left at most `sinceUs` after `beganAtUs`, and most likely just then. */
  sent(slot: number, beganAtUs: number, sinceUs: number): void {
    this.sentAtUs[slot] = beganAtUs + sinceUs;
    this.#earlierByUs[slot] = sinceUs;
  }

  /**
   * Notes when a probe really left.
   *
   * @param slackUs a time that is earlier than can be by more than this is not of this probe
   */
  stamp(slot: number, sentAtUs: number, slackUs: number): void {
    const earliestUs = (this.sentAtUs[slot] ?? 0) - (this.#earlierByUs[slot] ?? 0);
    if (sentAtUs < earliestUs - slackUs) return; // or a clock was set
    this.sentAtUs[slot] = sentAtUs;
    this.#earlierByUs[slot] = 0;
    this.#isStamped[slot] = 1;
  }

  /**
   * Reads how long an answer took. A process that was kept waiting while it sent only knows when it
   * began to: the probe left by then, where the answer came earlier than it seems to have left.
   */
  readTimes(slot: number, receivedAtUs: number, into: Mutable<AnswerTimes>): void {
    const estimateUs = this.sentAtUs[slot] ?? 0;
    const isEarlier = receivedAtUs < estimateUs;
    into.sentAtUs = isEarlier ? estimateUs - (this.#earlierByUs[slot] ?? 0) : estimateUs;
    into.rttUs = receivedAtUs - into.sentAtUs;
    into.isStamped = this.#isStamped[slot] === 1;
  }

  /** Which probe a row stands for. */
  rowOf(slot: number): { flow: number; ttl: number; round: number } {
    const [flow = 0, ttl = 0, round = 0] = [this.flow[slot], this.ttl[slot], this.round[slot]];
    return { flow, ttl, round };
  }

  /** By which a probe is known on the wire, before that becomes a token: 32 bits, signed. */
  counterOf(slot: number): number {
    return ((this.#generation[slot] ?? 0) << SLOT_BITS) | slot;
  }

  /** The row that a counter from the wire names, or `NO_SLOT` when it names none that lives. */
  slotOf(counter: number): number {
    const slot = counter & (IN_FLIGHT_MAX - 1);
    if (slot >= this.#usedRows || this.state[slot] === PROBE_FREE) return NO_SLOT;
    return this.#generation[slot] === counter >>> SLOT_BITS ? slot : NO_SLOT;
  }

  /**
   * Looks through a flow's rows, newest first, for those that fit.
   *
   * @param last the flow's last row
   * @returns the newest awaited one that fits if it is the only awaited one; else, if none is
   *   awaited, the newest; else `NO_SLOT`, as nobody can tell
   */
  search(flow: number, last: number, fits: (slot: number) => boolean): number {
    let awaited = NO_SLOT;
    let settled = NO_SLOT;
    let isUnique = true;
    this.#walk(flow, last, (slot) => {
      const isAwaited = this.state[slot] === PROBE_AWAITED;
      if (!isAwaited && settled !== NO_SLOT) return;
      if (this.state[slot] === PROBE_FREE || !fits(slot)) return;
      if (!isAwaited) settled = slot;
      else if (awaited === NO_SLOT) awaited = slot;
      else isUnique = false;
    });
    if (awaited === NO_SLOT) return settled;
    return isUnique ? awaited : NO_SLOT;
  }

  /** Of a flow's awaited rows, the one with the lowest TTL above `beyondTtl`. */
  nearestAwaited(flow: number, last: number, beyondTtl: number): number {
    let nearest = NO_SLOT;
    this.eachAwaited(flow, { last, beyondTtl }, (slot) => {
      const ttl = this.ttl[slot] ?? 0;
      if (nearest === NO_SLOT || ttl < (this.ttl[nearest] ?? 0)) nearest = slot;
    });
    return nearest;
  }

  /** Goes through a flow's awaited rows with a TTL above `beyondTtl`, newest first. */
  eachAwaited(
    flow: number,
    { last, beyondTtl }: { last: number; beyondTtl: number },
    visit: (slot: number) => void,
  ): void {
    this.#walk(flow, last, (slot) => {
      if (this.state[slot] === PROBE_AWAITED && (this.ttl[slot] ?? 0) > beyondTtl) visit(slot);
    });
  }

  /** Ends the wait for a probe. */
  settle(slot: number, state: typeof PROBE_ANSWERED | typeof PROBE_EXPIRED): void {
    if (this.state[slot] === PROBE_AWAITED) this.#awaitedCount--;
    this.state[slot] = state;
  }

  /** Forgets a probe that was not sent after all. */
  withdraw(slot: number): void {
    if (this.state[slot] === PROBE_AWAITED) this.#awaitedCount--;
    this.state[slot] = PROBE_FREE;
  }

  /** Gives up every awaited probe that was sent at `sentByUs` or earlier, oldest first. */
  expire(sentByUs: number, expired: (slot: number) => void): void {
    while (this.oldestAwaitedSentAtUs() <= sentByUs) {
      const slot = this.#toExpire.shift() ?? 0;
      this.settle(slot, PROBE_EXPIRED);
      expired(slot);
    }
  }

  /** Frees the rows of probes sent at `sentByUs` or earlier, as far as none is still awaited. */
  release(sentByUs: number): void {
    this.#forgetSettled(); // else a row's place in that queue would outlive the row
    for (let slot = this.#taken.peek(); slot !== undefined; slot = this.#taken.peek()) {
      if (this.state[slot] === PROBE_AWAITED || (this.sentAtUs[slot] ?? 0) > sentByUs) return;
      this.#taken.shift();
      this.state[slot] = PROBE_FREE;
      this.#free.push(slot);
    }
  }

  /** When the oldest awaited probe was sent; Infinity when none is awaited. */
  oldestAwaitedSentAtUs(): number {
    this.#forgetSettled();
    const slot = this.#toExpire.peek();
    return slot === undefined ? Number.POSITIVE_INFINITY : (this.sentAtUs[slot] ?? 0);
  }

  /** Goes through the rows of a flow, newest first. */
  #walk(flow: number, last: number, visit: (slot: number) => void): void {
    let slot = last;
    let sentAtUs = Number.POSITIVE_INFINITY;
    for (let steps = 0; slot !== NO_SLOT && steps < SEARCHED_MAX; steps++) {
      const rowSentAtUs = this.sentAtUs[slot] ?? 0;
      // A row that was used again, by another flow or a newer probe, ends the chain.
      if (this.flow[slot] !== flow || rowSentAtUs > sentAtUs) return;
      sentAtUs = rowSentAtUs;
      visit(slot);
      slot = this.#before[slot] ?? NO_SLOT;
    }
  }

  /** Drops the rows before the oldest awaited one from those that may still expire. */
  #forgetSettled(): void {
    for (let slot = this.#toExpire.peek(); slot !== undefined; slot = this.#toExpire.peek()) {
      if (this.state[slot] === PROBE_AWAITED) return;
      this.#toExpire.shift();
    }
  }

  #freeSlot(): number {
    const rested = this.#free.shift();
    if (rested !== undefined) return rested;
    if (this.#usedRows === this.#max) return this.#oldestSettled();
    if (this.#usedRows === this.state.length) this.#grow();
    return this.#usedRows++;
  }

  /** With all rows in use, the rest of the oldest is cut short, if it has its outcome. */
  #oldestSettled(): number {
    this.#forgetSettled();
    const slot = this.#taken.peek();
    if (slot === undefined || this.state[slot] === PROBE_AWAITED) return NO_SLOT;
    this.#taken.shift();
    return slot;
  }

  #grow(): void {
    const rows = this.state.length * 2;
    this.flow = moved(this.flow, new Uint32Array(rows));
    this.#before = moved(this.#before, new Int32Array(rows));
    this.ttl = moved(this.ttl, new Uint8Array(rows));
    this.round = moved(this.round, new Uint32Array(rows));
    this.state = moved(this.state, new Uint8Array(rows));
    this.sentAtUs = moved(this.sentAtUs, new Float64Array(rows));
    this.#earlierByUs = moved(this.#earlierByUs, new Uint32Array(rows));
    this.#isStamped = moved(this.#isStamped, new Uint8Array(rows));
    this.#generation = moved(this.#generation, new Uint16Array(rows));
  }
}

function moved<Column extends { set(from: Column): void }>(from: Column, to: Column): Column {
  to.set(from);
  return to;
}
