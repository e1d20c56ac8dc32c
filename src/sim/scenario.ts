/**
 * The language of scenarios: a network, what is wrong with it, and what a measurement ought to
 * find. Reads it from JSON, fills in every default, and lays out the layers of a `fabric`;
 * `network-plan.ts` gives it addresses. `scenarios/` holds those that ship with the product.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import {
  Fields,
  flag,
  integerFrom,
  listOf,
  mapOf,
  numberFrom,
  oneOf,
  type Reader,
  ratio,
  ScenarioError,
  text,
} from './json-fields.ts';
import type { ErrorSource, IcmpLimit, TargetAnswer } from './network-plan.ts';
import { nameAmong, type Place, placeAmong } from './places.ts';
import { fabricLinks, flawOf, type Joined, routersOf } from './topology.ts';

export type { Place } from './places.ts';

/** Chances, from 0 to 1, that a packet is lost on its way to the target, and to the source. */
export interface Loss {
  readonly forwardLoss: number;
  readonly returnLoss: number;
}

/** One link of a scenario. */
export interface ScenarioLink extends Joined, Loss {
  /** One way, from 0 to 10 000 ms. */
  readonly delayMs: number;
}

/** One router of a scenario; its loss hits packets on transit, never its own answers. */
export interface ScenarioRouter extends Loss {
  readonly name: string;
  /** Never sends ICMP errors. */
  readonly isSilent: boolean;
  readonly icmpLimit: IcmpLimit | undefined;
}

/** What a measurement may conclude. */
export type TrueVerdict = (typeof VERDICTS)[number];

/** What a measurement of the scenario ought to find. */
export interface Truth {
  readonly verdict: TrueVerdict;
  /** What is at fault. A finding that has it among candidates it cannot tell apart is right. */
  readonly suspect: Place | undefined;
}

/** A scenario with every default filled in. Every router and every link is listed once. */
export interface Scenario {
  /** The claim that it makes, in one sentence. */
  readonly shows: string;
  readonly seed: number;
  readonly family: IpFamily;
  /** Undefined: that of Linux, which differs between the families (see `planNetwork`). */
  readonly errorSource: ErrorSource | undefined;
  readonly links: readonly ScenarioLink[];
  readonly routers: readonly ScenarioRouter[];
  readonly target: { readonly port: number; readonly answer: TargetAnswer };
  readonly truth: Truth;
}

/** A network of more links than this has no addresses left (see `planNetwork`). */
export const LINKS_MAX = 4096;

/** Enough for a reply to come later than its probe. */
const LINK_DELAY_MS = 0.1;
const PORT = 22;
const VERDICTS = [
  'no-loss',
  'loss-located',
  'loss-suspected',
  'return-loss',
  'target-loss',
  'target-unreachable',
  'inconclusive',
] as const;
const NO_LOSS: Loss = { forwardLoss: 0, returnLoss: 0 };

/**
 * Reads a scenario.
 *
 * Losses add up: those of `links` and `routers` and every fault at the same place strike
 * independently of each other.
 *
 * @param json what `JSON.parse` made of the file
 * @throws {ScenarioError} naming the path of the first thing that is wrong
 */
export function parseScenario(json: unknown): Scenario {
  const fields = new Fields(json, '');
  const shows = fields.required('shows', text);
  const seed = fields.optional('seed', integerFrom(0, Number.MAX_SAFE_INTEGER), 1);
  const family = fields.optional('family', oneOf(4, 6), 4);
  const errorSource = fields.optional('errorSource', oneOf('ingress', 'router'), undefined);
  const links = readLinks(fields);
  const routers = readRouters(fields, routersOf(links));
  const place = placeAmong(links);
  const faults = fields.optional('faults', listOf(faultAmong(place)), []);
  const target = fields.optional('target', readTarget, { port: PORT, answer: 'refuse' as const });
  const truth = fields.required('truth', truthAmong(place));
  fields.close();
  return {
    shows,
    seed,
    family,
    errorSource,
    links: links.map((link) => ({ ...link, ...lossAt(link, faults, isFaultOfLink(link)) })),
    routers: routers.map((each) => ({ ...each, ...lossAt(each, faults, isFaultOfRouter(each)) })),
    target,
    truth,
  };
}

interface Fault extends Loss {
  readonly place: Place;
}

function readLinks(fields: Fields): ScenarioLink[] {
  const delayMs = fields.optional('linkDelayMs', readDelayMs, LINK_DELAY_MS);
  const fabric = fields.optional('fabric', readFabric, undefined);
  const listed = fields.optional('links', listOf(linkWith(delayMs)), undefined);
  if ((fabric === undefined) === (listed === undefined)) {
    throw new ScenarioError(fields.path, 'needs either a fabric or links, and not both');
  }
  const links = listed ?? fabric?.map((each) => ({ ...each, delayMs, ...NO_LOSS })) ?? [];
  const path = listed === undefined ? 'fabric' : 'links';
  if (links.length > LINKS_MAX) {
    throw new ScenarioError(path, `makes ${links.length} links; ${LINKS_MAX} are possible`);
  }
  const flaw = flawOf(links);
  if (flaw === undefined) return [...links];
  throw new ScenarioError(flaw.index < 0 ? path : `${path}[${flaw.index}]`, flaw.complaint);
}

