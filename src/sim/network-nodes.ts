/**
 * The nodes of a simulated network and the steps between them, made from a plan. Every random
 * choice has a stream of its own, drawn from the plan's seed, so that traffic in one place changes
 * nothing in another.
 */

import { parseIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import type { AddressPair } from './addresses.ts';
import { Balancer, type BalancerTraits, type Weighted } from './balancing.ts';
import { IcmpBehaviour } from './icmp-behaviour.ts';
import { Hazard, RandomLoss } from './loss-process.ts';
import { Middlebox } from './middlebox.ts';
import type {
  NetworkPlan,
  PlannedHazard,
  PlannedLink,
  PlannedRoute,
  PlannedRouter,
  PlannedTarget,
} from './network-plan.ts';
import { waysTo } from './other-targets.ts';
import { placeRandom } from './place-random.ts';
import { RouteTable } from './route-table.ts';
import { SOURCE, TARGET } from './topology.ts';

/** One way over a link. */
export interface Step {
  readonly to: SimulatedNode;
  readonly delayUs: number;
  /** The most that is added; 0 for a link without jitter. */
  readonly jitterUs: number;
  /** Of the jitter. */
  readonly random: Random;
  readonly loss: RandomLoss;
  readonly hazards: readonly Hazard[];
  /** Longest packet, in bytes. */
  readonly mtu: number;
  /** Where the errors come from that `to` sends about what came over this step. */
  readonly errorSource: Uint8Array;
}

export interface SimulatedNode {
  readonly name: string;
  readonly isRouter: boolean;
  /** Does not touch the TTL. */
  readonly isHidden: boolean;
  readonly isSynProxy: boolean;
  /** Undefined for hosts. */
  readonly icmp: IcmpBehaviour | undefined;
  readonly middlebox: Middlebox | undefined;
  /** Loss on transit, after the TTL check: what the node itself sends is not touched. */
  readonly forwardLoss: RandomLoss;
  readonly returnLoss: RandomLoss;
  readonly forwardHazards: readonly Hazard[];
  readonly returnHazards: readonly Hazard[];
  readonly towardsTarget: RouteTable<Step>;
  /** Towards each other target. */
  readonly towardsOthers: readonly RouteTable<Step>[];
  readonly towardsSource: RouteTable<Step>;
  /** IP identification of the next packet that it sends, 16 bits. */
  identification: number;
}

/**
 * Builds all nodes.
 *
 * @returns the source, from which every other node can be reached
 * @throws {RangeError} when the plan's links join nodes that it does not have
 */
export function buildNodes(plan: NetworkPlan): SimulatedNode {
  const random = new Random(plan.seed);
  const drafts = new Map<string, Draft>();
  const routers = [undefined, undefined, ...plan.routers];
  for (const [i, router] of routers.entries()) {
    const name = router?.name ?? (i === 0 ? SOURCE : TARGET);
    drafts.set(name, draftNode(name, router, { plan, random }));
  }
  for (const link of plan.links) joinNodes(link, drafts, { plan, random });
  for (const { node, balancing, ahead } of drafts.values()) {
    node.towardsTarget.setUsual(new Balancer([...ahead.values()], balancing));
  }
  for (const [i, target] of plan.otherTargets.entries()) {
    addTarget(target, i, drafts, { plan, random });
  }
  for (const { node, balancing, back } of drafts.values()) {
    node.towardsSource.setUsual(new Balancer([...back.values()], balancing));
  }
  for (const route of plan.routes) addRoute(route, drafts);
  return draftOf(SOURCE, drafts).node;
}

/** A node whose next hops are not all known yet; they stand by their names. */
interface Draft {
  readonly node: SimulatedNode;
  readonly balancing: BalancerTraits;
  /** The one address that its errors come from, if there is one. */
  readonly errorAddress: AddressPair | undefined;
  /** Over links that packets use towards the target, and towards the source. */
  readonly ahead: Map<string, Weighted<Step>>;
  readonly back: Map<string, Weighted<Step>>;
}

interface Making {
  readonly plan: NetworkPlan;
  readonly random: Random;
}

function draftNode(name: string, router: PlannedRouter | undefined, making: Making): Draft {
  const { plan, random } = making;
  const hashSeed = random.uint32();
  const balancing = router?.balancing ?? plan.balancing;
  const shared = balancing.hash === 'polarised' && placeRandom(plan.seed, 'polarised hash');
  const node = {
    name,
    isRouter: router !== undefined,
    isHidden: router?.isHidden ?? false,
    isSynProxy: router?.isSynProxy ?? false,
    icmp: router && new IcmpBehaviour(router, placeRandom(plan.seed, `icmp ${name}`)),
    middlebox: router && middleboxOf(router, plan),
    forwardLoss: new RandomLoss(router?.forwardLoss ?? 0, random.fork()),
    returnLoss: new RandomLoss(router?.returnLoss ?? 0, random.fork()),
    forwardHazards: hazardsOf(router?.hazards, { plan, direction: 'forward', at: name }),
    returnHazards: hazardsOf(router?.hazards, { plan, direction: 'return', at: name }),
    towardsTarget: new RouteTable<Step>(),
    towardsOthers: plan.otherTargets.map(() => new RouteTable<Step>()),
    towardsSource: new RouteTable<Step>(),
    identification: random.below(0x1_0000),
  };
  return {
    node,
    errorAddress: name === TARGET ? plan.target.address : router?.errorAddress,
    balancing: {
      kind: balancing.kind,
      buckets: balancing.buckets,
      hashSeed: shared ? shared.uint32() : hashSeed,
      random: placeRandom(plan.seed, `balancing ${name}`),
    },
    ahead: new Map(),
    back: new Map(),
  };
}

function middleboxOf(router: PlannedRouter, plan: NetworkPlan): Middlebox | undefined {
  const { rewrites, nat } = router;
  if (rewrites === undefined && nat === undefined) return undefined;
  const address = bytesOf(router.address, plan);
  const random = placeRandom(plan.seed, `middlebox ${router.name}`);
  return new Middlebox({ rewrites, nat, address }, random);
}

/** Adds a link's two steps, whichever of them are used, to the nodes that it joins. */
function joinNodes(link: PlannedLink, drafts: ReadonlyMap<string, Draft>, making: Making): void {
  const near = drafts.get(link.near);
  const far = drafts.get(link.far);
  if (near === undefined || far === undefined) {
    throw new RangeError(`the link from ${link.near} to ${link.far} joins no nodes of the plan`);
  }
  const ahead = stepOver(link, { to: far, direction: 'forward' }, making);
  const back = stepOver(link, { to: near, direction: 'return' }, making);
  const { weight } = link;
  if (link.direction !== 'return') near.ahead.set(link.far, { step: ahead, weight });
  if (link.direction !== 'forward') far.back.set(link.near, { step: back, weight });
}

/** What a packet that takes a link one way meets there. */
function stepOver(
  link: PlannedLink,
  { to, direction }: { readonly to: Draft; readonly direction: 'forward' | 'return' },
  { plan, random }: Making,
): Step {
  const at = `${link.near} ${link.far}`;
  const isForward = direction === 'forward';
  const jitterUs = isForward ? link.jitterUs : link.returnJitterUs;
  const ownAddress = isForward ? link.farAddress : link.nearAddress;
  return {
    to: to.node,
    delayUs: isForward ? link.delayUs : link.returnDelayUs,
    jitterUs,
    random: jitterRandom(jitterUs, `${at} ${direction}`, plan),
    loss: new RandomLoss(isForward ? link.forwardLoss : link.returnLoss, random.fork()),
    hazards: hazardsOf(link.hazards, { plan, direction, at }),
    mtu: isForward ? link.mtu : Number.POSITIVE_INFINITY,
    errorSource: bytesOf(to.errorAddress ?? ownAddress, plan),
  };
}

/** A stream where one is drawn from, and else one for all the links that draw nothing. */
function jitterRandom(jitterUs: number, at: string, { seed }: NetworkPlan): Random {
  return jitterUs > 0 ? placeRandom(seed, `jitter ${at}`) : NO_RANDOM;
}

const NO_RANDOM = new Random(0);

function hazardsOf(
  hazards: readonly PlannedHazard[] | undefined,
  { plan, direction, at }: { plan: NetworkPlan; direction: 'forward' | 'return'; at: string },
): readonly Hazard[] {
  return (hazards ?? [])
    .filter((hazard) => hazard.direction === direction)
    .map((hazard, i) => new Hazard(hazard, placeRandom(plan.seed, `${direction} ${at} ${i}`)));
}

function bytesOf(address: AddressPair, { family }: NetworkPlan): Uint8Array {
  return parseIpAddress(address[family]) as Uint8Array;
}

/** Adds a host, and the routes to it; nothing is drawn for it before all else has been. */
function addTarget(
  { name, address, links }: PlannedTarget,
  index: number,
  drafts: Map<string, Draft>,
  making: Making,
): void {
  const next = new Map([...drafts].map(([node, { ahead }]) => [node, [...ahead.keys()]]));
  const ways = waysTo(next, new Set(links.map(({ near }) => near)));
  const host = draftNode(name, undefined, making);
  drafts.set(name, { ...host, errorAddress: address });
  for (const link of links) joinNodes(link, drafts, making);
  for (const [node, fars] of ways) {
    const { node: from, balancing, ahead } = draftOf(node, drafts);
    const direct = ahead.get(name);
    const choices = direct === undefined ? fars.flatMap((far) => ahead.get(far) ?? []) : [direct];
    from.towardsOthers[index]?.setUsual(new Balancer(choices, balancing));
    ahead.delete(name); // no way to the usual target, nor to the next of the others
  }
}

function addRoute(route: PlannedRoute, drafts: ReadonlyMap<string, Draft>): void {
  const { node, balancing, ahead, back } = draftOf(route.router, drafts);
  const isForward = route.towards === 'target';
  const table = isForward ? node.towardsTarget : node.towardsSource;
  const [first, second] = isForward ? [ahead, back] : [back, ahead];
  const choices = route.nextHops.map((name) => {
    const choice = first.get(name) ?? second.get(name);
    if (choice !== undefined) return choice;
    throw new RangeError(`no link leads from ${route.router} to ${name}`);
  });
  table.add(route.window, new Balancer(choices, balancing, table.usual));
}

function draftOf(name: string, drafts: ReadonlyMap<string, Draft>): Draft {
  const draft = drafts.get(name);
  if (draft === undefined) throw new RangeError(`the plan has no node ${name}`);
  return draft;
}
