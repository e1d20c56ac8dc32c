/**
 * A network with every address assigned and every default filled in: what both the simulated
 * network and the kernel lab are built from.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import {
  type AddressPair,
  linkAddress,
  otherTargetAddress,
  routerAddress,
  SOURCE_ADDRESS,
  TARGET_ADDRESS,
} from './addresses.ts';
import { isConstant } from './scenario.ts';
import type {
  Balancing,
  ErrorSource,
  FaultFilter,
  Place,
  Scenario,
  ScenarioFault,
  ScenarioLink,
  ScenarioRoute,
  ScenarioRouter,
  ScenarioTarget,
} from './scenario-model.ts';
import { type Window, windowOf } from './schedule.ts';
import { type Joined, SOURCE, TARGET } from './topology.ts';

export type { AddressPair } from './addresses.ts';

/** A loss at one place and in one direction that is more than a constant chance. */
export interface PlannedHazard {
  readonly direction: 'forward' | 'return';
  readonly lossRatio: number;
  /** Mean, in packets; undefined where each packet is lost on its own. */
  readonly burst: number | undefined;
  readonly only: FaultFilter;
  readonly window: Window;
}

export interface PlannedRouter extends Omit<ScenarioRouter, 'errorSource'> {
  /** The router's own address (loopback), by family: text. */
  readonly address: AddressPair;
  /** The one address that its errors come from; undefined: that of the link the probe came by. */
  readonly errorAddress: AddressPair | undefined;
  readonly hazards: readonly PlannedHazard[];
}

/** One point-to-point link; `near` is the end towards the source. */
export interface PlannedLink
  extends Omit<ScenarioLink, 'delayMs' | 'returnDelayMs' | 'jitterMs' | 'returnJitterMs'> {
  readonly nearAddress: AddressPair;
  readonly farAddress: AddressPair;
  /** Towards the target. */
  readonly delayUs: number;
  readonly returnDelayUs: number;
  /** The most that is added, differently for each packet. */
  readonly jitterUs: number;
  readonly returnJitterUs: number;
  readonly hazards: readonly PlannedHazard[];
}

export interface PlannedRoute extends Omit<ScenarioRoute, 'when'> {
  readonly window: Window;
}

/** A host that can be a target, besides the usual one. */
export interface PlannedTarget extends ScenarioTarget {
  readonly name: string;
  readonly address: AddressPair;
  /** Those that lead to it; `links` of the plan leaves them out. */
  readonly links: readonly PlannedLink[];
}

/** Hosts are the nodes `source` and `target`; every other node is a router. */
export interface NetworkPlan {
  readonly family: IpFamily;
  /** Of routers that have no other. */
  readonly errorSource: ErrorSource;
  readonly hashesFlowLabels: boolean;
  /** Of the hosts; routers have their own. */
  readonly balancing: Balancing;
  /** Seeds every router's own hash seed and every loss. */
  readonly seed: number;
  readonly source: AddressPair;
  readonly target: ScenarioTarget & { readonly address: AddressPair };
  readonly otherTargets: readonly PlannedTarget[];
  readonly routers: readonly PlannedRouter[];
  readonly links: readonly PlannedLink[];
  readonly routes: readonly PlannedRoute[];
}

/**
 * Assigns the addresses (see `addresses.ts`): the same scenario always gets the same ones.
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
  const errorSource = scenario.errorSource ?? (family === 4 ? 'ingress' : 'router');
  const hazards = hazardsByPlace(scenario.faults);
  return {
    family,
    errorSource,
    hashesFlowLabels: scenario.hashesFlowLabels,
    balancing: scenario.balancing,
    seed: overrides.seed ?? scenario.seed,
    source: SOURCE_ADDRESS,
    target: { ...scenario.target, address: TARGET_ADDRESS },
    otherTargets: plannedTargets(scenario),
    routers: scenario.routers.map((router, n) => {
      const { errorSource: own = errorSource, ...rest } = router;
      const address = routerAddress(n);
      const errorAddress =
        typeof own === 'object'
          ? interfaceAddress(scenario.links, router.name, own.interfaceTo)
          : own === 'router'
            ? address
            : undefined;
      return { ...rest, address, errorAddress, hazards: hazards.get(router.name) ?? [] };
    }),
    links: scenario.links.map((link, n) => plannedLink(link, n, hazards)),
    routes: scenario.routes.map(({ when, ...route }) => ({ ...route, window: windowOf(when) })),
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
  for (const { name, address } of [...plan.routers, ...plan.otherTargets]) add(address, name);
  for (const link of [...plan.links, ...plan.otherTargets.flatMap(({ links }) => links)]) {
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
  if (router === undefined) {
    const host = plan.otherTargets.find(({ name }) => name === far) ?? plan.target;
    return host.address[plan.family];
  }
  if (router.errorAddress !== undefined) return router.errorAddress[plan.family];
  const link = plan.links.find((each) => each.near === near && each.far === far);
  if (link === undefined) throw new RangeError(`the plan has no link from ${near} to ${far}`);
  return link.farAddress[plan.family];
}

type Hazards = ReadonlyMap<string, readonly PlannedHazard[]>;

/** Their links are numbered behind all others. */
function plannedTargets({ otherTargets, links }: Scenario): PlannedTarget[] {
  let n = links.length;
  return otherTargets.map((target, i) => ({
    ...target,
    address: otherTargetAddress(i),
    links: target.links.map((link) => plannedLink(link, n++, new Map())),
  }));
}

function plannedLink(link: ScenarioLink, n: number, hazards: Hazards): PlannedLink {
  return {
    near: link.near,
    far: link.far,
    direction: link.direction,
    weight: link.weight,
    mtu: link.mtu,
    forwardLoss: link.forwardLoss,
    returnLoss: link.returnLoss,
    nearAddress: linkAddress(n, 1),
    farAddress: linkAddress(n, 2),
    delayUs: Math.round(link.delayMs * 1000),
    returnDelayUs: Math.round(link.returnDelayMs * 1000),
    jitterUs: Math.round(link.jitterMs * 1000),
    returnJitterUs: Math.round(link.returnJitterMs * 1000),
    hazards: hazards.get(`${link.near} ${link.far}`) ?? [],
  };
}

function interfaceAddress(links: readonly Joined[], node: string, neighbour: string): AddressPair {
  const ahead = links.findIndex(({ near, far }) => near === node && far === neighbour);
  if (ahead !== -1) return linkAddress(ahead, 1);
  const behind = links.findIndex(({ near, far }) => near === neighbour && far === node);
  return linkAddress(behind, 2);
}

/** The faults that `links` and `routers` do not hold already, by "near far" or router name. */
function hazardsByPlace(faults: readonly ScenarioFault[]): Hazards {
  const hazards = new Map<string, PlannedHazard[]>();
  for (const fault of faults) {
    if (isConstant(fault)) continue;
    const key = keyOfPlace(fault.place);
    hazards.set(key, [...(hazards.get(key) ?? []), ...hazardsOf(fault)]);
  }
  return hazards;
}

function hazardsOf({
  forwardLoss,
  returnLoss,
  burst,
  only,
  when,
}: ScenarioFault): readonly PlannedHazard[] {
  const rest = { burst, only, window: windowOf(when) };
  const ways = [
    { direction: 'forward', lossRatio: forwardLoss, ...rest },
    { direction: 'return', lossRatio: returnLoss, ...rest },
  ] as const;
  return ways.filter(({ lossRatio }) => lossRatio > 0);
}

function keyOfPlace(place: Place): string {
  return place.kind === 'link' ? `${place.near} ${place.far}` : place.name;
}
