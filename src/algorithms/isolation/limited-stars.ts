/**
 * Losses whose place depends on hops that stayed silent, and may not be. A limited interface, or a
 * few lost probes, leave stars: a flow then crosses links that nobody has seen it cross. What flows
 * have in common may be just that their paths are known.
 *
 * Flows whose paths are known are not touched by that, and are enough if they tell
 * the same by themselves.
 */

import { type PathCounts, STAR } from '../../model/path-counts.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import { type PathGraph, SOURCE_VERTEX } from '../localisation/path-graph.ts';
import { EMPTY } from './counted-path.ts';
import { SILENT_PROBES } from './epoch-counts.ts';

/** Why it is not clear which links a flow crosses. */
export type Unclear = NonNullable<LocatedLoss['unclear']>;

/** A star that a limited interface would leave no more often than this is a silent router's. */
const STAR_CHANCE_MAX = 0.01;

/** By row of the counts: those whose path is not clear. */
export function unclearRows(
  found: Pick<Localisation, 'graph' | 'limited'>,
): ReadonlyMap<number, Unclear> {
  const hops = hopsOf(found.graph);
  const stars = hops.filter(({ kind }) => kind === 'star');
  const chances = answerChances(hops, found.limited);
  const together = askedTogether(hops, found);
  const unclear = new Map<number, Unclear>();
  for (const star of stars) {
    for (const [row, sent] of star.probes) {
      const asked = together.get(placeKey(star)) ?? sent;
      const missed = (1 - (chances.get(star.position) ?? 1)) ** asked;
      if (missed > STAR_CHANCE_MAX) unclear.set(row, 'limited');
      else if (sent < SILENT_PROBES && !unclear.has(row)) unclear.set(row, 'doubtful');
    }
  }
  return unclear;
}

/**
 * How often stars were asked between two neighbours, by place: these are of one router, unless a
 * neighbour is a star as well, or a limited interface was seen there.
 */
function askedTogether(
  hops: readonly Hop[],
  { graph, limited }: Pick<Localisation, 'graph' | 'limited'>,
): ReadonlyMap<string, number> {
  const isLimited = new Set(limited.map(({ vertex }) => vertex));
  const shared = new Set(hops.filter(({ vertex }) => isLimited.has(vertex)).map(placeKey));
  const isKnown = (vertex: number): boolean => graph.vertices[vertex]?.kind !== 'silent';
  const asked = new Map<string, number>();
  for (const hop of hops) {
    const key = placeKey(hop);
    if (hop.kind !== 'star' || shared.has(key)) continue;
    if (!isKnown(hop.before) || !isKnown(hop.after)) continue;
    asked.set(key, (asked.get(key) ?? 0) + sumOf(hop.probes));
  }
  return asked;
}

/**
 * By position of paths: the chance that the most limited interface there answers a probe of a flow
 * that it has not answered yet. A deaf one answers in fits, so its own ratio would be that of
 * better times: what counts is how many probes it took until flows were answered at all.
 */
function answerChances(
  hops: readonly Hop[],
  limited: Localisation['limited'],
): ReadonlyMap<number, number> {
  const ratios = new Map(limited.map(({ vertex, answerRatio }) => [vertex, answerRatio]));
  const chances = new Map<number, number>();
  const lower = (position: number, chance: number): void => {
    chances.set(position, Math.min(chances.get(position) ?? 1, chance));
  };
  const waits = new Map<number, { answered: number; sent: number }>();
  for (const { kind, vertex, position, probes } of hops) {
    const ratio = ratios.get(vertex);
    if (kind === 'other' && ratio !== undefined) lower(position, ratio);
    if (kind !== 'deaf') continue;
    const wait = waits.get(position) ?? { answered: 0, sent: 0 };
    waits.set(position, wait);
    wait.answered += probes.length;
    wait.sent += sumOf(probes);
  }
  for (const [position, { answered, sent }] of waits) lower(position, answered / sent);
  return chances;
}