function readFabric(value: unknown, path: string): Joined[] {
  const fields = new Fields(value, path);
  const widths = fields.required('widths', listOf(integerFrom(1, 256)));
  const names = widths.flatMap((width, i) =>
    Array.from({ length: width }, (_, k) => `r${i + 1}.${k}`),
  );
  const detours = fields.optional('detours', listOf(nameAmong('router', names)), []);
  fields.close();
  return fabricLinks({ widths, detours });
}

function linkWith(linkDelayMs: number): Reader<ScenarioLink> {
  return (value, path) => {
    const fields = new Fields(value, path);
    const near = fields.required('near', readNodeName);
    const far = fields.required('far', readNodeName);
    const delayMs = fields.optional('delayMs', readDelayMs, linkDelayMs);
    const loss = readLoss(fields);
    fields.close();
    return { near, far, delayMs, ...loss };
  };
}

function readRouters(fields: Fields, names: readonly string[]): ScenarioRouter[] {
  const traits = fields.optional('routers', mapOf(readRouterTraits), new Map());
  for (const name of traits.keys()) {
    nameAmong('router', names)(name, `${fields.pathOf('routers')}[${JSON.stringify(name)}]`);
  }
  const plain = { isSilent: false, icmpLimit: undefined, ...NO_LOSS };
  return names.map((name) => ({ name, ...(traits.get(name) ?? plain) }));
}

function readRouterTraits(value: unknown, path: string): Omit<ScenarioRouter, 'name'> {
  const fields = new Fields(value, path);
  const isSilent = fields.optional('silent', flag, false);
  const icmpLimit = fields.optional('icmpLimit', readIcmpLimit, undefined);
  const loss = readLoss(fields);
  fields.close();
  return { isSilent, icmpLimit, ...loss };
}

function readIcmpLimit(value: unknown, path: string): IcmpLimit {
  const fields = new Fields(value, path);
  const perSecond = fields.required('perSecond', numberFrom(0.001, 1e6));
  const burst = fields.required('burst', integerFrom(1, 1e6));
  fields.close();
  return { perSecond, burst };
}

function readLoss(fields: Fields): Loss {
  const forwardLoss = fields.optional('forwardLoss', ratio, 0);
  return { forwardLoss, returnLoss: fields.optional('returnLoss', ratio, 0) };
}

function readTarget(value: unknown, path: string): Scenario['target'] {
  const fields = new Fields(value, path);
  const port = fields.optional('port', integerFrom(1, 65535), PORT);
  const answer = fields.optional('answer', oneOf('refuse', 'accept', 'drop'), 'refuse' as const);
  fields.close();
  return { port, answer };
}

function faultAmong(place: (fields: Fields) => Place): Reader<Fault> {
  return (value, path) => {
    const fields = new Fields(value, path);
    const fault = { place: place(fields), ...readLoss(fields) };
    fields.close();
    if (fault.forwardLoss + fault.returnLoss > 0) return fault;
    throw new ScenarioError(path, 'loses nothing: give forwardLoss or returnLoss');
  };
}

function truthAmong(place: (fields: Fields) => Place): Reader<Truth> {
  return (value, path) => {
    const fields = new Fields(value, path);
    const verdict = fields.required('verdict', oneOf(...VERDICTS));
    const suspect = fields.optional('suspect', (at, where) => closed(place, at, where), undefined);
    fields.close();
    if (verdict === 'loss-located' && suspect === undefined) {
      throw new ScenarioError(fields.pathOf('suspect'), 'is missing: located loss has a place');
    }
    if (verdict === 'no-loss' && suspect !== undefined) {
      throw new ScenarioError(fields.pathOf('suspect'), 'must be absent where nothing is lost');
    }
    return { verdict, suspect };
  };
}

function closed<T>(read: (fields: Fields) => T, value: unknown, path: string): T {
  const fields = new Fields(value, path);
  const result = read(fields);
  fields.close();
  return result;
}

/** Names are short and plain so that a kernel can have interfaces called after them. */
function readNodeName(value: unknown, path: string): string {
  const name = text(value, path);
  if (/^[a-z][a-z0-9.-]{0,11}$/.test(name)) return name;
  throw new ScenarioError(
    path,
    `"${name}" must be 1 to 12 of a-z, 0-9, dot, hyphen, from a letter on`,
  );
}

const readDelayMs = numberFrom(0, 10_000);

function isFaultOfLink({ near, far }: Joined): (fault: Fault) => boolean {
  return ({ place }) => place.kind === 'link' && place.near === near && place.far === far;
}

function isFaultOfRouter({ name }: ScenarioRouter): (fault: Fault) => boolean {
  return ({ place }) => place.kind === 'router' && place.name === name;
}

function lossAt(own: Loss, faults: readonly Fault[], isHere: (fault: Fault) => boolean): Loss {
  const losses = [own, ...faults.filter(isHere)];
  return {
    forwardLoss: eitherOf(losses.map(({ forwardLoss }) => forwardLoss)),
    returnLoss: eitherOf(losses.map(({ returnLoss }) => returnLoss)),
  };
}

/** The chance that at least one of some independent losses strikes. */
function eitherOf(losses: readonly number[]): number {
  const striking = losses.filter((loss) => loss > 0);
  if (striking.length < 2) return striking[0] ?? 0; // exact, where the product would round
  return 1 - striking.reduce((survival, loss) => survival * (1 - loss), 1);
}
