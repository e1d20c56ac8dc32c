/**
 * Reads scenarios from JSON: fills in every default, and checks what depends on the network itself.
 * The keys are in `scenario-language.ts`, links are laid out by `scenario-links.ts`, addresses come
 * from `network-plan.ts`; `scenarios/` holds those that ship with the product.
 */

import type { JsonSchema } from '../lib/json-schema.ts';
import { ScenarioError } from './json-fields.ts';
import { otherTargetsOf } from './other-targets.ts';
import { NetworkNames } from './places.ts';
import { readWritten } from './scenario-language.ts';
import { linkOf, linksOf } from './scenario-links.ts';
import type {
  Loss,
  Scenario,
  ScenarioFault,
  ScenarioLink,
  ScenarioRoute,
  ScenarioRouter,
  Truth,
  When,
} from './scenario-model.ts';
import { type DirectedLink, isOnEveryPath, routersOf } from './topology.ts';
import type {
  WrittenFault,
  WrittenRouter,
  WrittenScenario,
  WrittenWhen,
} from './written-scenario.ts';

export type { Place, Scenario } from './scenario-model.ts';

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
  const written = readWritten(json, '');
  const links = linksOf(written);
  const names = new NetworkNames(links);
  const faults = written.faults.map((each, i) => faultOf(each, names, `faults[${i}]`));
  const constant = lossByPlace(faults.filter(isConstant));
  return {
    shows: written.shows,
    seed: written.seed,
    family: written.family,
    errorSource: written.errorSource,
    hashesFlowLabels: written.hashesFlowLabels,
    balancing: written.balancing,
    links: links.map((link) => withLoss(link, constant.get(`${link.near} ${link.far}`))),
    routers: routersFrom(written, links, names).map((each) =>
      withLoss(each, constant.get(each.name)),
    ),
    faults,
    routes: written.routes.map((_, i) => routeOf(written, names, i)),
    target: written.target,
    otherTargets: otherTargetsOf(written.otherTargets, names, (ends) =>
      linkOf(ends, undefined, { delayMs: written.linkDelayMs, jitterMs: written.linkJitterMs }),
    ),
    truth: truthOf(written, names),
  };
}

/** The JSON Schema (draft 2020-12) of scenario files; what names exist it cannot say. */
export function scenarioSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'A fantrace scenario: a network, what is wrong with it, and what ought to be found',
    ...readWritten.schema,
  };
}

/** Whether a fault is no more than a chance of loss: for every packet, at any time, on its own. */
export function isConstant({ burst, only, when }: ScenarioFault): boolean {
  const isAlways = when.fromMs === 0 && when.untilMs === Number.POSITIVE_INFINITY;
  const isForAll = Object.values(only).every((value) => value === undefined);
  return burst === undefined && isForAll && isAlways && when.periodMs === undefined;
}

function routersFrom(
  { routers: traits, balancing, links: listed, linkTraits }: WrittenScenario,
  links: readonly ScenarioLink[],
  names: NetworkNames,
): ScenarioRouter[] {
  if (listed !== undefined && linkTraits.length > 0) {
    throw new ScenarioError(
      'linkTraits',
      'belongs to a fabric: links have their traits themselves',
    );
  }
  names.requireRouters(traits, 'routers');
  for (const [name, { errorSource, nat }] of traits) {
    const path = `routers[${JSON.stringify(name)}]`;
    if (typeof errorSource === 'object') {
      const { interfaceTo } = errorSource;
      requireNeighbour(names, { node: name, other: interfaceTo, path: `${path}.errorSource` });
    }
    if (nat !== undefined && !isOnEveryPath(links, name)) {
      throw new ScenarioError(`${path}.nat`, 'some paths do not pass it; all of them have to');
    }
  }
  return routersOf(links).map((name) => routerOf(name, traits.get(name), balancing));
}

function routerOf(
  name: string,
  traits: WrittenRouter | undefined,
  usual: Scenario['balancing'],
): ScenarioRouter {
  const { balancing = usual, ...rest } = traits ?? { ...PLAIN_ROUTER, balancing: usual };
  return { name, ...rest, balancing };
}

const PLAIN_ROUTER: Omit<ScenarioRouter, 'name' | 'balancing'> = {
  isSilent: false,
  icmpLimit: undefined,
  icmpLimitPerProber: undefined,
  answerRatio: 1,
  errorSource: undefined,
  quote: 'whole',
  mplsLabels: [],
  isHidden: false,
  rewrites: undefined,
  nat: undefined,
  isSynProxy: false,
  forwardLoss: 0,
  returnLoss: 0,
};

