/**
 * What two measurements of the paths to one target say of changes between them. The same set of
 * paths is no change, whichever flows take which; and what one side missed by chance is none
 * either: every difference is held against the probability of seeing it though nothing changed, and
 * all of them together against one budget for false alarms.
 */

import { shareMissProbability } from '../multipath/stopping-point.ts';
import { fisherExact, hochberg, holm, rankTest } from './exact-tests.ts';
import { type PathSet, type SetLink, type SetPlace, SOURCE_KEY, touchesClump } from './path-set.ts';

/** `a` is the earlier measurement, as far as the caller cares. */
export type Side = 'a' | 'b';

/** A link that one side alone has shown. */
export interface LoneLink {
  readonly link: SetLink;
  /** The side that has it. */
  readonly side: Side;
  /** Flows that the other side sent past its near end. */
  readonly flowsOpposite: number;
  /** The probability that these would all have missed it, were it there. */
  readonly missProbability: number;
  /** Whether it is there because, or gone because, its near end is. */
  readonly isImplied: boolean;
  readonly isSignificant: boolean;
}

/** A link of both that takes another share of flows. */
export interface ReweightedLink {
  readonly link: SetLink;
  /** Of the branches that both sides have. */
  readonly shares: readonly [number, number];
  readonly probability: number;
}

/** A place that answers slower or faster, while the one before it does not. */
export interface ShiftedPlace {
  readonly place: SetPlace;
  /** The place before it; undefined for the source. */
  readonly near: SetPlace | undefined;
  /** Medians. */
  readonly roundTripsMs: readonly [number, number];
  readonly probability: number;
}

export interface PathDiff {
  /** Links that only `a` has are removed, those that only `b` has added. */
  readonly lone: readonly LoneLink[];
  readonly reweighted: readonly ReweightedLink[];
  readonly shifted: readonly ShiftedPlace[];
  readonly verdict: 'same' | 'different' | 'unsure';
}

export interface DiffSettings {
  /** The probability of naming any difference where there is none; within (0, 1). */
  readonly falseAlarms: number;
  /** Milliseconds by which a median must differ to be told. */
  readonly slowerByMs: number;
}

/** Of the budget: links that come and go have most of it, as they are what matters most. */
const BUDGET = { links: 0.6, shares: 0.2, roundTrips: 0.2 } as const;
/** A median must also differ by this share of the lower one. */
const SLOWER_BY_RATIO = 0.1;
/** A place is not slower on its own where the one before it is slower by this much of it. */
const EXPLAINED_RATIO = 0.5;

/** Compares two sets. */
export function diffPathSets(
  sets: Readonly<Record<Side, PathSet>>,
  settings: DiffSettings,
): PathDiff {
  const { falseAlarms } = settings;
  const lone = loneLinks(sets, falseAlarms * BUDGET.links);
  const reweighted = reweightedLinks(sets, falseAlarms * BUDGET.shares);
  const shifted = shiftedPlaces(sets, settings);
  const isDifferent =
    lone.some(({ isSignificant }) => isSignificant) || reweighted.length > 0 || shifted.length > 0;
  const isSure = lone.length === 0 && sets.a.isComplete && sets.b.isComplete && isFilled(sets.a);
  return {
    lone,
    reweighted,
    shifted,
    verdict: isDifferent ? 'different' : isSure ? 'same' : 'unsure',
  };
}

function isFilled({ links }: PathSet): boolean {
  return links.size > 0;
}

function loneLinks({ a, b }: Readonly<Record<Side, PathSet>>, budget: number): LoneLink[] {
  const found = [...loneOf('a', a, b), ...loneOf('b', b, a)];
  const asked = found.filter(({ isImplied }) => !isImplied);
  // Links that both sides have were asked for, too: they could have been missed as well.
  const tests =
    new Set([...a.links.keys(), ...b.links.keys()]).size - (found.length - asked.length);
  const verdicts = holm(
    asked.map(({ missProbability }) => missProbability),
    { budget, tests },
  );
  const sure = new Set(asked.filter((_, i) => verdicts[i] === true));
  return withImplied(found, sure);
}

function loneOf(side: Side, own: PathSet, other: PathSet): LoneLink[] {
  return [...own.links.values()].flatMap((link) => {
    if (other.links.has(link.key) || isOnlyVague(link, own, other)) return [];
    // Scamper does not list the way to the first routers.
    if (link.near === SOURCE_KEY && !other.observed.has(SOURCE_KEY) && isFilled(other)) return [];
    const flowsOpposite = other.observed.get(link.near) ?? 0;
    const isImplied = link.near !== SOURCE_KEY && !other.places.has(link.near);
    const missProbability = shareMissProbability(cautiousShare(link, own), flowsOpposite);
    return [{ link, side, flowsOpposite, missProbability, isImplied, isSignificant: false }];
  });
}

/** Whether a link says no more than that one side did not tell its interfaces apart. */
function isOnlyVague(link: SetLink, own: PathSet, other: PathSet): boolean {
  if (!own.hasVagueClumps || !touchesClump(link)) return false;
  return link.far === null || link.far.startsWith('{') || other.places.has(link.far);
}

