/**
 * A simulated network behind the packet seam: probes go in as bytes, replies come out as bytes, in
 * virtual time. It holds no clock: the caller's times are the only ones.
 *
 * A probe's whole fate is worked out when it is sent, and only its reply waits. So the one thing
 * that depends on order, a router's token bucket, sees probes in the order they were sent, which
 * differs from the order of arrival where paths to the same router differ in delay.
 */

import { isSameAddress, parseIpAddress } from '../lib/ip-address.ts';
import { MinHeap } from '../lib/min-heap.ts';
import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../model/packet-link.ts';
import { isMalformed } from '../wire/malformed.ts';
import { TCP_ACK, TCP_RST, TCP_SYN } from '../wire/tcp.ts';
import {
  type Answer,
  echoReply,
  portUnreachable,
  reset,
  seal,
  synAck,
  timeExceeded,
} from './answers.ts';
import { flowHash, mixBits } from './flow-hash.ts';
import { Network, type ProbeEnd } from './network.ts';
import type { NetworkPlan } from './network-plan.ts';
import { type ProbePacket, readProbe } from './probe-packet.ts';

export interface SimulatedLinkOptions {
  /** Packets in one batch; 64 unless told. */
  readonly slots?: number;
  /** Longest packet that the first link carries; 1500, as on an Ethernet, unless told. */
  readonly slotBytes?: number;
  /** Replies that may be on their way or unread at a time; 65 536 unless told. */
  readonly inFlightMax?: number;
}

/** Where packets went that brought no reply; every one is in exactly one of these. */
export interface SimulatedLinkCounters extends LinkCounters {
  /** Replies beyond `inFlightMax`: the simulated host's socket buffer was full. */
  readonly socketDrops: number;
  /** Packets with headers, lengths or checksums that routers or the target throw away. */
  readonly malformed: number;
  /** Packets whose source is not ours: the replies go elsewhere. */
  readonly spoofed: number;
  /** Lost in the network, on the way there or back. */
  readonly lost: number;
  /** Arrived where nobody answers: a silent router, a spent ICMP limit, a target that drops. */
  readonly unanswered: number;
}

interface Arrival {
  readonly packet: Uint8Array;
  readonly atUs: number;
}

const IN_FLIGHT_MAX = 65_536;
const SLOT_BYTES = 1500;
const SLOTS = 64;
/** As most routers send their ICMP errors. */
const ROUTER_TTL = 255;
/** As Linux hosts send everything. */
const TARGET_TTL = 64;
/** Linux repeats an unanswered SYN-ACK five times, after 1 s and then twice as long each time. */
const SYN_ACK_TIMES_US: readonly number[] = [0, 1e6, 3e6, 7e6, 15e6, 31e6];
const ONCE: readonly number[] = [0];

/** The simulated network of one plan, behind the seam that raw sockets implement as well. */
export class SimulatedLink implements PacketLink {
  readonly outbox: PacketArena;
  readonly #plan: NetworkPlan;
  readonly #network: Network;
  readonly #source: Uint8Array;
  readonly #target: Uint8Array;
  readonly #inFlightMax: number;
  readonly #inFlight = new MinHeap<Arrival>(({ atUs }) => atUs);
  readonly #counters = { socketDrops: 0, malformed: 0, spoofed: 0, lost: 0, unanswered: 0 };
  #isClosed = false;

  /** @throws {RangeError} when the plan's links join nodes that it does not have */
  constructor(plan: NetworkPlan, options: SimulatedLinkOptions = {}) {
    const { slots = SLOTS, slotBytes = SLOT_BYTES, inFlightMax = IN_FLIGHT_MAX } = options;
    const bytes = new Uint8Array(slots * slotBytes);
    this.outbox = { bytes, slotBytes, slots, lengths: new Uint16Array(slots) };
    this.#plan = plan;
    this.#network = new Network(plan);
    this.#source = addressBytes(plan.source[plan.family]);
    this.#target = addressBytes(plan.target.address[plan.family]);
    this.#inFlightMax = inFlightMax;
  }

  /**
   * Sends as Linux would: a batch ends at the first packet that has no route (`ENETUNREACH`) or is
   * too long for its slot (`EMSGSIZE`). Malformed packets are accepted, dropped and counted.
   *
   * @throws {RangeError} when the outbox has not `count` slots
   */
  send(count: number, nowUs: number): SendReport {
    const { slots } = this.outbox;
    if (!(count >= 0 && count <= slots)) {
      throw new RangeError(`count must be 0 to ${slots}, the slots of the outbox, got ${count}`);
    }
    for (let slot = 0; slot < count; slot++) {
      const error = this.#sendSlot(slot, nowUs);
      if (error !== undefined) return { accepted: slot, error };
    }
    return { accepted: count, error: undefined };
  }