function sumOf(probes: Hop['probes']): number {
  return probes.reduce((sum, [, sent]) => sum + sent, 0);
}

/** The same for hops between the same neighbours. */
function placeKey({ position, before, after }: Hop): string {
  return `${position} ${before} ${after}`;
}

/** A hop of a path, and by row of the flows that take it how often it was asked. */
interface Hop {
  readonly kind: 'star' | 'deaf' | 'other';
  readonly vertex: number;
  readonly position: number;
  /** The vertices beside it. */
  readonly before: number;
  readonly after: number;
  readonly probes: readonly (readonly [row: number, sent: number])[];
}

function hopsOf({ classes, vertices: all, rows, deaf }: PathGraph): Hop[] {
  return classes.flatMap(({ flows, vertices }) =>
    vertices.map((vertex, position): Hop => {
      const described = all[vertex];
      const isDeaf = described?.kind === 'interface' && deaf.has(described.address);
      const probes = flows.map((row) => [row, rows[row]?.sent[position] ?? 0] as const);
      const kind = described?.kind === 'silent' ? 'star' : isDeaf ? 'deaf' : 'other';
      const before = vertices[position - 1] ?? SOURCE_VERTEX;
      const after = vertices[position + 1] ?? vertex;
      return { kind, vertex, position, before, after, probes };
    }),
  );
}

/** Why the place of a loss depends on stars; undefined where no flow across it has any. */
export function starsAt(
  { flowsAcross }: Pick<LocatedLoss, 'flowsAcross'>,
  unclear: ReadonlyMap<number, Unclear>,
): Unclear | undefined {
  const reasons = new Set(flowsAcross.flatMap((row) => unclear.get(row) ?? []));
  if (reasons.has('limited')) return 'limited';
  return reasons.has('doubtful') ? 'doubtful' : undefined;
}

/** The counts without some rows; the others keep their numbers. */
export function withoutRows(counts: PathCounts, rows: ReadonlyMap<number, unknown>): PathCounts {
  return { ...counts, flows: counts.flows.map((flow, row) => (rows.has(row) ? EMPTY : flow)) };
}

/** A loss, and the graph that its explanations speak of. */
export interface LossIn {
  readonly loss: Pick<LocatedLoss, 'explanations'>;
  readonly graph: PathGraph;
}

/** Whether all that one loss may be is among what the other may be. */
export function isWithin(one: LossIn, other: LossIn): boolean {
  return one.loss.explanations.every((mine) =>
    other.loss.explanations.some((theirs) => isSame([mine, one.graph], [theirs, other.graph])),
  );
}

type Named = readonly [Explanation, PathGraph];

/** Interfaces of a router may be known in part. */
function isSame([one, oneGraph]: Named, [other, otherGraph]: Named): boolean {
  if (one.kind !== other.kind) return false;
  const [ones, others] = [addresses(one, oneGraph), addresses(other, otherGraph)];
  const isFarSame =
    one.kind !== 'link' ||
    (other.kind === 'link' && nameOf(one.far, oneGraph) === nameOf(other.far, otherGraph));
  return (
    isFarSame &&
    (ones.length === 0 ? others.length === 0 : ones.some((each) => others.includes(each)))
  );
}

function addresses(explanation: Explanation, graph: PathGraph): readonly string[] {
  if (explanation.kind === 'link') return explanation.nears.map((near) => nameOf(near, graph));
  if (explanation.kind === 'node') {
    const { interfaces, ttl } = explanation;
    return interfaces.length === 0
      ? [`node ${ttl}`]
      : interfaces.map((each) => nameOf(each, graph));
  }
  return [];
}

/** The same in every graph of the same counts. */
function nameOf(vertex: number, { vertices }: PathGraph): string {
  const described = vertices[vertex];
  if (described === undefined || described.kind === 'source') return 'source';
  const address = 'address' in described ? described.address : STAR;
  return `${described.kind} ${address === STAR ? described.ttl : address}`;
}
