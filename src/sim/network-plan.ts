/**
 * A network with every address assigned and every default filled in: what both the simulated
 * network and the kernel lab are built from.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { Scenario } from './scenario.ts';
import { type Joined, SOURCE, TARGET } from './topology.ts';

/** What the target does with a TCP SYN that reaches its port. */
export type TargetAnswer = 'refuse' | 'accept' | 'drop';

/** Where a router's ICMP errors come from: the link the probe came in by, or its own address. */
export type ErrorSource = 'ingress' | 'router';

/** Token bucket over all ICMP errors of a router: `burst` tokens at first, then `perSecond`. */
export interface IcmpLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** An address of each family, as canonical text. */
export type AddressPair = Readonly<Record<IpFamily, string>>;

export interface PlannedRouter {
  readonly name: string;
  /** The router's own address (loopback), by family: text. */
  readonly address: AddressPair;
  /** Never sends ICMP errors. */
  readonly isSilent: boolean;
  /** Over all ICMP errors it sends; undefined where it has no limit. */
  readonly icmpLimit: IcmpLimit | undefined;
  /** Chance that it drops a packet on transit towards the target, after its TTL check. */
  readonly forwardLoss: number;
  /** The same towards the source. */
  readonly returnLoss: number;
}

/** One point-to-point link; `near` is the end towards the source. */
export interface PlannedLink {
  readonly near: string;
  readonly far: string;
  readonly nearAddress: AddressPair;
  readonly farAddress: AddressPair;
  /** One way. */
  readonly delayUs: number;
  /** Chance that a packet towards the target is lost on the link. */
  readonly forwardLoss: number;
  /** The same towards the source. */
  readonly returnLoss: number;
}

/** Hosts are the nodes `source` and `target`; every other node is a router. */
export interface NetworkPlan {
  readonly family: IpFamily;
  readonly errorSource: ErrorSource;
  /** Seeds every router's own hash seed and every loss. */
  readonly seed: number;
  readonly source: AddressPair;
  readonly target: {
    readonly address: AddressPair;
    readonly port: number;
    readonly answer: TargetAnswer;
  };
  readonly routers: readonly PlannedRouter[];
  readonly links: readonly PlannedLink[];
}

/**
 * Assigns the addresses: the same scenario always gets the same ones. Link n has the subnets
 * 10.(1+⌊n/64⌋).(n mod 64).0/30 and fdec:1:0:n::/64, router n has 10.254.⌊n/250⌋.(1 + n mod 250)
 * and fdec:254::(n+1).
 *
 * Where the scenario leaves `errorSource` open it is as on Linux: for IPv4 the address of the link
 * that the probe came in by (as with icmp_errors_use_inbound_ifaddr), for IPv6 the router's own,
 * which is what Linux picks on routes that have a preferred source.
 *
 * @param overrides replace what the scenario says; another family brings its own `errorSource`
 */
export function planNetwork(
  scenario: Scenario,
  overrides: { readonly family?: IpFamily; readonly seed?: number } = {},
): NetworkPlan {
  const family = overrides.family ?? scenario.family;
  return {
    family,
    errorSource: scenario.errorSource ?? (family === 4 ? 'ingress' : 'router'),
    seed: overrides.seed ?? scenario.seed,
    source: { 4: '10.100.0.1', 6: 'fdec:100::1' },
    target: { ...scenario.target, address: { 4: '10.200.0.1', 6: 'fdec:200::1' } },
    routers: scenario.routers.map((router, n) => ({ ...router, address: routerAddress(n) })),
    links: scenario.links.map(({ delayMs, ...link }, n) => ({
      ...link,
      nearAddress: linkAddress(n, 1),
      farAddress: linkAddress(n, 2),
      delayUs: Math.round(delayMs * 1000),
    })),
  };
}

/** Whose every address of the plan is, in both families: address text → node name. */
export function nodeOfAddress(plan: NetworkPlan): ReadonlyMap<string, string> {
  const nodes = new Map<string, string>();
  const add = (address: AddressPair, node: string) => {
    nodes.set(address[4], node).set(address[6], node);
  };
  add(plan.source, SOURCE);
  add(plan.target.address, TARGET);
  for (const { name, address } of plan.routers) add(address, name);
  for (const link of plan.links) {
    add(link.nearAddress, link.near);
    add(link.farAddress, link.far);
  }
  return nodes;
}

/**
 * The addresses of the plan's family under which a node answers probes, and hence appears in a
 * trace: one, or for a router that answers by `ingress` one for each link towards the source.
 */
export function answeringAddresses(plan: NetworkPlan, node: string): readonly string[] {
  const links = plan.links.filter(({ far }) => far === node);
  return [...new Set(links.map((link) => farAnsweringAddress(plan, link)))];
}

/** The address, of the plan's family, under which the far end of a link answers over it. */
export function farAnsweringAddress(plan: NetworkPlan, { near, far }: Joined): string {
  const router = plan.routers.find(({ name }) => name === far);
  if (router === undefined) return plan.target.address[plan.family];
  if (plan.errorSource === 'router') return router.address[plan.family];
  const link = plan.links.find((each) => each.near === near && each.far === far);
  if (link === undefined) throw new RangeError(`the plan has no link from ${near} to ${far}`);
  return link.farAddress[plan.family];
}

function routerAddress(n: number): AddressPair {
  return {
    4: `10.254.${Math.floor(n / 250)}.${1 + (n % 250)}`,
    6: `fdec:254::${(n + 1).toString(16)}`,
  };
}

function linkAddress(n: number, end: 1 | 2): AddressPair {
  // RFC 5952 §4.2.2 and §4.2.3: `::` stands for the longest run of zeros, which here depends on n.
  const six = n === 0 ? `fdec:1::${end}` : `fdec:1:0:${n.toString(16)}::${end}`;
  return { 4: `10.${1 + Math.floor(n / 64)}.${n % 64}.${end}`, 6: six };
}
