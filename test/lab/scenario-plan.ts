/**
 * Labs from scenarios: those that ship, or networks written out in a test, with faults at places
 * that a seed picks. Knows under which addresses a finding may name a fault.
 */

import { readFileSync } from 'node:fs';
import type { IpFamily } from '../../src/lib/ip-address.ts';
import { Random } from '../../src/lib/random.ts';
import {
  answeringAddresses,
  farAnsweringAddress,
  type NetworkPlan,
  planNetwork,
} from '../../src/sim/network-plan.ts';
import { type Place, parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { type Joined, SOURCE, TARGET } from '../../src/sim/topology.ts';
import { type NamespaceLab, openLab } from './namespace-lab.ts';

/** A fault as in a scenario file, or at a link or router that the seed picks. */
export interface ScenarioFault {
  /** `any`: one that flows can get around, so that a measurement can tell it from its neighbours. */
  readonly link?: readonly [near: string, far: string] | 'any';
  /** A router's name, or `any` as for links. */
  readonly router?: string;
  /** 0 to 1. */
  readonly forwardLoss?: number;
  readonly returnLoss?: number;
}

export interface ScenarioOptions {
  readonly family?: IpFamily;
  /** Of the paths, and of places that are `any`. */
  readonly seed?: number;
  /** On top of those of the scenario. */
  readonly faults?: readonly ScenarioFault[];
  readonly target?: Partial<Scenario['target']>;
}

/** A scenario ready to be built or simulated. */
export interface PlannedScenario {
  readonly scenario: Scenario;
  readonly plan: NetworkPlan;
  /** Where `faults` of the options came to be, in their order. */
  readonly places: readonly Place[];
}

/** Addresses of the plan's family under which a finding may name a place. */
export interface PlaceAddresses {
  /** Of the node where a link begins; for a router the same as `far`. */
  readonly near: ReadonlySet<string>;
  /** Of the node that answers what came over the link, or of the router. */
  readonly far: ReadonlySet<string>;
}

const SCENARIOS = new URL('../../scenarios/', import.meta.url);
/** What a network in a test need not say, because the test holds the truth. */
const UNSAID = { shows: 'what the test says', truth: { verdict: 'inconclusive' } };

/**
 * Opens the lab of a scenario; the caller closes it.
 *
 * @param what name of a scenario that ships, or the object that a scenario file would hold
 * @example const { lab } = await labFor('healthy-fabric', { family: 6, seed: 7 });
 */
export async function labFor(
  what: string | object,
  options: ScenarioOptions = {},
): Promise<PlannedScenario & { readonly lab: NamespaceLab }> {
  const planned = planScenario(what, options);
  return { ...planned, lab: await openLab(planned.plan) };
}

/** The same without a lab, for tests that simulate it as well. */
export function planScenario(
  what: string | object,
  options: ScenarioOptions = {},
): PlannedScenario {
  const json = { ...UNSAID, ...(typeof what === 'string' ? shipped(what) : what) };
  const { seed, family } = options;
  const bare = parseScenario(json);
  const random = new Random(seed ?? bare.seed);
  const faults = (options.faults ?? []).map((fault) => placed(fault, bare.links, random));
  const scenario = parseScenario({
    ...json,
    faults: [...listAt(json, 'faults'), ...faults],
    target: { ...bare.target, ...options.target },
  });
  const overrides = {
    ...(seed === undefined ? {} : { seed }),
    ...(family === undefined ? {} : { family }),
  };
  return {
    scenario,
    plan: planNetwork(scenario, overrides),
    places: faults.map(placeOf),
  };
}

/** Under which addresses a trace shows the place, and hence a finding may name it. */
export function addressesOf(plan: NetworkPlan, place: Place): PlaceAddresses {
  if (place.kind === 'router') {
    const own = new Set(answeringAddresses(plan, place.name));
    return { near: own, far: own };
  }
  const near =
    place.near === SOURCE ? [plan.source[plan.family]] : answeringAddresses(plan, place.near);
  return { near: new Set(near), far: new Set([farAnsweringAddress(plan, place)]) };
}

type PlacedFault = Omit<ScenarioFault, 'link'> & { readonly link?: readonly [string, string] };

function placed(fault: ScenarioFault, links: readonly Joined[], random: Random): PlacedFault {
  const { link, ...rest } = fault;
  if (link === 'any') {
    const { near, far } = pick(avoidableLinks(links), 'link', random);
    return { ...rest, link: [near, far] };
  }
  if (fault.router === 'any') {
    return { ...rest, router: pick(avoidableRouters(links), 'router', random) };
  }
  return link === undefined ? rest : { ...rest, link };
}

function placeOf({ link, router }: PlacedFault): Place {
  if (router !== undefined) return { kind: 'router', name: router };
  const [near = '', far = ''] = link ?? [];
  return { kind: 'link', near, far };
}

function pick<T>(places: readonly T[], noun: string, random: Random): T {
  const place = places[random.below(Math.max(1, places.length))];
  if (place !== undefined) return place;
  throw new RangeError(`every path needs every ${noun}: name the one that is to lose packets`);
}

function avoidableLinks(links: readonly Joined[]): Joined[] {
  return links.filter((link) => isConnected(links.filter((each) => each !== link)));
}

function avoidableRouters(links: readonly Joined[]): string[] {
  const routers = new Set(links.map(({ near }) => near));
  routers.delete(SOURCE);
  return [...routers].filter((name) =>
    isConnected(links.filter(({ near, far }) => near !== name && far !== name)),
  );
}

function isConnected(links: readonly Joined[]): boolean {
  const reached = new Set([SOURCE]);
  for (const node of reached) {
    for (const { near, far } of links) if (near === node) reached.add(far);
  }
  return reached.has(TARGET);
}

function shipped(name: string): object {
  return JSON.parse(readFileSync(new URL(`${name}.json`, SCENARIOS), 'utf8')) as object;
}

function listAt(json: object, key: string): readonly unknown[] {
  const value = (json as Record<string, unknown>)[key];
  return Array.isArray(value) ? value : [];
}
