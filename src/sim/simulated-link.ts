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
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { isMalformed } from '../wire/malformed.ts';
import { type Answer, packetTooBig, seal, shiftAcknowledgment, timeExceeded } from './answers.ts';
import { addressHash, flowHash, mixBits } from './flow-hash.ts';
import { type Arrival, HalfOpenConnections, SYN_ACK_TIMES_US } from './half-open.ts';
import { Network, type ProbeEnd } from './network.ts';
import type { NetworkPlan } from './network-plan.ts';
import { type ProbePacket, readProbe } from './probe-packet.ts';
import { isSyn, TargetHost } from './target-host.ts';
import { SOURCE } from './topology.ts';
import { Traveller } from './traveller.ts';

export interface SimulatedLinkOptions {
  /** Packets in one batch; 64 unless told. */
  readonly slots?: number;
  /** Longest packet that the first link carries; 1500, as on an Ethernet, unless told. */
  readonly slotBytes?: number;
  /** Replies that may be on their way or unread at a time; 65 536 unless told. */
  readonly inFlightMax?: number;
  /** Further addresses of the target: so many targets, all in one place. */
  readonly isTarget?: (address: Uint8Array) => boolean;
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

const IN_FLIGHT_MAX = 65_536;
const SLOT_BYTES = 1500;
const SLOTS = 64;
const ONCE: readonly number[] = [0];

/** The simulated network of one plan, behind the seam that raw sockets implement as well. */
export class SimulatedLink implements PacketLink {
  readonly outbox: PacketArena;
  readonly #plan: NetworkPlan;
  readonly #network: Network;
  readonly #source: Uint8Array;
  /** The usual one, then the others. */
  readonly #targets: readonly { readonly address: Uint8Array; readonly host: TargetHost }[];
  readonly #sourceHash: number;
  readonly #isTarget: (address: Uint8Array) => boolean;
  readonly #inFlightMax: number;
  readonly #handshakes = new HalfOpenConnections();
  readonly #inFlight = new MinHeap<Arrival>(({ atUs }, keys, at) => {
    keys[at] = atUs;
  });
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
    this.#targets = [plan.target, ...plan.otherTargets].map((target) => ({
      address: addressBytes(target.address[plan.family]),
      host: new TargetHost(target, plan),
    }));
    this.#sourceHash = addressHash(this.#source);
    this.#isTarget = options.isTarget ?? (() => false);
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
    while (this.#inFlight.peek()?.isCalledOff === true) this.#inFlight.pop();
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
   * @param atUs when it is sent: routes may change
   * @throws {RangeError} when the packet is malformed
   */
  pathOf(packet: Uint8Array, atUs = 0): readonly string[] {
    const probe = readProbe(packet, this.#plan.family);
    if (!isMalformed(probe)) {
      const target = this.#targetOf(probe.flow.destination) ?? 0;
      return this.#network.pathOf(this.#hashOf(probe), atUs, target);
    }
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
    if (isMalformed(probe)) {
      this.#counters.malformed++;
      return undefined;
    }
    const target = this.#targetOf(probe.flow.destination);
    if (target === undefined) return 'ENETUNREACH';
    if (isSameAddress(probe.flow.source, this.#source)) return this.#carry(probe, target, nowUs);
    this.#counters.spoofed++;
    return undefined;
  }

  /** 0 for the usual target, n for the nth of the others; undefined where no route leads. */
  #targetOf(destination: Uint8Array): number | undefined {
    const index = this.#targets.findIndex(({ address }) => isSameAddress(destination, address));
    if (index >= 0) return index;
    return this.#isTarget(destination) ? 0 : undefined;
  }

  /** @returns the errno name with which the kernel refuses what its own link does not carry */
  #carry(probe: ProbePacket, target: number, nowUs: number): string | undefined {
    const end = this.#network.carryProbe(this.#travellerOf(probe, target), nowUs);
    if (end === undefined) {
      this.#counters.lost++;
      return undefined;
    }
    if (end.cause === 'too-big' && end.node.name === SOURCE) return 'EMSGSIZE';
    const answer = this.#answerTo(probe, target, end);
    if (answer === undefined) this.#counters.unanswered++;
    else if (end.cause !== 'arrived' || !answer.isRepeated) this.#return(answer, probe, end);
    else this.#shakeHands(answer, { probe, target, end, delayUs: end.atUs - nowUs });
    return undefined;
  }

  /** Answers a SYN: with a SYN-ACK, but while one of the flow is awaited, for the one before. */
  #shakeHands(synAck: Answer, { probe, target, end, delayUs }: Greeting): void {
    const flow = target * 2 ** 32 + (probe.flow.leadingBits >>> 0);
    const { atUs } = end;
    const first = this.#handshakes.awaited(flow, atUs);
    if (first === undefined) {
      const copy = this.#return(synAck, probe, end);
      const sequence = probe.transport.kind === 'tcp' ? probe.transport.segment.sequence : 0;
      this.#handshakes.open(flow, { sequence, atUs, delayUs, ...copy });
      return;
    }
    const answer = this.#handshakes.acknowledges(flow, atUs)
      ? this.#targets[target]?.host.acknowledgment(probe, first)
      : undefined;
    if (answer === undefined) {
      this.#counters.unanswered++;
      return;
    }
    const { arrival } = this.#return(answer, probe, end);
    if (arrival !== undefined) this.#handshakes.reset(flow, arrival.atUs + delayUs);
  }

  #hashOf({ flow, flowLabel }: ProbePacket): number {
    const hash = flowHash(flow);
    return this.#plan.hashesFlowLabels ? mixBits(hash ^ flowLabel) : hash;
  }

  #travellerOf(probe: ProbePacket, target: number): Traveller {
    const { flow, ttl, tos, packet, transport, isFragmentable } = probe;
    return new Traveller({
      flowHash: this.#hashOf(probe),
      ttl,
      target,
      destinationHash: addressHash(flow.destination),
      lengthBytes: packet.length,
      tos,
      port: portOf(flow),
      isSyn: transport.kind === 'tcp' && isSyn(transport.segment.flags),
      isFragmentable,
    });
  }

  #answerTo(probe: ProbePacket, target: number, end: ProbeEnd): Answer | undefined {
    const { cause, node, atUs } = end;
    const host = this.#targets[target]?.host;
    if (cause === 'arrived') return host?.answer(probe, end);
    if (cause === 'proxied') return host?.proxyAnswer(probe);
    if (probe.transport.kind === 'icmp-error' || node.icmp?.sends(atUs) !== true) return undefined;
    return cause === 'too-big' ? packetTooBig(probe, end) : timeExceeded(probe, end);
  }

  /**
   * Sends the answer back, again and again if its sender would repeat it, until it arrives.
   *
   * @returns what arrives, if anything, and when it leaves
   */
  #return(
    answer: Answer,
    probe: ProbePacket,
    { node, atUs, packet: asItCame }: ProbeEnd,
  ): { readonly arrival: Arrival | undefined; readonly leavesAtUs: number } {
    const { flow, packet, ttl, isOfFlow, isRepeated } = answer;
    const fields = {
      flowHash: flowHash(flow),
      ttl,
      destinationHash: this.#sourceHash,
      lengthBytes: packet.length,
      tos: 0,
      port: isOfFlow ? portOf(probe.flow) : -1,
      isSyn: false,
      isFragmentable: true,
    };
    for (const delayUs of isRepeated ? SYN_ACK_TIMES_US : ONCE) {
      const traveller = new Traveller(fields);
      if (isOfFlow) traveller.ownShifts = asItCame.ownShifts;
      const leavesAtUs = atUs + delayUs;
      const back = this.#network.carryReply(traveller, node, leavesAtUs);
      node.identification = (node.identification + 1) & 0xffff;
      if (back === undefined) continue;
      if (back.shift !== 0) shiftAcknowledgment(answer, back.shift);
      seal(answer, { ttl: back.ttl, identification: node.identification });
      const arrival: Arrival = { packet, atUs: back.atUs };
      if (this.#inFlight.size >= this.#inFlightMax) this.#counters.socketDrops++;
      else this.#inFlight.push(arrival);
      return { arrival, leavesAtUs };
    }
    this.#counters.lost++;
    return { arrival: undefined, leavesAtUs: Number.POSITIVE_INFINITY };
  }
}

/** A SYN that arrived. */
interface Greeting {
  readonly probe: ProbePacket;
  readonly target: number;
  readonly end: ProbeEnd;
  /** From the prober to the target. */
  readonly delayUs: number;
}

/** The prober's port; −1 for what has none. */
function portOf({ protocol, leadingBits }: ProbePacket['flow']): number {
  const hasPorts = protocol === IP_PROTOCOL.tcp || protocol === IP_PROTOCOL.udp;
  return hasPorts ? leadingBits >>> 16 : -1;
}

function addressBytes(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`the plan has "${text}" where an address belongs`);
  return bytes;
}
