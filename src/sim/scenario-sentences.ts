/** Says in words what is special about the parts of a scenario: faults, routers, links, routes. */

import { nameRuns } from '../lib/name-runs.ts';
import { isConstant } from './scenario.ts';
import type {
  Balancing,
  IcmpLimit,
  Loss,
  Place,
  RateLimit,
  Scenario,
  ScenarioFault,
  ScenarioLink,
  ScenarioRoute,
  ScenarioRouter,
  When,
} from './scenario-model.ts';

/** `the link r1.0 → r2.1`, `the router r2.1`. */
export function placeText(place: Place): string {
  return place.kind === 'link'
    ? `the link ${place.near} → ${place.far}`
    : `the router ${place.name}`;
}

/** What loses packets, one sentence for each place and fault. */
export function faultSentences({ links, routers, faults }: Scenario): string[] {
  const places: readonly (Loss & { readonly place: Place })[] = [
    ...links.map((link) => ({ ...link, place: { kind: 'link', ...link } as const })),
    ...routers.map((router) => ({ ...router, place: { kind: 'router', ...router } as const })),
  ];
  const constant = places.filter(({ forwardLoss, returnLoss }) => forwardLoss + returnLoss > 0);
  const conditional = faults.filter((fault) => !isConstant(fault));
  return [
    ...constant.map((loss) => `${placeText(loss.place)} loses ${lossText(loss)}`),
    ...conditional.map((fault) => {
      const { burst } = fault;
      const bursts = burst === undefined ? '' : `, in bursts of ${burst} packets on average`;
      const what = `${lossText(fault)}${filterText(fault)}`;
      return `${placeText(fault.place)} loses ${what}${bursts}${whenText(fault.when)}`;
    }),
  ];
}

/** Everything else that sets parts of the network apart, one sentence each. */
export function traitSentences(scenario: Scenario): string[] {
  const { balancing, target, hashesFlowLabels } = scenario;
  const limit = target.answerLimit;
  return [
    ...(isUsual(balancing) ? [] : [`every node balances ${balancingText(balancing)}`]),
    ...(hashesFlowLabels ? ['the flow label of IPv6 is part of every flow'] : []),
    ...together('link', linkTraits(scenario), scenario.links.length),
    ...together('router', routerTraits(scenario), scenario.routers.length),
    ...scenario.routes.map(routeSentence),
    ...(limit === undefined ? [] : [`the target answers at most ${rateText(limit)}`]),
    ...scenario.otherTargets.map(
      ({ name, links }) =>
        `another target, ${name}, is behind ${nameRuns(links.map(({ near }) => near))}`,
    ),
  ];
}

function lossText({ forwardLoss, returnLoss }: Loss): string {
  const ways = [
    ...(forwardLoss > 0 ? [`${percent(forwardLoss)} of packets towards the target`] : []),
    ...(returnLoss > 0 ? [`${percent(returnLoss)} of packets towards the source`] : []),
  ];
  return ways.join(' and ');
}

function filterText({ only }: ScenarioFault): string {
  const { hashBucket, sourcePort, bytesMin, dscp } = only;
  const conditions = [
    ...(hashBucket === undefined ? [] : [`of hash bucket ${hashBucket.index} of ${hashBucket.of}`]),
    ...(sourcePort === undefined ? [] : [`of source port ${sourcePort}`]),
    ...(bytesMin === undefined ? [] : [`of ${bytesMin} bytes or more`]),
    ...(dscp === undefined ? [] : [`of DSCP ${dscp}`]),
  ];
  return conditions.length === 0 ? '' : ` (only those ${conditions.join(' and ')})`;
}

function whenText({ fromMs, untilMs, periodMs, duty }: When): string {
  const start = fromMs > 0 ? `, from ${seconds(fromMs)} on` : '';
  const end = Number.isFinite(untilMs) ? `, until ${seconds(untilMs)}` : '';
  const rhythm =
    periodMs === undefined ? '' : `, for ${percent(duty)} of every ${seconds(periodMs)}`;
  return `${start}${end}${rhythm}`;
}

/** What is special about one part of the network. */
interface Trait {
  readonly name: string;
  readonly what: string;
}

/** More names than these are not read, but counted. */
const NAMES_MAX = 12;

/** One sentence for all that have a trait in common; `all` is how many there are of their kind. */
function together(noun: 'link' | 'router', traits: readonly Trait[], all: number): string[] {
  const names = new Map<string, string[]>();
  for (const { name, what } of traits) names.set(what, [...(names.get(what) ?? []), name]);
  return [...names].map(([what, own]) => {
    if (own.length === 1) return `the ${noun} ${own[0]} ${what}`;
    if (own.length === all) return `every ${noun} ${what}`;
    const hidden = own.length - NAMES_MAX;
    const told =
      noun === 'router'
        ? nameRuns(own)
        : own.slice(0, NAMES_MAX).join(', ') + (hidden > 0 ? ` and ${hidden} more` : '');
    return `each of the ${noun}s ${told} ${what}`;
  });
}