/**
 * The share that a branch has at least, in all fairness: what its flows say of it, as if one more
 * flow had gone elsewhere; but no more than an equal share.
 */
function cautiousShare({ near, flows, isSprayed }: SetLink, { links, observed }: PathSet): number {
  let branches = 0;
  for (const other of links.values())
    if (other.near === near && other.isSprayed === isSprayed) branches++;
  if (isSprayed) return 1 / branches;
  return Math.min(1 / branches, flows / ((observed.get(near) ?? flows) + 1));
}

/** A link whose near end is gone is gone where every way to that end surely is. */
function withImplied(found: readonly LoneLink[], sure: ReadonlySet<LoneLink>): LoneLink[] {
  const settled = new Map<LoneLink, boolean>();
  const isSettled = (lone: LoneLink, depth: number): boolean => {
    if (!lone.isImplied) return sure.has(lone);
    const known = settled.get(lone);
    if (known !== undefined) return known;
    if (depth > found.length) return false; // ways that lead in a circle
    const ways = found.filter(
      ({ side, link }) => side === lone.side && link.far === lone.link.near,
    );
    const isSure = ways.length > 0 && ways.every((way) => isSettled(way, depth + 1));
    settled.set(lone, isSure);
    return isSure;
  };
  return found.map((lone) => ({ ...lone, isSignificant: isSettled(lone, 0) }));
}

function reweightedLinks(
  { a, b }: Readonly<Record<Side, PathSet>>,
  budget: number,
): ReweightedLink[] {
  const byNear = new Map<string, [SetLink, SetLink][]>();
  for (const link of a.links.values()) {
    const other = b.links.get(link.key);
    if (other === undefined || link.isSprayed || other.isSprayed) continue;
    byNear.set(link.near, [...(byNear.get(link.near) ?? []), [link, other]]);
  }
  const asked = [...byNear.values()].filter((pairs) => pairs.length > 1).flatMap(sharesOf);
  const verdicts = holm(
    asked.map(({ probability }) => probability),
    { budget },
  );
  return asked.filter((_, i) => verdicts[i] === true);
}

/** Of the flows that took one of the branches that both sides have. */
function sharesOf(pairs: readonly [SetLink, SetLink][]): ReweightedLink[] {
  const totals = [0, 1].map((side) =>
    pairs.reduce((sum, pair) => sum + (pair[side]?.flows ?? 0), 0),
  ) as [number, number];
  return pairs.map(([first, second]) => ({
    link: second,
    shares: [first.flows / totals[0], second.flows / totals[1]],
    probability: fisherExact({ taken: [first.flows, second.flows], flows: totals }),
  }));
}

function shiftedPlaces(
  { a, b }: Readonly<Record<Side, PathSet>>,
  { falseAlarms, slowerByMs }: DiffSettings,
): ShiftedPlace[] {
  const asked = [...a.places.values()].flatMap((before) => {
    const after = b.places.get(before.key);
    if (after === undefined || before.key === SOURCE_KEY) return [];
    const probability = rankTest(before.roundTripsMs, after.roundTripsMs);
    const medians = [median(before.roundTripsMs), median(after.roundTripsMs)] as const;
    return [{ place: after, near: undefined, roundTripsMs: medians, probability }];
  });
  const verdicts = hochberg(
    asked.map(({ probability }) => probability),
    falseAlarms * BUDGET.roundTrips,
  );
  const shifts = new Map<string, ShiftedPlace>();
  for (const [i, each] of asked.entries()) {
    const least = Math.max(slowerByMs, SLOWER_BY_RATIO * Math.min(...each.roundTripsMs));
    if (verdicts[i] === true && Math.abs(changeOf(each)) >= least) shifts.set(each.place.key, each);
  }
  return [...shifts.values()].flatMap((shift) => {
    const ways = [...b.links.values()].filter(({ far }) => far === shift.place.key);
    const isExplained = ways.some(({ near }) => explains(shifts.get(near), shift));
    const [way] = ways;
    return isExplained ? [] : [{ ...shift, near: way && b.places.get(way.near) }];
  });
}

function explains(
  nearer: ShiftedPlace | undefined,
  { roundTripsMs, ...rest }: ShiftedPlace,
): boolean {
  if (nearer === undefined || nearer.place.ttl >= rest.place.ttl) return false;
  const [change, nearChange] = [changeOf({ roundTripsMs }), changeOf(nearer)];
  return Math.sign(change) === Math.sign(nearChange) && nearChange / change >= EXPLAINED_RATIO;
}

function changeOf({ roundTripsMs: [before, after] }: Pick<ShiftedPlace, 'roundTripsMs'>): number {
  return after - before;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((x, y) => x - y);
  const at = (index: number): number => sorted[index] ?? Number.NaN;
  return (at(Math.floor((sorted.length - 1) / 2)) + at(Math.floor(sorted.length / 2))) / 2;
}
