/**
 * The probing engine, without input or output of its own: orders in, packets out; packets in,
 * outcomes out. It owns the pace, the table of probes in flight and the matching of replies; what
 * to probe and what it means is decided elsewhere.
 *
 * The run loop's contract, at every time `nowUs` that never goes back:
 *   1. `handle` each packet that has arrived,
 *   2. `advance(nowUs)`, which gives up probes whose time is over,
 *   3. `poll` packets into the outbox, send them, `confirm` what went out; again while any came,
 *   4. sleep until `nextDeadlineUs()` or until a packet arrives.
 */

import { isSameAddress } from '../lib/ip-address.ts';
import type { Random } from '../lib/random.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { PacketArena, SendReport } from '../model/packet-link.ts';
import type { ProbeReply, Prober, ProbeSink, ReplyKind } from '../model/probe.ts';
import { isMalformed } from '../wire/malformed.ts';
import { type IcmpErrorReply, type Reply, readReply, type TcpReply } from '../wire/reply.ts';
import { TCP_SYN } from '../wire/tcp.ts';
import { InFlight, NO_SLOT, PROBE_ANSWERED, PROBE_AWAITED } from './in-flight.ts';
import { Pacer, type PacerRates } from './pacer.ts';
import { ProbeTokens, type TokenKey } from './probe-token.ts';
import { ReplyTimeout } from './reply-timeout.ts';
import { SendRetries } from './send-retries.ts';
import {
  claimOfTcpReply,
  type FlowId,
  type ProbeEndpoints,
  writeTcpSynProbe,
} from './tcp-syn-probe.ts';

export interface EngineOptions extends ProbeEndpoints {
  readonly flows: readonly FlowId[];
  readonly tokenKey: TokenKey;
  readonly rates: PacerRates;
  /** Varies the spacing of probes. */
  readonly random: Random;
  readonly addresses: AddressBook;
}

/** What the engine saw beside the outcomes that it reports. */
export interface EngineCounters {
  probesSent: number;
  repliesReceived: number;
  /** Second and further replies to one probe. */
  duplicates: number;
  lateReplies: number;
  /** Packets that answer none of our probes. */
  foreignReplies: number;
  malformed: number;
  /** Refusals of the kernel, by errno name. */
  sendErrors: Record<string, number>;
}

/** A reply may come this long after its time-out and still be told from a foreign one. */
const LATE_REPLY_US = 10_000_000;
/** Clocks of sending and receiving may differ by this much. */
const CLOCK_SLACK_US = 1000;
const ROUND_MAX = 2 ** 16;
const TTL_MAX = 255;
const TTLS: number = TTL_MAX + 1;

/** All probes of one target. Its sink hears of every probe exactly once, late replies aside. */
export class ProbeEngine implements Prober {
  readonly counters: EngineCounters = {
    probesSent: 0,
    repliesReceived: 0,
    duplicates: 0,
    lateReplies: 0,
    foreignReplies: 0,
    malformed: 0,
    sendErrors: {},
  };
  readonly #options: EngineOptions;
  readonly #sink: ProbeSink;
  readonly #pacer: Pacer;
  readonly #tokens: ProbeTokens;
  readonly #inFlight = new InFlight();
  readonly #timeout = new ReplyTimeout();
  readonly #retries = new SendRetries();
  readonly #flowBySourcePort = new Map<number, number>();
  /** By flow · TTLS + TTL: who answered last there, or −1. */
  readonly #lastResponder: Int32Array<ArrayBuffer>;
  /** Slots of the packets in the outbox, until they are confirmed. */
  readonly #polled: number[] = [];

  constructor(options: EngineOptions, sink: ProbeSink) {
    this.#options = options;
    this.#sink = sink;
    this.#pacer = new Pacer(options.rates, options.random);
    this.#tokens = new ProbeTokens(options.tokenKey);
    this.#lastResponder = new Int32Array(options.flows.length * TTLS).fill(-1);
    for (const [flow, id] of options.flows.entries())
      this.#flowBySourcePort.set(id.sourcePort, flow);
  }

