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

interface Tally {
  sent: number;
  received: number;
  flows: number;
}

/**
 * Gives each star to the one limited interface that is seen in its place, between the same
 * neighbours, in other flows; where there is none, or several could be meant, it stays a star.
 */
export function imputeStars(rows: readonly FlowRow[]): void {
  const keys = new PlaceKeys(rows);
  const stars = starsByPlace(rows, keys);
  if (stars.size === 0) return;
  const { between, tallies } = observed(rows, { keys, wanted: stars });
  const found = [...stars].map(([key, alike]) => ({
    alike,
    author: authorOf(alike, between.get(key) ?? new Set(), tallies),
  }));
  for (const { alike, author } of found) {
    if (author === undefined) continue;
    for (const { row, hop } of alike) row.responders[hop] = author;
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

interface Observed {
  /** By place where there are stars: the interfaces seen there. */
  readonly between: ReadonlyMap<number, ReadonlySet<number>>;
  readonly tallies: ReadonlyMap<number, Tally>;
}

function observed(
  rows: readonly FlowRow[],
  { keys, wanted }: { keys: PlaceKeys; wanted: ReadonlyMap<number, unknown> },
): Observed {
  const between = new Map<number, Set<number>>();
  const tallies = new Map<number, Tally>();
  for (const row of rows) {
    for (const [hop, responder] of row.responders.entries()) {
      if (responder === STAR) continue;
      for (const key of keys.allOf(row, hop).filter((each) => wanted.has(each))) {
        between.set(key, (between.get(key) ?? new Set()).add(responder));
      }
      const tally = tallies.get(responder) ?? { sent: 0, received: 0, flows: 0 };
      tallies.set(responder, tally);
      tally.sent += row.sent[hop] ?? 0;
      tally.received += row.received[hop] ?? 0;
      tally.flows++;
    }
  }
  return { between, tallies };
}

function authorOf(
  stars: readonly Star[],
  between: ReadonlySet<number>,
  tallies: Observed['tallies'],
): number | undefined {
  const [first] = stars;
  if (first === undefined) return undefined;
  const probes = first.row.sent[first.hop] ?? 0;
  const likely = [...between].flatMap((responder) => {
    const { sent, received, flows } = tallies.get(responder) ?? { sent: 1, received: 1, flows: 0 };
    if (received >= LIMITED_ANSWER_RATIO * sent) return [];
    const chance = (1 - received / sent) ** probes;
    // Flows that got no answer are not among those that are known to cross it.
    const expected = (flows * chance) / (1 - chance);
    return expected >= EXPECTED_STARS_MIN ? [{ responder, expected }] : [];
  });
  // Of several, the one that would leave the most may still have left none of these.
  const [author, another] = likely;
  if (author === undefined || another !== undefined) return undefined;
  return stars.length <= 1 + EXCESS_MAX * author.expected ? author.responder : undefined;
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
