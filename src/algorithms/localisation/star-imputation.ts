/**
 * Stars that a limited interface left. An interface that answers one probe in five leaves some
 * flows without any answer; taken for silent routers they would scatter the evidence over hops that
 * are not there.
 */

import { STAR } from '../../model/path-counts.ts';
import type { FlowRow } from './flow-row.ts';

/** An interface is a likely author of a star if it would leave at least this many in all flows. */
const EXPECTED_STARS_MIN = 0.01;
/** More stars than this many times what it would leave, and a few, are a silent router's. */
const EXCESS_MAX = 3;
/** Beyond this share of answers an interface is not limited. */
const LIMITED_ANSWER_RATIO = 0.97;
/**
 * So many flows that all show one interface between two neighbours rule out a second there with
 * 95 % (the first stopping point of the multipath detection algorithm).
 */
const FLOWS_WITHOUT_SECOND = 6;

interface Tally {
  sent: number;
  received: number;
  flows: number;
}

/**
 * Gives each star to the one limited interface that is seen in its place, between the same
 * neighbours, in other flows; where there is none, or several could be meant, it stays a star. So
 * does the star of a flow that arrives, where all flows seen in its place are lost; and where
 * another limited interface is seen at the same hop, unless enough flows show that this one is not
 * between these neighbours.
 */
export function imputeStars(rows: readonly FlowRow[]): void {
  const keys = new PlaceKeys(rows);
  const stars = starsByPlace(rows, keys);
  if (stars.size === 0) return;
  const seen = observed(rows, { keys, wanted: stars });
  const found = [...stars].map(([key, alike]) => ({ alike, author: authorOf(key, alike, seen) }));
  for (const { alike, author } of found) {
    if (author === undefined) continue;
    for (const { row, hop } of alike) {
      if (row.end !== 'target' || author.isArriving) row.responders[hop] = author.responder;
    }
  }
}

interface Star {
  readonly row: FlowRow;
  readonly hop: number;
}

function starsByPlace(rows: readonly FlowRow[], keys: PlaceKeys): Map<number, Star[]> {
  const stars = new Map<number, Star[]>();
  for (const row of rows) {
    for (let hop = 0; hop < row.responders.length - 1; hop++) {
      if (row.responders[hop] !== STAR) continue;
      const key = keys.of(row, hop);
      const alike = stars.get(key);
      if (alike === undefined) stars.set(key, [{ row, hop }]);
      else alike.push({ row, hop });
    }
  }
  return stars;
}

/** An interface in a place. */
interface Sight {
  readonly responder: number;
  /** The flows that show it there, and whether one of them arrives. */
  flows: number;
  isArriving: boolean;
}

interface Observed {
  /** By place where there are stars, and by address index: the interfaces seen there. */
  readonly between: ReadonlyMap<number, ReadonlyMap<number, Sight>>;
  /** The interfaces at each hop. */
  readonly atHop: readonly ReadonlySet<number>[];
  readonly tallies: ReadonlyMap<number, Tally>;
}

function observed(
  rows: readonly FlowRow[],
  { keys, wanted }: { keys: PlaceKeys; wanted: ReadonlyMap<number, unknown> },
): Observed {
  const between = new Map<number, Map<number, Sight>>();
  const atHop: Set<number>[] = [];
  const tallies = new Map<number, Tally>();
  for (const row of rows) {
    for (const [hop, responder] of row.responders.entries()) {
      if (responder === STAR) continue;
      atHop[hop] = (atHop[hop] ?? new Set()).add(responder);
      for (const key of keys.allOf(row, hop).filter((each) => wanted.has(each))) {
        const sights = between.get(key) ?? new Map<number, Sight>();
        between.set(key, sights);
        const sight = sights.get(responder) ?? { responder, flows: 0, isArriving: false };
        sights.set(responder, sight);
        sight.flows++;
        sight.isArriving ||= row.end === 'target';
      }
      const tally = tallies.get(responder) ?? { sent: 0, received: 0, flows: 0 };
      tallies.set(responder, tally);
      tally.sent += row.sent[hop] ?? 0;
      tally.received += row.received[hop] ?? 0;
      tally.flows++;
    }
  }
  return { between, atHop, tallies };
}

function authorOf(
  place: number,
  stars: readonly Star[],
  { between, atHop, tallies }: Observed,
): Sight | undefined {
  const [first] = stars;
  if (first === undefined) return undefined;
  const probes = first.row.sent[first.hop] ?? 0;
  const expectedOf = (responder: number): number => expectedStars(tallies.get(responder), probes);
  const isLikely = (responder: number): boolean => expectedOf(responder) >= EXPECTED_STARS_MIN;
  const likely = [...(between.get(place)?.values() ?? [])].filter((sight) =>
    isLikely(sight.responder),
  );
  // Of several, the one that would leave the most may still have left none of these.
  const [author, another] = likely;
  if (author === undefined || another !== undefined) return undefined;
  if (stars.length > 1 + EXCESS_MAX * expectedOf(author.responder)) return undefined;
  if (author.flows >= FLOWS_WITHOUT_SECOND) return author;
  const others = [...(atHop[first.hop] ?? [])].filter((other) => other !== author.responder);
  return others.some(isLikely) ? undefined : author;
}

/** How many flows an interface leaves without any answer to so many probes. */
function expectedStars(
  { sent, received, flows }: Tally = { sent: 1, received: 1, flows: 0 },
  probes: number,
): number {
  if (received >= LIMITED_ANSWER_RATIO * sent) return 0;
  const chance = (1 - received / sent) ** probes;
  // Flows that got no answer are not among those that are known to cross it.
  return (flows * chance) / (1 - chance);
}

/** Numbers for places: a hop between two neighbours, which may be stars themselves. */
class PlaceKeys {
  /** More than there are addresses. */
  readonly #size: number;

  constructor(rows: readonly FlowRow[]) {
    let size = 0;
    for (const { responders } of rows) for (const each of responders) size = Math.max(size, each);
    this.#size = size + 2;
  }

  of({ responders }: FlowRow, hop: number): number {
    return this.#key(hop, responders[hop - 1] ?? STAR, responders[hop + 1] ?? STAR);
  }

  /** All places that a hop may be taken for: a neighbour that is a star may be anybody. */
  allOf({ responders }: FlowRow, hop: number): readonly number[] {
    const before = responders[hop - 1] ?? STAR;
    const after = responders[hop + 1] ?? STAR;
    const all = [
      this.#key(hop, before, after),
      this.#key(hop, before, STAR),
      this.#key(hop, STAR, after),
      this.#key(hop, STAR, STAR),
    ];
    return [...new Set(all)];
  }

  #key(hop: number, before: number, after: number): number {
    return (hop * this.#size + before - STAR) * this.#size + after - STAR;
  }
}
