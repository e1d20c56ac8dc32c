/**
 * Diamonds: the parts of a route between a place where paths part and the one where they have all
 * met again, with the measures that the field has for them (Augustin 2011, Vermeulen 2018).
 */

import type { Place, PlaceGraph } from './places.ts';

export interface Diamond {
  /** Null where paths never were together, or do not meet again. */
  readonly divergence: Place | null;
  readonly convergence: Place | null;
  /** TTLs of its first and its last hop of more than one place. */
  readonly firstTtl: number;
  readonly lastTtl: number;
  /** The most places at one of its hops. */
  readonly width: number;
  /** Links from end to end. */
  readonly length: number;
  /** Whether a place has several neighbours on the narrower side, between two wide hops. */
  readonly isMeshed: boolean;
  /** The largest difference between the fans of two places of one hop; 0 for an even diamond. */
  readonly asymmetry: number;
}

/** All diamonds, nearest first. */
export function diamondsOf({ places, links }: PlaceGraph): Diamond[] {
  const hops: Place[][] = [];
  for (const place of places) {
    hops[place.ttl] ??= [];
    hops[place.ttl]?.push(place);
  }
  const fans = { out: new Map<Place, number>(), back: new Map<Place, number>() };
  for (const { near, far } of links) {
    fans.out.set(near, (fans.out.get(near) ?? 0) + 1);
    fans.back.set(far, (fans.back.get(far) ?? 0) + 1);
  }
  const diamonds: Diamond[] = [];
  for (let ttl = 1; ttl < hops.length; ttl++) {
    if ((hops[ttl]?.length ?? 0) < 2) continue;
    const firstTtl = ttl;
    while ((hops[ttl + 1]?.length ?? 0) > 1) ttl++;
    diamonds.push(diamondBetween(hops, { firstTtl, lastTtl: ttl, fans }));
  }
  return diamonds;
}

interface Fans {
  readonly out: ReadonlyMap<Place, number>;
  readonly back: ReadonlyMap<Place, number>;
}

function diamondBetween(
  hops: readonly (readonly Place[])[],
  { firstTtl, lastTtl, fans }: { firstTtl: number; lastTtl: number; fans: Fans },
): Diamond {
  let [isMeshed, asymmetry, width] = [false, 0, 0];
  for (let ttl = firstTtl - 1; ttl <= lastTtl; ttl++) {
    const [near, far] = [hops[ttl] ?? [], hops[ttl + 1] ?? []];
    width = Math.max(width, near.length);
    const out = near.flatMap((place) => fans.out.get(place) ?? []);
    const back = far.flatMap((place) => fans.back.get(place) ?? []);
    asymmetry = Math.max(asymmetry, spread(out), spread(back));
    if (near.length < 2 || far.length < 2) continue;
    const narrower = near.length <= far.length ? back : out;
    isMeshed ||= narrower.some((count) => count > 1);
  }
  const [before = [], behind = []] = [hops[firstTtl - 1], hops[lastTtl + 1]];
  return {
    divergence: before[0] ?? null,
    convergence: behind[0] ?? null,
    firstTtl,
    lastTtl,
    width,
    length: lastTtl - firstTtl + 1 + (behind.length > 0 ? 1 : 0),
    isMeshed,
    asymmetry,
  };
}

function spread(counts: readonly number[]): number {
  return counts.length === 0 ? 0 : Math.max(...counts) - Math.min(...counts);
}
