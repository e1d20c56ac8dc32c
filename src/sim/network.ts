/**
 * The network as packets see it: nodes, the steps between them, and where a packet of a given flow
 * ends. Knows nothing of bytes. Every random choice has a stream of its own, drawn from the plan's
 * seed, so that traffic in one place changes nothing in another.
 */

import { parseIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { mixBits } from './flow-hash.ts';
import type { AddressPair, NetworkPlan, PlannedRouter } from './network-plan.ts';
import { TokenBucket } from './token-bucket.ts';
import { SOURCE, TARGET } from './topology.ts';

/** A chance of losing a packet, with the random numbers that decide. */
class Loss {
  readonly #ratio: number;
  readonly #random: Random;

  constructor(ratio: number, random: Random) {
    this.#ratio = ratio;
    this.#random = random;
  }

  strikes(): boolean {
    return this.#ratio > 0 && this.#random.unit() < this.#ratio;
  }
}

/** One way over a link. */
interface Step {
  readonly to: SimulatedNode;
  readonly delayUs: number;
  readonly loss: Loss;
  /** Where the errors come from that `to` sends about what came over this step. */
  readonly errorSource: Uint8Array;
}

export interface SimulatedNode {
  readonly name: string;
  readonly isRouter: boolean;
  readonly isSilent: boolean;
  readonly icmpBucket: TokenBucket | undefined;
  readonly hashSeed: number;
  /** Loss on transit, after the TTL check: what the node itself sends is not touched. */
  readonly forwardLoss: Loss;
  readonly returnLoss: Loss;
  readonly towardsTarget: Step[];
  readonly towardsSource: Step[];
  /** IP identification of the next packet that it sends, 16 bits. */
  identification: number;
}

/** Where a probe ended: at the target, or at the router where its TTL ran out. */
export interface ProbeEnd {
  readonly node: SimulatedNode;
  readonly atUs: number;
  /** TTL that was left as it came in. */
  readonly ttl: number;
  /** Address that an error about it comes from. */
  readonly errorSource: Uint8Array;
}

/** A reply at the source. */
export interface ReplyEnd {
  readonly atUs: number;
  readonly ttl: number;
}

/** A packet as routers see it: hash of its flow, and TTL (hop limit) as sent. */
export interface Traveller {
  readonly flowHash: number;
  readonly ttl: number;
}

/** Carries packets; all that changes in it are random streams and token buckets. */
export class Network {
  readonly #source: SimulatedNode;

  constructor(plan: NetworkPlan) {
    this.#source = buildNodes(plan);
  }

  /**
   * Takes a probe from the source as far as it comes. A router checks the TTL first (RFC 1812
   * §5.2.1.1), then the packet is at risk on transit; the target takes any TTL, as hosts do.
   *
   * @returns undefined when the probe was lost
   */
  carryProbe({ flowHash, ttl }: Traveller, sentUs: number): ProbeEnd | undefined {
    let node = this.#source;
    let left = ttl;
    let atUs = sentUs;
    for (;;) {
      const step = chosenStep(node.towardsTarget, flowHash, node.hashSeed);
      if (step === undefined || step.loss.strikes()) return undefined;
      node = step.to;
      atUs += step.delayUs;
      if (!node.isRouter || left <= 1) {
        return { node, atUs, ttl: left, errorSource: step.errorSource };
      }
      left -= 1;
      if (node.forwardLoss.strikes()) return undefined;
    }
  }

  /**
   * Takes a reply from the node that sends it back to the source.
   *
   * @returns undefined when the reply was lost, or its TTL ran out
   */
  carryReply(
    { flowHash, ttl }: Traveller,
    from: SimulatedNode,
    sentUs: number,
  ): ReplyEnd | undefined {
    let node = from;
    let left = ttl;
    let atUs = sentUs;
    while (node !== this.#source) {
      if (node !== from) {
        if (left <= 1 || node.returnLoss.strikes()) return undefined;
        left -= 1;
      }
      const step = chosenStep(node.towardsSource, flowHash, node.hashSeed);
      if (step === undefined || step.loss.strikes()) return undefined;
      node = step.to;
      atUs += step.delayUs;
    }
    return { atUs, ttl: left };
  }

  /** The nodes that a probe of this flow visits if nothing is lost, the target last. */
  pathOf(flowHash: number): string[] {
    const names: string[] = [];
    let node: SimulatedNode | undefined = this.#source;
    while (node !== undefined) {
      node = chosenStep(node.towardsTarget, flowHash, node.hashSeed)?.to;
      if (node !== undefined) names.push(node.name);
    }
    return names;
  }
}

/** The step that a node's hash picks for a flow; each is as likely. */
function chosenStep(steps: readonly Step[], flowHash: number, seed: number): Step | undefined {
  if (steps.length < 2) return steps[0];
  return steps[Math.floor((mixBits(flowHash ^ seed) / 0x1_0000_0000) * steps.length)];
}

/** @returns the source, from which every other node can be reached */
function buildNodes(plan: NetworkPlan): SimulatedNode {
  const random = new Random(plan.seed);
  const source = buildNode(SOURCE, undefined, random);
  const nodes = new Map([
    [SOURCE, source],
    [TARGET, buildNode(TARGET, undefined, random)],
    ...plan.routers.map((router) => [router.name, buildNode(router.name, router, random)] as const),
  ]);
  const ownAddress = new Map(plan.routers.map(({ name, address }) => [name, address]));
  const bytesOf = (address: AddressPair) => parseIpAddress(address[plan.family]) as Uint8Array;
  for (const link of plan.links) {
    const near = nodes.get(link.near);
    const far = nodes.get(link.far);
    if (near === undefined || far === undefined) {
      throw new RangeError(`the link from ${link.near} to ${link.far} joins no nodes of the plan`);
    }
    const fixed = plan.errorSource === 'router' ? ownAddress.get(link.far) : undefined;
    const answers = far.isRouter ? (fixed ?? link.farAddress) : plan.target.address;
    const { delayUs } = link;
    near.towardsTarget.push({
      to: far,
      delayUs,
      loss: new Loss(link.forwardLoss, random.fork()),
      errorSource: bytesOf(answers),
    });
    far.towardsSource.push({
      to: near,
      delayUs,
      loss: new Loss(link.returnLoss, random.fork()),
      errorSource: bytesOf(link.nearAddress),
    });
  }
  return source;
}

function buildNode(name: string, router: PlannedRouter | undefined, random: Random): SimulatedNode {
  return {
    name,
    isRouter: router !== undefined,
    isSilent: router?.isSilent ?? false,
    icmpBucket: router?.icmpLimit === undefined ? undefined : new TokenBucket(router.icmpLimit),
    hashSeed: random.uint32(),
    forwardLoss: new Loss(router?.forwardLoss ?? 0, random.fork()),
    returnLoss: new Loss(router?.returnLoss ?? 0, random.fork()),
    towardsTarget: [],
    towardsSource: [],
    identification: random.below(0x1_0000),
  };
}