function linkTraits({ links }: Scenario): Trait[] {
  const areAlikeWide = links.every(({ mtu }) => mtu === links[0]?.mtu && mtu >= 1500);
  const usual = commonest(links.map(delayText));
  return links.flatMap((link) => {
    const isPlain =
      delayText(link) === usual && link.delayMs < TELLING_DELAY_MS && link.jitterMs === 0;
    const traits = [
      ...(isPlain ? [] : [`takes ${delayText(link)}`]),
      ...(link.direction === 'both' ? [] : [`is for the ${link.direction} direction only`]),
      ...(link.weight === 1 ? [] : [`has weight ${link.weight}`]),
      ...(areAlikeWide || link.mtu === 65_535 ? [] : [`carries ${link.mtu} bytes at most`]),
    ];
    return traits.map((what) => ({ name: `${link.near} → ${link.far}`, what }));
  });
}

function commonest(words: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0];
}

/** What most links take alike is worth a word from here on. */
const TELLING_DELAY_MS = 1;

function delayText({ delayMs, returnDelayMs, jitterMs, returnJitterMs }: ScenarioLink): string {
  const there = `${delayMs} ms${jitterText(jitterMs)}`;
  const back = `${returnDelayMs} ms${jitterText(returnJitterMs)}`;
  return there === back ? `${there} each way` : `${there} there and ${back} back`;
}

function jitterText(jitterMs: number): string {
  return jitterMs === 0 ? '' : ` and up to ${jitterMs} ms more`;
}

function routerTraits({ routers, balancing }: Scenario): Trait[] {
  return routers.flatMap((router) =>
    traitsOf(router, balancing).map((what) => ({ name: router.name, what })),
  );
}

function traitsOf(router: ScenarioRouter, usual: Balancing): string[] {
  const { icmpLimit, icmpLimitPerProber, errorSource, rewrites, nat, balancing } = router;
  const rows: readonly (readonly [isSo: boolean, what: () => string])[] = [
    [router.isSilent, () => 'never answers'],
    [icmpLimit !== undefined, () => `sends at most ${rateText(icmpLimit)} in all`],
    [
      icmpLimitPerProber !== undefined,
      () => `sends at most ${rateText(icmpLimitPerProber)} to one prober`,
    ],
    [router.answerRatio < 1, () => `answers ${percent(router.answerRatio)} of what it should`],
    [errorSource !== undefined, () => `answers from ${sourceText(errorSource)}`],
    [router.quote !== 'whole', () => `quotes ${QUOTES[router.quote]}`],
    [router.mplsLabels.length > 0, () => `shows the MPLS labels ${router.mplsLabels.join(', ')}`],
    [router.isHidden, () => 'is hidden in a tunnel that does not touch the TTL'],
    [rewrites?.ttl !== undefined, () => `sets the TTL to ${rewrites?.ttl}`],
    [rewrites?.tos !== undefined, () => `sets TOS or traffic class to ${rewrites?.tos}`],
    [rewrites?.sequence === true, () => sequenceText(rewrites?.restoresAll)],
    [nat !== undefined, () => natText(nat)],
    [router.isSynProxy, () => 'answers TCP SYNs for the target'],
    [
      JSON.stringify(balancing) !== JSON.stringify(usual),
      () => `balances ${balancingText(balancing)}`,
    ],
  ];
  return rows.filter(([isSo]) => isSo).map(([, what]) => what());
}

function sequenceText(restoresAll: boolean | undefined): string {
  const shifts = 'shifts TCP sequence numbers';
  return restoresAll === false ? `${shifts}, and back only what comes by it` : shifts;
}

const QUOTES = {
  whole: 'as much as fits',
  'eight-bytes': '8 bytes',
  'header-and-eight-bytes': 'the IP header and 8 bytes',
  'padded-128-bytes': '128 bytes, filled up with zeros',
} as const;

function sourceText(source: ScenarioRouter['errorSource']): string {
  if (typeof source === 'object') return `its interface to ${source.interfaceTo}`;
  return source === 'router' ? 'its own address' : 'the interface that a probe came by';
}

function routeSentence({ router, towards, nextHops, when }: ScenarioRoute): string {
  const hops = nextHops.join(', ');
  return `the router ${router} sends packets for the ${towards} to ${hops}${whenText(when)}`;
}

function natText(nat: ScenarioRouter['nat']): string {
  const quotes = nat?.restoresQuotes ? 'restores quotes' : 'does not restore quotes';
  return `translates source addresses, with ports ${nat?.ports}, and ${quotes}`;
}

function isUsual({ kind, buckets, hash }: Balancing): boolean {
  return kind === 'per-flow' && buckets === 0 && hash === 'own';
}

function balancingText({ kind, buckets, hash }: Balancing): string {
  const table = buckets > 0 ? ` through ${buckets} hash buckets` : '';
  const seed = hash === 'polarised' ? ', with the hash of all the others' : '';
  return `${kind}${table}${seed}`;
}

function rateText(limit: RateLimit | IcmpLimit | undefined): string {
  if (limit === undefined) return '';
  const others = 'othersPerSecond' in limit && (limit.othersPerSecond ?? 0) > 0;
  const shared = others ? `, shared with ${limit.othersPerSecond} a second to others` : '';
  return `${limit.perSecond} a second after a burst of ${limit.burst}${shared}`;
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(6))}%`;
}

function seconds(ms: number): string {
  return `${Number((ms / 1000).toPrecision(6))} s`;
}
