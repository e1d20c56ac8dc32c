/**
 * Losses that hit one class of traffic and spare another: large packets, or one TOS value. Every
 * class is measured on the same paths, so that a place which loses packets of one class only shows
 * by what the others do there. `docs/decisions/0008-traffic-classes.md` has the argument.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import {
  type Localisation,
  type LocalisationOptions,
  type LocatedLoss,
  localise,
} from '../localisation/localise.ts';
import type { PathGraph } from '../localisation/path-graph.ts';
import { EMPTY } from './counted-path.ts';

/** Which flows are of which class, and to which target. */
export interface ClassLayout {
  readonly flows: number;
  /** How many classes; there are as many flows of each, in the same order, class after class. */
  readonly classes: number;
  /** How many targets, 1 unless told; within a class likewise. */
  readonly targets?: number;
}

/** Rows of counts, and the flow that each of them is of. */
export interface CountedFlows {
  readonly counts: PathCounts;
  readonly flowOf: readonly number[];
}

/** What the counts show, and whom it hits. */
export interface ClassFinding {
  readonly localisation: Localisation;
  /** The classes that lose packets where others lose none; undefined where all are alike. */
  readonly only: readonly number[] | undefined;
  /** Whether it is sure that the others are spared, or that they are not. */
  readonly isDecided: boolean;
}

/** Probability of a loss where there is none worth the name. */
const BASE_LOSS = 5e-4;

/** Localises all classes together and, where only some lose packets, those by themselves. */
export function localiseClasses(
  flows: CountedFlows,
  layout: ClassLayout,
  options: LocalisationOptions,
): ClassFinding {
  const pooled = localise(flows.counts, options);
  if (layout.classes === 1) return { localisation: pooled, only: undefined, isDecided: true };
  const alike: ClassFinding = { localisation: pooled, only: undefined, isDecided: true };
  const isSeen = pooled.losses.some(({ detection }) => detection >= options.confidence);
  const seen = isSeen ? pooled : lossyClasses(flows, layout, options);
  if (seen === undefined) return alike;
  const attributed = seen.losses.map((loss) => attribution(loss, seen, flows, layout));
  const [first] = attributed;
  if (first === undefined) return alike;
  // As much likelier, in nats, must one story be than the other: 20 to 1 for 95 %.
  const decidedNats = -Math.log(1 - options.confidence);
  const isDecided = attributed.every(({ nats }) => Math.abs(nats) >= decidedNats);
  const isSame = attributed.every(({ classes }) => classes.join() === first.classes.join());
  const isOnly = isSame && attributed.every(({ nats }) => nats >= decidedNats);
  if (!isOnly) return { ...alike, isDecided };
  const hit = new Set(first.classes);
  return {
    localisation: localise(ofClasses(flows, layout, hit), options),
    only: first.classes,
    isDecided,
  };
}

/** The classes that show a loss by themselves, localised together; undefined where none does. */
function lossyClasses(
  flows: CountedFlows,
  layout: ClassLayout,
  options: LocalisationOptions,
): Localisation | undefined {
  const lossy = Array.from({ length: layout.classes }, (_, i) => i).filter((each) => {
    const { losses } = localise(ofClasses(flows, layout, new Set([each])), options);
    return losses.some(({ detection }) => detection >= options.confidence);
  });
  if (lossy.length === 0) return undefined;
  return localise(ofClasses(flows, layout, new Set(lossy)), options);
}

/** The counts of some classes; rows keep their numbers. */
function ofClasses(
  { counts, flowOf }: CountedFlows,
  layout: ClassLayout,
  classes: ReadonlySet<number>,
): PathCounts {
  return {
    ...counts,
    flows: counts.flows.map((flow, row) =>
      classes.has(classOf(flowOf[row] ?? row, layout)) ? flow : EMPTY,
    ),
  };
}

/** The class of a flow. */
export function classOf(flow: number, { flows, classes }: ClassLayout): number {
  return Math.floor(flow / (flows / classes));
}

/** The target of a flow, by its place among the targets. */
export function targetOf(flow: number, { flows, classes, targets = 1 }: ClassLayout): number {
  const ofClass = flows / classes;
  return Math.floor((flow % ofClass) / (ofClass / targets));
}

interface Attribution {
  /** Those that lose packets most, ascending. */
  readonly classes: readonly number[];
  /** How much likelier it is that they alone lose packets than that all lose as many. */
  readonly nats: number;
}

/**
 * Compares two stories of one loss: every class loses packets there at one ratio, or some do and
 * the others lose as good as none. Which some is chosen by the counts, and paid for.
 */
function attribution(
  loss: LocatedLoss,
  { graph, limited }: Localisation,
  flows: CountedFlows,
  layout: ClassLayout,
): Attribution {
  const sparing = new Set(limited.map(({ vertex }) => addressOf(graph, vertex)));
  const tallies = talliesByClass(placeOnPath(loss, graph, flows, layout), flows, {
    layout,
    sparing,
  });
  const measured = [...tallies.keys()].filter((each) => (tallies[each]?.sent ?? 0) > 0);
  const ratio = (each: number): number => lossRatioOf([tallies[each] ?? NOTHING]);
  const ranked = measured.sort((a, b) => ratio(b) - ratio(a));
  const of = (chosen: readonly number[]): Tally[] => chosen.map((each) => tallies[each] ?? NOTHING);
  const together = likelihood(of(ranked), lossRatioOf(of(ranked)));
  let best: Attribution = { classes: [], nats: Number.NEGATIVE_INFINITY };
  for (let count = 1; count < ranked.length; count++) {
    const [hit, spared] = [of(ranked.slice(0, count)), of(ranked.slice(count))];
    const apart = likelihood(hit, lossRatioOf(hit)) + likelihood(spared, BASE_LOSS);
    const nats = apart - together - Math.log(ranked.length - 1);
    const classes = ranked.slice(0, count).sort((a, b) => a - b);
    if (nats > best.nats) best = { classes, nats };
  }
  return best;
}

