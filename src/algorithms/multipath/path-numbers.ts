/** How many paths a graph has, by how they end: every way through it counts. */

import type { Place, PlaceGraph } from './places.ts';

/** Infinity where there are more than a number can hold. */
export interface PathNumbers {
  /** Ways from the source to the target. */
  readonly found: number;
  /** Ways that end before it: refused, in a loop, or in silence. */
  readonly broken: number;
  /** Ways whose next hop no probe has shown. */
  readonly unexplored: number;
}

const NONE: PathNumbers = { found: 0, broken: 0, unexplored: 0 };

/** Counts them. */
export function pathNumbers({ places, links }: PlaceGraph): PathNumbers {
  const behind = new Map<Place, Place[]>();
  for (const { near, far } of links) behind.set(near, [...(behind.get(near) ?? []), far]);
  const numbers = new Map<Place, PathNumbers>();
  for (const place of places.toSorted((a, b) => b.ttl - a.ttl)) {
    let sum = ending(place, behind.has(place));
    for (const far of behind.get(place) ?? []) sum = added(sum, numbers.get(far) ?? NONE);
    numbers.set(place, sum);
  }
  const [source] = places;
  return (source && numbers.get(source)) ?? NONE;
}

function ending({ end }: Place, hasNext: boolean): PathNumbers {
  if (end === 'target') return { ...NONE, found: 1 };
  if (end !== null) return { ...NONE, broken: 1 };
  return hasNext ? NONE : { ...NONE, unexplored: 1 };
}

function added(a: PathNumbers, b: PathNumbers): PathNumbers {
  return {
    found: a.found + b.found,
    broken: a.broken + b.broken,
    unexplored: a.unexplored + b.unexplored,
  };
}
