/**
 * The network as packets see it: where a packet of a given flow ends, and when. Knows nothing of
 * bytes.
 */

import { parseIpAddress } from '../lib/ip-address.ts';
import { addressHash } from './flow-hash.ts';
import { anyStrikes } from './loss-process.ts';
import { buildNodes, type SimulatedNode, type Step } from './network-nodes.ts';
import type { NetworkPlan } from './network-plan.ts';
import type { RouteTable } from './route-table.ts';
import { Traveller } from './traveller.ts';

export type { SimulatedNode } from './network-nodes.ts';

/** Why a probe went no further. */
export type EndCause =
  /** It is at the target. */
  | 'arrived'
  /** Its TTL ran out. */
  | 'expired'
  /** It is longer than the next link carries. */
  | 'too-big'
  /** A router answers it for the target. */
  | 'proxied';

/** Where a probe ended. */
export interface ProbeEnd {
  readonly cause: EndCause;
  readonly node: SimulatedNode;
  readonly atUs: number;
  /** TTL that was left as it came in. */
  readonly ttl: number;
  /** Address that an error about it comes from. */
  readonly errorSource: Uint8Array;
  /** Of the next link, where that is too narrow; else 0. */
  readonly mtu: number;
  /** As it came in, with what routers have changed. */
  readonly packet: Traveller;
}

/** A reply at the source. */
export interface ReplyEnd {
  readonly atUs: number;
  readonly ttl: number;
  /** By how much what it acknowledges is still shifted, modulo 2^32. */
  readonly shift: number;
}

/** Routers that do not touch the TTL could form a loop that nothing ends. */
const STEPS_MAX = 1024;
const NO_ADDRESS: Uint8Array = new Uint8Array(0);

/** Carries packets; all that changes in it are random streams, bursts and token buckets. */
export class Network {
  readonly #source: SimulatedNode;
  readonly #targetHashes: readonly number[];

  /** @throws {RangeError} when the plan's links join nodes that it does not have */
  constructor(plan: NetworkPlan) {
    this.#source = buildNodes(plan);
    this.#targetHashes = [plan.target, ...plan.otherTargets].map(({ address }) =>
      addressHash(parseIpAddress(address[plan.family]) ?? NO_ADDRESS),
    );
  }

  /**
   * Takes a probe from the source as far as it comes. A router checks the TTL first (RFC 1812
   * §5.2.1.1), then the packet is at risk on transit, and is changed; the target takes any TTL, as
   * hosts do.
   *
   * @param packet is changed on the way
   * @returns undefined when the probe was lost
   */
  carryProbe(packet: Traveller, sentUs: number): ProbeEnd | undefined {
    let node = this.#source;
    let errorSource = NO_ADDRESS;
    packet.atUs = sentUs;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const step = towards(packet, node)?.choose(packet, packet.atUs);
      if (step === undefined) return undefined;
      if (packet.lengthBytes > step.mtu && !packet.isFragmentable) {
        return endOf('too-big', packet, { node, errorSource, mtu: step.mtu });
      }
      if (isLostOn(step, packet)) return undefined;
      node = step.to;
      errorSource = step.errorSource;
      packet.ttlAsItCame = packet.left;
      const cause = causeAt(node, packet);
      if (cause !== undefined) return endOf(cause, packet, { node, errorSource, mtu: 0 });
      if (isLostInTransit(node, packet)) return undefined;
    }
    return undefined;
  }

  /**
   * Takes a reply from the node that sends it back to the source.
   *
   * @returns undefined when the reply was lost, or its TTL ran out
   */
  carryReply(packet: Traveller, from: SimulatedNode, sentUs: number): ReplyEnd | undefined {
    let node = from;
    packet.atUs = sentUs;
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const step = node.towardsSource.choose(packet, packet.atUs);
      if (step === undefined || isLostOn(step, packet)) return undefined;
      node = step.to;
      if (node === this.#source) return arrivalOf(packet);
      if (!node.isHidden) {
        if (packet.left <= 1) return undefined;
        packet.left -= 1;
      }
      if (node.returnLoss.strikes()) return undefined;
      if (anyStrikes(node.returnHazards, packet, packet.atUs)) return undefined;
      node.middlebox?.passBack(packet);
    }
    return undefined;
  }

  /**
   * The nodes that a probe of this flow visits if nothing is lost, the target last; in a loop, as
   * many as a packet can visit. Where packets are spread one by one, this is one of their paths.
   *
   * @param atUs when it is sent
   * @param target 0 for the usual one, n for the nth of the others
   */
  pathOf(flowHash: number, atUs = 0, target = 0): string[] {
    const destinationHash = this.#targetHashes[target] ?? 0;
    const packet = new Traveller({ flowHash, ttl: 0, destinationHash, target });
    const names: string[] = [];
    let node: SimulatedNode | undefined = this.#source;
    let nowUs = atUs;
    while (node !== undefined && names.length < PATH_NODES_MAX) {
      const step: Step | undefined = towards(packet, node)?.usualStep(packet, nowUs);
      if (step === undefined) break;
      node = step.to;
      nowUs += step.delayUs;
      names.push(node.name);
      if (node.middlebox !== undefined) packet.flowHash = node.middlebox.usualHash(packet.flowHash);
    }
    return names;
  }
}

/** The routes of a node to where a packet goes. */
function towards({ target }: Traveller, node: SimulatedNode): RouteTable<Step> | undefined {
  return target === 0 ? node.towardsTarget : node.towardsOthers[target - 1];
}

/** As far as a TTL goes. */
const PATH_NODES_MAX = 255;

/** What ends a probe that came to a node; undefined where it goes on. */
function causeAt(node: SimulatedNode, { left, isSyn }: Traveller): EndCause | undefined {
  if (!node.isRouter) return 'arrived';
  if (left <= 1 && !node.isHidden) return 'expired';
  return isSyn && node.isSynProxy ? 'proxied' : undefined;
}

/** Takes a probe through a router. */
function isLostInTransit(node: SimulatedNode, packet: Traveller): boolean {
  if (!node.isHidden) packet.left -= 1;
  if (node.forwardLoss.strikes()) return true;
  if (anyStrikes(node.forwardHazards, packet, packet.atUs)) return true;
  if (node.middlebox !== undefined) node.middlebox.pass(packet);
  return false;
}

/** Takes a packet over a link, which is lost at the near end of it, if at all. */
function isLostOn(step: Step, packet: Traveller): boolean {
  if (step.loss.strikes()) return true;
  if (anyStrikes(step.hazards, packet, packet.atUs)) return true;
  packet.atUs += step.delayUs;
  if (step.jitterUs > 0) packet.atUs += step.random.below(step.jitterUs + 1);
  return false;
}

function arrivalOf({ atUs, left, ownShifts }: Traveller): ReplyEnd {
  let shift = 0;
  for (const each of ownShifts.values()) shift = (shift + each) >>> 0;
  return { atUs, ttl: left, shift };
}

function endOf(
  cause: EndCause,
  packet: Traveller,
  { node, errorSource, mtu }: { node: SimulatedNode; errorSource: Uint8Array; mtu: number },
): ProbeEnd {
  return { cause, node, atUs: packet.atUs, ttl: packet.ttlAsItCame, errorSource, mtu, packet };
}
