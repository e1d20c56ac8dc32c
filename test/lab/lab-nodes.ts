/** The nodes of a plan as the kernel is to know them: their links, and how they balance. */

import type { IpFamily } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import type {
  AddressPair,
  NetworkPlan,
  PlannedLink,
  PlannedRouter,
} from '../../src/sim/network-plan.ts';
import { waysTo } from '../../src/sim/other-targets.ts';
import type { Balancing } from '../../src/sim/scenario-model.ts';
import { SOURCE, TARGET } from '../../src/sim/topology.ts';

/** A node of the plan with the links that it has, and the seed of its hash. */
export interface LabNode {
  readonly name: string;
  /** Undefined for the two hosts. */
  readonly router: PlannedRouter | undefined;
  /** Its own address, on the loopback interface. */
  readonly address: AddressPair;
  readonly balancing: Balancing;
  /** 1 to 2^32 − 1: 0 would mean the kernel's own. */
  readonly hashSeed: number;
  /** All of them, those towards the source first. */
  readonly links: readonly LabLink[];
  /** Those that packets may take. */
  readonly towardsTarget: readonly LabLink[];
  readonly towardsSource: readonly LabLink[];
  /** For each other target that can be reached from here: by which links. */
  readonly towardsOthers: readonly {
    readonly to: AddressPair;
    readonly links: readonly LabLink[];
  }[];
}

/** A link as one of its ends sees it. */
export interface LabLink {
  readonly peer: string;
  readonly address: AddressPair;
  readonly peerAddress: AddressPair;
  readonly peerMac: string;
  readonly weight: number;
  /** Longest packet that may leave by it, in bytes. */
  readonly mtu: number;
}

export const FAMILIES: readonly IpFamily[] = [4, 6];
export const HOST_PREFIX = { 4: 32, 6: 128 } as const;
export const ETHERNET_MTU = 1500;

/** The nodes of a plan, the hosts first. */
export function nodesOf(plan: NetworkPlan): LabNode[] {
  const random = new Random(plan.seed);
  const shared = seedFrom(new Random(plan.seed));
  const hosts = [
    { name: SOURCE, address: plan.source, balancing: plan.balancing, router: undefined },
    { name: TARGET, address: plan.target.address, balancing: plan.balancing, router: undefined },
  ];
  const others = plan.otherTargets.map(({ name, address }) => {
    return { name, address, balancing: plan.balancing, router: undefined };
  });
  const routers = plan.routers.map((router) => ({ ...router, router }));
  const routes = plan.otherTargets.map((target) => nextNodesTo(plan, target));
  return [...hosts, ...routers, ...others].map(({ name, address, balancing, router }) => {
    const own = seedFrom(random);
    const ends = linksOf(plan).flatMap((link, n) => endsAt(name, link, n));
    const isUsual = ({ peer }: LabLink) => plan.otherTargets.every((other) => other.name !== peer);
    return {
      name,
      router,
      address,
      balancing,
      hashSeed: balancing.hash === 'polarised' ? shared : own,
      links: [...ends.filter(({ isAhead }) => !isAhead), ...ends.filter(({ isAhead }) => isAhead)],
      towardsTarget: ends.filter((end) => end.isAhead && end.isUsed && isUsual(end)),
      towardsSource: ends.filter(({ isAhead, isUsed }) => !isAhead && isUsed),
      towardsOthers: plan.otherTargets.map((target, i) => ({
        to: target.address,
        links: ends.filter(({ isAhead, peer }) => isAhead && routes[i]?.get(name)?.includes(peer)),
      })),
    };
  });
}

/** Those to other targets last, as they are numbered. */
export function linksOf(plan: NetworkPlan): readonly PlannedLink[] {
  return [...plan.links, ...plan.otherTargets.flatMap(({ links }) => links)];
}

/** The interface of a node that leads to `peer`. */
export function interfaceTo(peer: string): string {
  return `to-${peer}`;
}

/** Locally administered (IEEE 802, second lowest bit of the first octet), unique within the lab. */
export function macOf(n: number, end: 'near' | 'far'): string {
  const octets = [0x02, 0xfa, n >> 8, n & 0xff, 0, end === 'near' ? 1 : 2];
  return octets.map((octet) => octet.toString(16).padStart(2, '0')).join(':');
}

/** To which nodes each sends what is for another target, as on the simulated network. */
function nextNodesTo(
  plan: NetworkPlan,
  { name, links }: NetworkPlan['otherTargets'][number],
): ReadonlyMap<string, readonly string[]> {
  const nodes = [SOURCE, ...plan.routers.map((router) => router.name)];
  const next = new Map(
    nodes.map((node) => [
      node,
      plan.links.flatMap(({ near, far }) => (near === node ? [far] : [])),
    ]),
  );
  const direct = new Set(links.map(({ near }) => near));
  const ways = waysTo(next, direct);
  return new Map(nodes.map((node) => [node, direct.has(node) ? [name] : (ways.get(node) ?? [])]));
}

function seedFrom(random: Random): number {
  return 1 + random.below(0xffff_ffff);
}

type End = LabLink & { readonly isAhead: boolean; readonly isUsed: boolean };

/** The link as `node` sees it; none where it is not that node's. */
function endsAt(node: string, link: PlannedLink, n: number): End[] {
  const { near, far, nearAddress, farAddress, weight, mtu, direction } = link;
  if (near === node) {
    const ends = { peer: far, address: nearAddress, peerAddress: farAddress };
    const isUsed = direction !== 'return';
    return [{ ...ends, peerMac: macOf(n, 'far'), weight, mtu, isAhead: true, isUsed }];
  }
  if (far !== node) return [];
  const ends = { peer: near, address: farAddress, peerAddress: nearAddress };
  const isUsed = direction !== 'forward';
  const rest = { peerMac: macOf(n, 'near'), weight, mtu: ETHERNET_MTU };
  return [{ ...ends, ...rest, isAhead: false, isUsed }];
}
