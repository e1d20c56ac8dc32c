/**
 * The probing engine, without input or output of its own: orders in, packets out; packets in,
 * outcomes out. It owns the pace, the table of probes in flight and the matching of replies; what
 * to probe and what it means is decided elsewhere. One engine serves any number of flows, to any
 * targets of one family, and flows may come and go while it runs.
 *
 * The run loop's contract, at every time `nowUs` that never goes back:
 *   1. `handle` each packet that has arrived,
 *   2. `advance(nowUs)`, which gives up probes whose time is over,
 *   3. `poll` packets into the outbox, send them, `confirm` what went out; again while any came,
 *   4. sleep until `nextDeadlineUs()` or until a packet arrives.
 */

import type { Mutable } from '../lib/mutable.ts';
import type { Random } from '../lib/random.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { PacketArena, SendReport } from '../model/packet-link.ts';
import type { Prober, ProbeSink } from '../model/probe.ts';
import { isMalformed } from '../wire/malformed.ts';
import { ReplyReader } from '../wire/reply-reader.ts';
import { type EngineCounters, newEngineCounters } from './engine-counters.ts';
import { completeFlow, type FlowId, type ProbeEndpoints } from './flow.ts';
import { FlowBook, type ProbedFlow } from './flow-book.ts';
import { type AnswerTimes, InFlight, NO_SLOT, PROBE_ANSWERED, PROBE_AWAITED } from './in-flight.ts';
import { OwnAddresses } from './own-addresses.ts';
import type { PacerRates } from './pacer.ts';
import { type AnswerReply, isAnswer, kindOf, OutcomeTeller } from './probe-outcome.ts';
import { canCarry, type ProbeFields, ProbeWriter } from './probe-packet.ts';
import { ProbeTokens, type TokenKey } from './probe-token.ts';
import { type Match, ReplyMatcher } from './reply-matcher.ts';
import { ReplyTimeout } from './reply-timeout.ts';
import { type Order, ROUND_MAX, SendQueue, TTL_MAX } from './send-queue.ts';
import { SentRows } from './sent-rows.ts';
import { ShiftLearner } from './shift-learner.ts';
import type { HeldAnswer } from './token-shifts.ts';

export type { EngineCounters } from './engine-counters.ts';

/** A flow; what it leaves open is as in the options of the engine. */
export type FlowRequest = FlowId & Partial<ProbeEndpoints>;

export interface EngineOptions extends ProbeEndpoints {
  /** Those that are there from the start: numbered from 0 up, their outcomes go to the sink. */
  readonly flows: readonly FlowRequest[];
  readonly tokenKey: TokenKey;
  readonly rates: PacerRates;
  /** Varies the spacing of probes. */
  readonly random: Random;
  readonly addresses: AddressBook;
  /** All of this host, 4 or 16 bytes each: errors that it sends itself are no replies. */
  readonly ownAddresses?: readonly Uint8Array[];
  /** Whether `noteSendTime` will be told when packets left; false unless told. */
  readonly hasSendTimes?: boolean;
}

/** A reply may come this long after its time-out and still be told from a foreign one. */
const LATE_REPLY_US = 10_000_000;
/** Clocks of sending and receiving may differ by this much. */
const CLOCK_SLACK_US = 1000;
/** A token that a protocol cannot carry is one of 20,000: two in a row are rare. */
const TOKEN_ATTEMPTS = 8;
/** A packet leaves early in its share of the time that sending takes; the rest is bookkeeping. */
const ON_THE_WIRE = 0.25;
/** `udp-classic` counts up so far from its first port. */
const CLASSIC_PORTS = 2 ** 15;