  /** As the interface says; of replies that arrive in the same microsecond, the order is open. */
  receive(nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    let count = 0;
    while (this.nextArrivalUs() <= nowUs) {
      const arrival = this.#inFlight.pop();
      if (arrival === undefined) break;
      count++;
      take(arrival.packet, arrival.atUs);
    }
    return count;
  }

  nextArrivalUs(): number {
    return this.#inFlight.peek()?.atUs ?? Number.POSITIVE_INFINITY;
  }

  counters(): SimulatedLinkCounters {
    return { ...this.#counters };
  }

  /** Replies that are still on their way are gone; later packets are refused (`EBADF`). */
  close(): void {
    this.#isClosed = true;
    while (this.#inFlight.pop() !== undefined);
  }

  /**
   * The nodes that a packet of this flow visits while nothing is lost, whatever its TTL: the truth
   * that a trace is held against.
   *
   * @throws {RangeError} when the packet is malformed
   */
  pathOf(packet: Uint8Array): readonly string[] {
    const probe = readProbe(packet, this.#plan.family);
    if (!isMalformed(probe)) return this.#network.pathOf(flowHash(probe.flow));
    throw new RangeError(`no probe: ${probe.malformed} at offset ${probe.offset}`);
  }

  /** @returns the errno name with which the kernel would refuse the packet */
  #sendSlot(slot: number, nowUs: number): string | undefined {
    const { bytes, slotBytes, lengths } = this.outbox;
    const start = slot * slotBytes;
    const length = lengths[slot] ?? 0;
    if (this.#isClosed) return 'EBADF';
    if (length > slotBytes) return 'EMSGSIZE';
    const probe = readProbe(bytes.subarray(start, start + length), this.#plan.family);
    if (isMalformed(probe)) this.#counters.malformed++;
    else if (!isSameAddress(probe.flow.destination, this.#target)) return 'ENETUNREACH';
    else if (!isSameAddress(probe.flow.source, this.#source)) this.#counters.spoofed++;
    else this.#carry(probe, nowUs);
    return undefined;
  }

  #carry(probe: ProbePacket, nowUs: number): void {
    const hash = flowHash(probe.flow);
    const end = this.#network.carryProbe({ flowHash: hash, ttl: probe.ttl }, nowUs);
    if (end === undefined) {
      this.#counters.lost++;
      return;
    }
    const answer = end.node.isRouter
      ? routerAnswer(probe, end)
      : targetAnswer(probe, end, this.#plan);
    if (answer === undefined) this.#counters.unanswered++;
    else this.#return(answer, end);
  }

  /** Sends the answer back, again and again if its sender would repeat it, until it arrives. */
  #return(answer: Answer, { node, atUs }: ProbeEnd): void {
    const traveller = {
      flowHash: flowHash(answer.flow),
      ttl: node.isRouter ? ROUTER_TTL : TARGET_TTL,
    };
    for (const delayUs of answer.isRepeated ? SYN_ACK_TIMES_US : ONCE) {
      const arrival = this.#network.carryReply(traveller, node, atUs + delayUs);
      node.identification = (node.identification + 1) & 0xffff;
      if (arrival === undefined) continue;
      const packet = seal(answer, { ttl: arrival.ttl, identification: node.identification });
      if (this.#inFlight.size >= this.#inFlightMax) this.#counters.socketDrops++;
      else this.#inFlight.push({ packet, atUs: arrival.atUs });
      return; // the source's kernel knows no such connection: it resets it, and nothing is repeated
    }
    this.#counters.lost++;
  }
}

function routerAnswer(
  probe: ProbePacket,
  { node, atUs, ttl, errorSource }: ProbeEnd,
): Answer | undefined {
  if (node.isSilent || probe.transport.kind === 'icmp-error') return undefined;
  if (node.icmpBucket !== undefined && !node.icmpBucket.take(atUs)) return undefined;
  return timeExceeded(probe, errorSource, ttl);
}

function targetAnswer(
  probe: ProbePacket,
  { ttl }: ProbeEnd,
  { target, seed }: NetworkPlan,
): Answer | undefined {
  const { transport } = probe;
  if (target.answer === 'drop') return undefined;
  if (transport.kind === 'udp') return portUnreachable(probe, ttl);
  if (transport.kind === 'echo') return echoReply(probe, transport.message);
  if (transport.kind !== 'tcp') return undefined;
  const { flags, destinationPort } = transport.segment;
  if ((flags & TCP_RST) !== 0) return undefined; // RFC 9293 §3.10.7.1: a reset is never answered
  const isOpen = target.answer === 'accept' && destinationPort === target.port;
  const isSyn = (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
  if (!isOpen || !isSyn) return reset(probe, transport.segment);
  return synAck(probe, transport.segment, mixBits(flowHash(probe.flow) ^ seed));
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`the plan has "${text}" where an address belongs`);
  return bytes;
}