function faultOf(written: WrittenFault, names: NetworkNames, path: string): ScenarioFault {
  const place = names.requirePlace(written, path);
  const { forwardLoss, returnLoss, burst, only } = written;
  if (forwardLoss + returnLoss === 0) {
    throw new ScenarioError(path, 'loses nothing: give forwardLoss or returnLoss');
  }
  for (const [key, lossRatio] of Object.entries({ forwardLoss, returnLoss })) {
    // A good state lasts one packet at least, so bursts of b losses cannot make more than b/(b+1).
    if (burst === undefined || lossRatio === 1 || lossRatio <= burst / (burst + 1)) continue;
    const most = (burst / (burst + 1)).toFixed(3);
    throw new ScenarioError(`${path}.${key}`, `bursts of ${burst} lose ${most} of packets at most`);
  }
  if (only.hashBucket !== undefined && only.hashBucket.index >= only.hashBucket.of) {
    const complaint = `must be below ${only.hashBucket.of}, the number of buckets`;
    throw new ScenarioError(`${path}.only.hashBucket.index`, complaint);
  }
  return { place, forwardLoss, returnLoss, burst, only, when: whenOf(written, path) };
}

function routeOf({ routes }: WrittenScenario, names: NetworkNames, i: number): ScenarioRoute {
  const path = `routes[${i}]`;
  const written = routes[i] as (typeof routes)[number];
  const { towards, nextHops } = written;
  const router = names.requireRouter(written.router, `${path}.router`);
  const isForward = towards === 'target';
  for (const [k, other] of nextHops.entries()) {
    const where = { node: router, other, path: `${path}.nextHops[${k}]` };
    const { link, isFar } = requireNeighbour(names, where);
    const { direction = 'both' } = link;
    const isUsable = direction !== (isForward ? 'return' : 'forward');
    // A link the other way round is taken by packets that turn back, if it lets them.
    if (isFar === isForward ? isUsable : direction === 'both') continue;
    throw new ScenarioError(where.path, `the link to ${other} is for the other direction only`);
  }
  return { router, towards, nextHops, when: whenOf(written, path) };
}

function requireNeighbour(
  names: NetworkNames,
  { node, other, path }: { node: string; other: string; path: string },
): { link: DirectedLink; isFar: boolean } {
  const ahead = names.linkBetween(node, other);
  if (ahead !== undefined) return { link: ahead, isFar: true };
  const behind = names.linkBetween(other, node);
  if (behind !== undefined) return { link: behind, isFar: false };
  throw new ScenarioError(path, `no link joins ${node} and ${JSON.stringify(other)}`);
}

/** What comes and goes does so for this share of every period, unless told. */
const ORDINARY_DUTY = 0.5;

function whenOf({ fromMs, untilMs, periodMs, duty }: WrittenWhen, path: string): When {
  if (periodMs === undefined && duty !== undefined) {
    throw new ScenarioError(`${path}.duty`, 'needs a periodMs, of which it is a share');
  }
  if (untilMs > fromMs) return { fromMs, untilMs, periodMs, duty: duty ?? ORDINARY_DUTY };
  throw new ScenarioError(`${path}.untilMs`, `must be later than fromMs, which is ${fromMs}`);
}

function truthOf({ truth: written }: WrittenScenario, names: NetworkNames): Truth {
  const { verdict, suspect, suspects: several } = written;
  const one = suspect && names.requirePlace(suspect, 'truth.suspect');
  const suspects =
    several?.map((each, i) => names.requirePlace(each, `truth.suspects[${i}]`)) ??
    (one === undefined ? [] : [one]);
  if (verdict === 'loss-located' && suspects.length === 0) {
    throw new ScenarioError('truth.suspect', 'is missing: located loss has a place');
  }
  if (verdict === 'no-loss' && suspects.length > 0) {
    throw new ScenarioError('truth.suspect', 'must be absent where nothing is lost');
  }
  return { verdict, suspects, suspect: suspects[0] };
}

/** All losses of the same place, by "near far" or router name. */
function lossByPlace(faults: readonly ScenarioFault[]): ReadonlyMap<string, readonly Loss[]> {
  const losses = new Map<string, Loss[]>();
  for (const fault of faults) {
    const { place } = fault;
    const key = place.kind === 'link' ? `${place.near} ${place.far}` : place.name;
    const here = losses.get(key);
    if (here === undefined) losses.set(key, [fault]);
    else here.push(fault);
  }
  return losses;
}

function withLoss<T extends Loss>(own: T, faults: readonly Loss[] = []): T {
  if (faults.length === 0) return own;
  const losses = [own, ...faults];
  return {
    ...own,
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
