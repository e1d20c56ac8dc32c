/**
 * Stars that a limited interface left. An interface that answers one probe in five leaves some
 * flows without any answer; taken for silent routers they would scatter the evidence over hops that
 * are not there.
 */

import { STAR } from '../../model/path-counts.ts';
import type { FlowRow } from './flow-rows.ts';

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
  const seen = observed(rows);
  const stars = new Map<string, { row: FlowRow; hop: number }[]>();
  for (const row of rows) {
    for (let hop = 0; hop < row.responders.length - 1; hop++) {
      if (row.responders[hop] !== STAR) continue;
      const key = placeKey(row, hop);
      stars.set(key, [...(stars.get(key) ?? []), { row, hop }]);
    }
  }
  const found = [...stars.values()].map((alike) => ({ alike, author: authorOf(alike, seen) }));
  for (const { alike, author } of found) {
    if (author === undefined) continue;
    for (const { row, hop } of alike) row.responders[hop] = author;
  }
}

interface Observed {
  /** By TTL and neighbours: the interfaces seen between them. */
  readonly between: ReadonlyMap<string, ReadonlySet<number>>;
  readonly tallies: ReadonlyMap<number, Tally>;
}

function observed(rows: readonly FlowRow[]): Observed {
  const between = new Map<string, Set<number>>();
  const tallies = new Map<number, Tally>();
  for (const row of rows) {
    for (const [hop, responder] of row.responders.entries()) {
      if (responder === STAR) continue;
      const key = placeKey(row, hop);
      between.set(key, (between.get(key) ?? new Set()).add(responder));
      const tally = tallies.get(responder) ?? { sent: 0, received: 0, flows: 0 };
      tally.sent += row.sent[hop] ?? 0;
      tally.received += row.received[hop] ?? 0;
      tally.flows++;
      tallies.set(responder, tally);
    }
  }
  return { between, tallies };
}

function authorOf(
  stars: readonly { readonly row: FlowRow; readonly hop: number }[],
  { between, tallies }: Observed,
): number | undefined {
  const [first] = stars;
  if (first === undefined) return undefined;
  const probes = first.row.sent[first.hop] ?? 0;
  const likely = [...(between.get(placeKey(first.row, first.hop)) ?? [])].flatMap((responder) => {
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

/** A hop between two neighbours, which may be stars themselves. */
function placeKey({ responders }: FlowRow, hop: number): string {
  return `${hop} ${responders[hop - 1] ?? STAR} ${responders[hop + 1] ?? STAR}`;
}