interface Tally {
  sent: number;
  received: number;
}

const NOTHING: Tally = { sent: 0, received: 0 };

function lossRatioOf(tallies: readonly Tally[]): number {
  const sent = tallies.reduce((sum, tally) => sum + tally.sent, 0);
  const received = tallies.reduce((sum, tally) => sum + tally.received, 0);
  return sent === 0 ? 0 : 1 - received / sent;
}

/** Logarithm, of so many answers at this loss ratio. */
function likelihood(tallies: readonly Tally[], lossRatio: number): number {
  const ratio = Math.min(1 - BASE_LOSS, Math.max(BASE_LOSS, lossRatio));
  return tallies.reduce(
    (sum, { sent, received }) =>
      sum + (sent - received) * Math.log(ratio) + received * Math.log(1 - ratio),
    0,
  );
}

/** The hop from which on a loss shows in a row of the counts; undefined where it does not. */
type PlaceOnPath = (row: number) => number | undefined;

/** By addresses where a loss has them, else by what flows of other classes go the same way. */
function placeOnPath(
  { explanations: [first], flowsAcross }: LocatedLoss,
  graph: PathGraph,
  { counts, flowOf }: CountedFlows,
  { flows, classes }: ClassLayout,
): PlaceOnPath {
  const wayOf = (row: number): number => (flowOf[row] ?? row) % (flows / classes);
  const ways = new Set(flowsAcross.map(wayOf));
  const pathOf = (row: number): readonly number[] => counts.flows[row]?.responders ?? [];
  if (first?.kind === 'target') {
    const target = first.vertex === undefined ? undefined : addressOf(graph, first.vertex);
    return (row) => {
      const isThere = target === undefined || pathOf(row).at(-1) === target;
      return isThere && counts.flows[row]?.isReached ? pathOf(row).length - 1 : undefined;
    };
  }
  if (first?.kind === 'node' && first.interfaces.length > 0) {
    const addresses = new Set(first.interfaces.map((vertex) => addressOf(graph, vertex)));
    return (row) => {
      const hop = pathOf(row).findIndex((responder) => addresses.has(responder));
      return hop < 0 ? undefined : Math.min(hop + 1, pathOf(row).length - 1);
    };
  }
  if (first?.kind === 'before') {
    const start = first.far === undefined ? undefined : addressOf(graph, first.far);
    return (row) => (start === undefined || pathOf(row)[0] === start ? 0 : undefined);
  }
  const far = first?.kind === 'link' ? addressOf(graph, first.far) : STAR;
  const nears = first?.kind === 'link' ? first.nears : [];
  const nearAddresses = new Set(nears.map((vertex) => addressOf(graph, vertex)));
  if (far !== STAR) {
    return (row) => {
      const hop = pathOf(row).indexOf(far);
      const near = pathOf(row)[hop - 1] ?? STAR;
      return hop >= 0 && (near === STAR || nearAddresses.has(near)) ? hop : undefined;
    };
  }
  const ttl = first?.kind === 'link' ? ttlOf(graph, first.far) : (first as { ttl?: number })?.ttl;
  const hop = Math.max(0, (ttl ?? counts.minTtl) - counts.minTtl);
  return (row) => (ways.has(wayOf(row)) ? hop : undefined);
}

function talliesByClass(
  place: PlaceOnPath,
  { counts, flowOf }: CountedFlows,
  { layout, sparing }: { readonly layout: ClassLayout; readonly sparing: ReadonlySet<number> },
): Tally[] {
  const tallies = Array.from({ length: layout.classes }, () => ({ ...NOTHING }));
  for (const [row, flow] of counts.flows.entries()) {
    const from = place(row);
    const tally = tallies[classOf(flowOf[row] ?? row, layout)];
    if (from === undefined || tally === undefined) continue;
    for (const hop of tellingHops(flow, sparing)) {
      if (hop < from) continue;
      tally.sent += flow.sent[hop] ?? 0;
      tally.received += flow.received[hop] ?? 0;
    }
  }
  return tallies;
}

/** Hops that answer what comes to them, and those behind the last one that does. */
function tellingHops(
  { responders, sent, isReached }: FlowCounts,
  sparing: ReadonlySet<number>,
): number[] {
  const lastKnown = responders.findLastIndex((responder) => responder !== STAR);
  return [...sent.keys()].filter((hop) => {
    const responder = responders[hop] ?? STAR;
    return responder === STAR ? !isReached && hop > lastKnown : !sparing.has(responder);
  });
}

/** `STAR` for what has no address. */
function addressOf({ vertices }: PathGraph, vertex: number): number {
  const described = vertices[vertex];
  const isKnown = described?.kind === 'interface' || described?.kind === 'target';
  return isKnown ? described.address : STAR;
}

function ttlOf({ vertices }: PathGraph, vertex: number): number | undefined {
  const described = vertices[vertex];
  return described === undefined || described.kind === 'source' ? undefined : described.ttl;
}