  order(flow: number, ttl: number, round: number): void {
    if (!(ttl >= 1 && ttl <= TTL_MAX)) throw new RangeError(`ttl must be in [1, 255], got ${ttl}`);
    if (!(round >= 0 && round < ROUND_MAX)) {
      throw new RangeError(`round must be in [0, ${ROUND_MAX}), got ${round}`);
    }
    const responder = this.#lastResponder[flow * TTLS + ttl];
    if (responder === undefined) throw new RangeError(`there is no flow ${flow}`);
    // Until someone has answered there, all probes of a TTL may meet at one interface.
    this.#pacer.enqueue(responder < 0 ? -ttl : responder, orderOf(flow, ttl, round));
  }

  get queued(): number {
    return this.#pacer.queued;
  }

  slowDown(responder: number): void {
    this.#pacer.slowDown(responder, (job) => {
      const { flow, ttl, round } = probeOf(job);
      this.#sink.unsent(flow, ttl, round);
    });
  }

  /** Whether nothing is queued and nothing awaited. */
  get isIdle(): boolean {
    return this.#pacer.queued === 0 && this.#inFlight.awaitedCount === 0;
  }

  /** Takes in one received packet, from its IP header on; any bytes will do. */
  handle(packet: Uint8Array, receivedAtUs: number): void {
    const reply = readReply(packet);
    if (isMalformed(reply)) {
      this.counters.malformed++;
      return;
    }
    const slot = this.#slotAnsweredBy(reply);
    const rttUs = receivedAtUs - (this.#inFlight.sentAtUs[slot] ?? 0);
    const isAnswer = reply.kind === 'icmp-error' || reply.kind === 'tcp';
    if (!isAnswer || slot === NO_SLOT || rttUs < -CLOCK_SLACK_US) {
      this.counters.foreignReplies++;
      return;
    }
    this.counters.repliesReceived++;
    this.#deliver(slot, reply, Math.max(0, rttUs));
  }

  /** Gives up the probes whose time is over. */
  advance(nowUs: number): void {
    const { flow, ttl, round } = this.#inFlight;
    this.#inFlight.expire(nowUs - this.#timeout.us, (slot) => {
      this.#sink.lost(flow[slot] ?? 0, ttl[slot] ?? 0, round[slot] ?? 0);
    });
    this.#inFlight.release(nowUs - this.#timeout.us - LATE_REPLY_US);
  }

  /** Writes the packets that may leave now into `outbox`; returns how many, 0 for none yet. */
  poll(outbox: PacketArena, nowUs: number): number {
    this.#polled.length = 0;
    if (nowUs < this.#retries.pausedUntilUs) return 0;
    while (this.#polled.length < outbox.slots) {
      const order = this.#pacer.next(nowUs);
      if (order === undefined) break;
      this.#write(order, outbox, nowUs);
    }
    return this.#polled.length;
  }

  /** Learns what became of the packets of the last `poll`. */
  confirm({ accepted, error }: SendReport, nowUs: number): void {
    this.counters.probesSent += accepted;
    const [refused, ...notTried] = this.#polled.splice(accepted);
    for (const slot of this.#polled) this.#retries.succeeded(this.#orderAt(slot));
    for (const slot of notTried) this.#requeue(slot);
    if (refused === undefined) return;
    this.#count(error ?? 'UNKNOWN');
    if (this.#retries.refused(this.#orderAt(refused), nowUs)) {
      this.#requeue(refused);
    } else {
      const { flow, ttl, round } = this.#inFlight.rowOf(refused);
      this.#inFlight.withdraw(refused);
      this.#sink.unsent(flow, ttl, round);
    }
  }

  /**
   * When `advance` or `poll` will next have something to do; Infinity when nothing is under way.
   */
  nextDeadlineUs(): number {
    const send = Math.max(this.#pacer.nextDueUs(), this.#retries.pausedUntilUs);
    return Math.ceil(Math.min(send, this.#inFlight.oldestAwaitedSentAtUs() + this.#timeout.us));
  }

  #write(order: number, outbox: PacketArena, nowUs: number): void {
    const { flow, ttl, round } = probeOf(order);
    const id = this.#options.flows[flow];
    const slot = this.#inFlight.add(flow, ttl, round, nowUs);
    if (id === undefined || slot === NO_SLOT) {
      this.#count('IN_FLIGHT_FULL');
      this.#sink.unsent(flow, ttl, round);
      return;
    }
    const token = this.#tokens.encode(this.#inFlight.counterOf(slot));
    const start = this.#polled.length * outbox.slotBytes;
    const { sourcePort, flowLabel } = id;
    const probe = { sourcePort, flowLabel, ttl, token };
    const end = writeTcpSynProbe(outbox.bytes, start, this.#options, probe);
    outbox.lengths[this.#polled.length] = end - start;
    this.#polled.push(slot);
  }

  #count(sendError: string): void {
    this.counters.sendErrors[sendError] = (this.counters.sendErrors[sendError] ?? 0) + 1;
  }

  #requeue(slot: number): void {
    const { flow, ttl, round } = this.#inFlight.rowOf(slot);
    this.#inFlight.withdraw(slot);
    this.order(flow, ttl, round);
  }

  #orderAt(slot: number): number {
    const { flow, ttl, round } = this.#inFlight;
    return orderOf(flow[slot] ?? 0, ttl[slot] ?? 0, round[slot] ?? 0);
  }

  /** The row of the probe that a reply names with its token and its whole quoted tuple, if any. */
  #slotAnsweredBy(reply: Reply): number {
    const claim = claimOfTcpReply(reply, this.#options);
    if (claim === undefined) return NO_SLOT;
    const slot = this.#inFlight.slotOf(this.#tokens.decode(claim.token));
    const flow = this.#flowBySourcePort.get(claim.sourcePort);
    return slot !== NO_SLOT && this.#inFlight.flow[slot] === flow ? slot : NO_SLOT;
  }

  #deliver(slot: number, reply: IcmpErrorReply | TcpReply, rttUs: number): void {
    const state = this.#inFlight.state[slot];
    if (state === PROBE_ANSWERED) {
      this.counters.duplicates++;
      return;
    }
    this.#timeout.observe(rttUs);
    const outcome = this.#outcomeOf(slot, reply, rttUs);
    this.#lastResponder[outcome.flow * TTLS + outcome.ttl] = outcome.responder;
    this.#inFlight.settle(slot, PROBE_ANSWERED);
    if (state === PROBE_AWAITED) {
      this.#sink.replied(outcome);
    } else {
      this.counters.lateReplies++;
      this.#sink.repliedLate(outcome);
    }
  }

  /** Field by field: a spread takes V8 longer than all the rest. */
  #outcomeOf(slot: number, reply: IcmpErrorReply | TcpReply, rttUs: number): ProbeReply {
    const { flow, ttl, round } = this.#inFlight;
    const isIcmp = reply.kind === 'icmp-error';
    return {
      flow: flow[slot] ?? 0,
      ttl: ttl[slot] ?? 0,
      round: round[slot] ?? 0,
      kind: kindOf(reply),
      responder: this.#options.addresses.indexOf(reply.source),
      isTarget: isSameAddress(reply.source, this.#options.destination),
      code: isIcmp ? reply.code : 0,
      rttUs,
      replyTtl: reply.replyTtl,
      quotedTtl: isIcmp ? reply.quote.ttl : 0,
      mpls: isIcmp ? reply.mpls : [],
    };
  }
}

/** An order as one number, so that queues hold no objects. */
function orderOf(flow: number, ttl: number, round: number): number {
  return (flow * TTLS + ttl) * ROUND_MAX + round;
}

function probeOf(order: number): { flow: number; ttl: number; round: number } {
  const place = Math.floor(order / ROUND_MAX);
  return { flow: Math.floor(place / TTLS), ttl: place % TTLS, round: order % ROUND_MAX };
}

function kindOf(reply: IcmpErrorReply | TcpReply): ReplyKind {
  if (reply.kind === 'tcp') return (reply.flags & TCP_SYN) === 0 ? 'refused' : 'accepted';
  return reply.cause === 'time-exceeded' ? 'time-exceeded' : 'unreachable';
}
