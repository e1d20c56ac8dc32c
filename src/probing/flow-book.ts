/**
 * The flows that an engine serves, as small integers. They come and go while it runs: a number is
 * given out again only when nothing on its way can name it any more.
 */

import type { AddressBook } from '../model/address-book.ts';
import { DEAF_SINK, type ProbeSink } from '../model/probe.ts';
import type { Flow } from './flow.ts';
import { NO_SLOT } from './in-flight.ts';
import type { ProbeClaim } from './probe-claim.ts';
import { Responders } from './responders.ts';
import type { TokenShifts } from './token-shifts.ts';

/** Flows at most: orders hold their number beside TTL and round. */
const FLOWS_MAX: number = 2 ** 20;

/** One flow and what has become of its probes so far. */
export class ProbedFlow {
  readonly flow: Flow;
  /** Nobody’s once the flow was given back: what it led to is not held up while it rests. */
  sink: ProbeSink;
  readonly destinationIndex: number;
  /** Orders that wait to be sent. */
  queued = 0;
  /** Row of the probe that was sent last. */
  lastSlot: number = NO_SLOT;
  probesSent = 0;
  /** Whether an answer in time was only known by its second key: its tokens are rewritten. */
  isRewritten = false;
  /** How its TCP sequence numbers are shifted on the way, once something hints at it. */
  shifts: TokenShifts | undefined = undefined;
  /** The highest TTL at which a router answered. */
  farthestRouterTtl = 0;
  /** When it was given back; Infinity while it is in use. */
  releasedAtUs: number = Number.POSITIVE_INFINITY;
  readonly #index: number;
  readonly #responders: Responders;

  constructor(
    flow: Flow,
    sink: ProbeSink,
    place: { destinationIndex: number; index: number; responders: Responders },
  ) {
    this.flow = flow;
    this.sink = sink;
    this.destinationIndex = place.destinationIndex;
    this.#index = place.index;
    this.#responders = place.responders;
  }

  get isReleased(): boolean {
    return this.releasedAtUs !== Number.POSITIVE_INFINITY;
  }

  /** Who answered last at this TTL; −1 for nobody yet. */
  responderAt(ttl: number): number {
    return this.#responders.at(this.#index, ttl);
  }

  noteResponder(ttl: number, responder: number): void {
    this.#responders.note(this.#index, ttl, responder);
  }
}

/** The table of flows. */
export class FlowBook {
  readonly #addresses: AddressBook;
  readonly #flows: (ProbedFlow | undefined)[] = [];
  readonly #responders = new Responders();
  readonly #free: number[] = [];
  /** Given back, oldest first, and not yet free. */
  readonly #resting: number[] = [];
  readonly #byTuple = new Map<number, number[]>();
  readonly #flowsOfDestination = new Map<number, number>();

  constructor(addresses: AddressBook) {
    this.#addresses = addresses;
  }

  /** Whether the flows go to more than one address. */
  get hasSeveralDestinations(): boolean {
    return this.#flowsOfDestination.size > 1;
  }

  /** The flow of this number; undefined when there is none. */
  at(index: number): ProbedFlow | undefined {
    return this.#flows[index];
  }

  /** @throws {RangeError} when there are `FLOWS_MAX` already */
  add(flow: Flow, sink: ProbeSink): number {
    const index = this.#free.pop() ?? this.#flows.length;
    if (index >= FLOWS_MAX) throw new RangeError(`no more than ${FLOWS_MAX} flows at a time`);
    const destination = this.#addresses.indexOf(flow.destination);
    const responders = this.#responders;
    responders.forget(index);
    const place = { destinationIndex: destination, index, responders };
    this.#flows[index] = new ProbedFlow(flow, sink, place);
    const key = tupleKey(destination, flow.sourcePort);
    const alike = this.#byTuple.get(key);
    if (alike === undefined) this.#byTuple.set(key, [index]);
    else alike.push(index);
    this.#count(destination, 1);
    return index;
  }

  /** Takes a flow out of use; its number stays taken. */
  release(index: number, nowUs: number): void {
    const flow = this.#flows[index];
    if (flow === undefined || flow.isReleased) return;
    flow.releasedAtUs = nowUs;
    flow.sink = DEAF_SINK;
    this.#resting.push(index);
    const key = tupleKey(flow.destinationIndex, flow.flow.sourcePort);
    const alike = (this.#byTuple.get(key) ?? []).filter((each) => each !== index);
    if (alike.length === 0) this.#byTuple.delete(key);
    else this.#byTuple.set(key, alike);
    this.#count(flow.destinationIndex, -1);
  }

  /** Frees the numbers of flows released at `releasedByUs` or earlier that nothing waits for. */
  recycle(releasedByUs: number): void {
    for (let index = this.#resting[0]; index !== undefined; index = this.#resting[0]) {
      const flow = this.#flows[index];
      if (flow === undefined || flow.releasedAtUs > releasedByUs || flow.queued > 0) return;
      this.#resting.shift();
      this.#flows[index] = undefined;
      this.#free.push(index);
    }
  }

  /** The flows in use that were sent from the source port and to the address of a claim. */
  alike(claim: ProbeClaim): readonly number[] {
    const destination = this.#addresses.find(claim.destination);
    if (destination === undefined) return NONE;
    return this.#byTuple.get(tupleKey(destination, claim.sourcePort)) ?? NONE;
  }

  #count(destination: number, by: 1 | -1): void {
    const count = (this.#flowsOfDestination.get(destination) ?? 0) + by;
    if (count === 0) this.#flowsOfDestination.delete(destination);
    else this.#flowsOfDestination.set(destination, count);
  }
}

const NONE: readonly number[] = [];

function tupleKey(destination: number, sourcePort: number): number {
  return destination * 0x1_0000 + sourcePort;
}