/** All probes of a run. A sink hears of each probe of its flows once, late replies aside. */
export class ProbeEngine implements Prober {
  readonly counters: EngineCounters = newEngineCounters();
  readonly #options: EngineOptions;
  readonly #flows: FlowBook;
  readonly #queue: SendQueue;
  readonly #tokens: ProbeTokens;
  readonly #inFlight = new InFlight();
  readonly #replies = new ReplyReader();
  readonly #matcher: ReplyMatcher;
  readonly #outcomes: OutcomeTeller;
  /** Of the answer at hand. */
  readonly #times: Mutable<AnswerTimes> = { sentAtUs: 0, isStamped: false, rttUs: 0 };
  readonly #shifts: ShiftLearner;
  readonly #timeout = new ReplyTimeout();
  readonly #own: OwnAddresses;
  readonly #sentRows: SentRows | undefined;
  /** Slots of the packets in the outbox, until they are confirmed. */
  #polled = new Int32Array(0);
  #polledCount = 0;
  readonly #writer = new ProbeWriter();
  /** Of the probe at hand. */
  readonly #fields: Mutable<ProbeFields> = { ttl: 0, token: 0, portOffset: 0 };

  constructor(options: EngineOptions, sink: ProbeSink) {
    this.#options = options;
    this.#flows = new FlowBook(options.addresses);
    this.#outcomes = new OutcomeTeller(options.addresses, this.#inFlight);
    this.#tokens = new ProbeTokens(options.tokenKey);
    this.#own = new OwnAddresses(options.ownAddresses ?? []);
    this.#sentRows = options.hasSendTimes === true ? new SentRows() : undefined;
    this.#queue = new SendQueue({
      rates: options.rates,
      random: options.random,
      flowAt: (flow) => this.#flows.at(flow),
      hasSeveralDestinations: () => this.#flows.hasSeveralDestinations,
    });
    const [flows, inFlight, tokens] = [this.#flows, this.#inFlight, this.#tokens];
    this.#matcher = new ReplyMatcher({ flows, inFlight, tokens });
    this.#shifts = new ShiftLearner({ flows, inFlight, tokens });
    for (const flow of options.flows) this.addFlow(flow, sink);
  }

  /**
   * Takes a flow on.
   *
   * @returns its number, for `order`; `sink` hears of its probes
   * @throws {RangeError} when a field is out of range, or there are too many flows
   */
  addFlow(request: FlowRequest, sink: ProbeSink): number {
    const { source, destination, destinationPort, tos } = this.#options;
    const { protocol, lengthBytes, dontFragment } = this.#options;
    const shared = { source, destination, destinationPort, tos };
    const shape = {
      ...(protocol === undefined ? {} : { protocol }),
      ...(lengthBytes === undefined ? {} : { lengthBytes }),
      ...(dontFragment === undefined ? {} : { dontFragment }),
    };
    return this.#flows.add(completeFlow({ ...shared, ...shape, ...request }), sink);
  }

  /** Gives a flow up: what is queued is not sent, what comes is counted, its sink hears no more. */
  releaseFlow(flow: number, nowUs: number): void {
    this.#flows.release(flow, nowUs);
    this.#queue.forget(flow);
  }

  order(flow: number, ttl: number, round: number): void {
    if (!(ttl >= 1 && ttl <= TTL_MAX)) throw new RangeError(`ttl must be in [1, 255], got ${ttl}`);
    if (!(round >= 0 && round < ROUND_MAX)) {
      throw new RangeError(`round must be in [0, ${ROUND_MAX}), got ${round}`);
    }
    this.#queue.add(flow, ttl, round);
  }

  get queued(): number {
    return this.#queue.queued;
  }

  slowDown(responder: number): void {
    this.#queue.slowDown(responder, (order) => this.#unsent(order));
  }

  speedUp(responder: number): void {
    this.#queue.speedUp(responder);
  }

  /** Whether nothing is queued and nothing awaited. */
  get isIdle(): boolean {
    return this.#queue.queued === 0 && this.#inFlight.awaitedCount === 0;
  }

  /** Takes in one received packet, from its IP header on; any bytes will do. */
  handle(packet: Uint8Array, receivedAtUs: number): void {
    const reply = this.#replies.read(packet);
    if (isMalformed(reply)) {
      this.counters.malformed++;
      return;
    }
    const match = isAnswer(reply) ? this.#matcher.match(reply) : undefined;
    if (match !== undefined) this.#inFlight.readTimes(match.slot, receivedAtUs, this.#times);
    if (!isAnswer(reply) || match === undefined || this.#times.rttUs < -CLOCK_SLACK_US) {
      this.counters.foreignReplies++;
      if (match === undefined && reply.kind === 'tcp') {
        this.#reconsider(this.#shifts.fromSegment(reply, { packet, receivedAtUs }));
      }
      return;
    }
    if (reply.kind === 'icmp-error' && this.#own.isFromUs(reply, match.flow.flow)) {
      this.counters.ownHostErrors++;
      return;
    }
    this.counters.repliesReceived++;
    if (match.key !== 'token') {
      this.counters.secondaryMatches++;
      match.flow.isRewritten = true;
      this.#shifts.fromQuote(reply, match);
    }
    const { slot } = match;
    if (this.#inFlight.state[slot] === PROBE_ANSWERED) {
      this.counters.duplicates++;
      return;
    }
    this.#times.rttUs = Math.max(0, this.#times.rttUs);
    this.#deliver(match, reply);
  }

  /** Takes in once more what was foreign until a shift explained it. */
  #reconsider(answers: readonly HeldAnswer[]): void {
    this.counters.foreignReplies -= answers.length;
    for (const { packet, receivedAtUs } of answers) this.handle(packet, receivedAtUs);
  }

  /** Gives up the probes whose time is over. */
  advance(nowUs: number): void {
    const { flow, ttl, round, sentAtUs } = this.#inFlight;
    this.#inFlight.expire(nowUs - this.#timeout.us, (slot) => {
      const state = this.#flows.at(flow[slot] ?? 0);
      if (state === undefined || state.isReleased) return;
      state.sink.lost(flow[slot] ?? 0, ttl[slot] ?? 0, round[slot] ?? 0, sentAtUs[slot]);
    });
    const forgottenUs = nowUs - this.#timeout.us - LATE_REPLY_US;
    this.#inFlight.release(forgottenUs);
    this.#flows.recycle(forgottenUs);
  }

  /** Writes the packets that may leave now into `outbox`; returns how many, 0 for none yet. */
  poll(outbox: PacketArena, nowUs: number): number {
    if (this.#polled.length < outbox.slots) this.#polled = new Int32Array(outbox.slots);
    this.#polledCount = 0;
    while (this.#polledCount < outbox.slots) {
      const order = this.#queue.next(nowUs);
      if (order === undefined) break;
      const state = this.#flows.at(order.flow);
      if (state !== undefined && !state.isReleased) this.#write(order, state, outbox, nowUs);
    }
    return this.#polledCount;
  }

  /**
   * Learns what became of the packets of the last `poll`.
   *
   * @param sentUs when the last of them was sent; those before it left in even steps from `nowUs`
   */
  confirm({ accepted, error }: SendReport, nowUs: number, sentUs: number = nowUs): void {
    this.counters.probesSent += accepted;
    const stepUs = (sentUs - nowUs) / Math.max(1, accepted);
    for (let i = 0; i < accepted; i++) {
      const slot = this.#polled[i] as number;
      this.#inFlight.sent(slot, nowUs, Math.round((i + ON_THE_WIRE) * stepUs));
      this.#noteSent(slot);
      this.#sentRows?.note(slot);
    }
    if (accepted >= this.#polledCount) return;
    const refused = this.#polled[accepted] as number;
    for (let i = accepted + 1; i < this.#polledCount; i++) this.#requeue(this.#polled[i] as number);
    const reason = error ?? 'UNKNOWN';
    this.#count(reason);
    const order = this.#inFlight.rowOf(refused);
    if (this.#queue.refused(order, reason, nowUs)) {
      this.#requeue(refused);
    } else {
      this.#inFlight.withdraw(refused);
      this.#unsent(order, reason);
    }
  }

  /**
   * Takes in when a packet really left. To be told before the packets that arrived since.
   *
   * @param sequence how many packets were accepted before it, in all
   */
  noteSendTime(sequence: number, sentAtUs: number): void {
    const slot = this.#sentRows?.take(sequence) ?? NO_SLOT;
    if (slot === NO_SLOT) return;
    this.#inFlight.stamp(slot, sentAtUs, CLOCK_SLACK_US);
  }

  /**
   * When `advance` or `poll` will next have something to do; Infinity when nothing is under way.
   */
  nextDeadlineUs(): number {
    const lossUs = this.#inFlight.oldestAwaitedSentAtUs() + this.#timeout.us;
    return Math.ceil(Math.min(this.#queue.nextDueUs(), lossUs));
  }

  #write(order: Order, state: ProbedFlow, outbox: PacketArena, nowUs: number): void {
    const { flow } = state;
    if (flow.lengthBytes > outbox.slotBytes) {
      this.#count('EMSGSIZE');
      this.#unsent(order, 'EMSGSIZE');
      return;
    }
    const slot = this.#addRow(order, state, nowUs);
    if (slot === NO_SLOT) {
      this.#count('IN_FLIGHT_FULL');
      this.#unsent(order, 'IN_FLIGHT_FULL');
      return;
    }
    const fields = this.#fields;
    fields.ttl = order.ttl;
    fields.portOffset = flow.protocol === 'udp-classic' ? state.probesSent % CLASSIC_PORTS : 0;
    state.probesSent++;
    state.lastSlot = slot;
    const start = this.#polledCount * outbox.slotBytes;
    outbox.lengths[this.#polledCount] =
      this.#writer.write(outbox.bytes, start, flow, fields) - start;
    this.#polled[this.#polledCount++] = slot;
  }

  /** A row whose token the protocol can carry; the token is in `#fields`. */
  #addRow(order: Order, { flow, lastSlot }: ProbedFlow, nowUs: number): number {
    for (let attempt = 0; attempt < TOKEN_ATTEMPTS; attempt++) {
      const slot = this.#inFlight.add(order, nowUs, lastSlot);
      if (slot === NO_SLOT) return NO_SLOT;
      this.#fields.token = this.#tokens.encode(this.#inFlight.counterOf(slot));
      if (canCarry(flow, this.#fields.token)) return slot;
      this.#inFlight.withdraw(slot);
    }
    return NO_SLOT;
  }

  #noteSent(slot: number): void {
    const flow = this.#inFlight.flow[slot] ?? 0;
    const ttl = this.#inFlight.ttl[slot] ?? 0;
    const round = this.#inFlight.round[slot] ?? 0;
    this.#queue.succeeded(flow, ttl, round);
    this.#flows.at(flow)?.sink.sent?.(flow, ttl, round, this.#inFlight.sentAtUs[slot] ?? 0);
  }

  #unsent({ flow, ttl, round }: Order, error?: string): void {
    const state = this.#flows.at(flow);
    if (state !== undefined && !state.isReleased) state.sink.unsent(flow, ttl, round, error);
  }

  #count(sendError: string): void {
    this.counters.sendErrors[sendError] = (this.counters.sendErrors[sendError] ?? 0) + 1;
  }

  #requeue(slot: number): void {
    const { flow, ttl, round } = this.#inFlight.rowOf(slot);
    this.#inFlight.withdraw(slot);
    this.#queue.add(flow, ttl, round);
  }

  #deliver(match: Match, reply: AnswerReply): void {
    const { slot, flow } = match;
    const isLate = this.#inFlight.state[slot] !== PROBE_AWAITED;
    this.#timeout.observe(this.#times, kindOf(reply));
    this.#inFlight.settle(slot, PROBE_ANSWERED);
    if (isLate) this.counters.lateReplies++;
    if (flow.isReleased) return;
    const outcome = this.#outcomes.outcomeOf(match, reply, this.#times);
    this.#queue.noteResponder(flow, outcome.ttl, outcome.responder);
    if (outcome.kind === 'time-exceeded') {
      flow.farthestRouterTtl = Math.max(flow.farthestRouterTtl, outcome.ttl);
    }
    if (isLate) flow.sink.repliedLate(outcome);
    else flow.sink.replied(outcome);
  }
}
