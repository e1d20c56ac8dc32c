/** Random networks: folded Clos fabrics, and layers joined at random. */

import type { Random } from '../../src/lib/random.ts';
import { type Cable, SOURCE } from './world.ts';

/** Nodes by layer: the source alone, the routers, the target alone. */
export interface Fabric {
  readonly kind: 'clos' | 'layered';
  readonly layers: readonly (readonly number[])[];
  readonly cables: readonly Cable[];
}

const CLOS_WIDTH_MAX = 16;
const LAB_WIDTHS = [4, 4];
const STOCK_WIDTH_MAX = 6;
const LAYERED_WIDTH_MAX = 12;
const LAYERED_TTLS = { min: 7, max: 15 };
/** A layered router is joined to so many of the next layer at most. */
const LAYERED_FANOUT_MAX = 4;

/** One of both kinds, each as likely. */
export function drawFabric(random: Random): Fabric {
  return random.below(2) === 0
    ? drawClos(random)
    : drawLayered(random, between(random, LAYERED_TTLS.min, LAYERED_TTLS.max));
}

/**
 * Rack, fabric, spine, fabric, rack, target: 6 TTLs; with two layers of spines 7. The fabric
 * routers are joined to all spines, or each to a plane of its own.
 */
function drawClos(random: Random): Fabric {
  const isTall = random.below(2) === 1;
  const isPlanar = random.below(2) === 1;
  const leaves = between(random, 2, isPlanar ? 8 : CLOS_WIDTH_MAX);
  const perPlane = between(random, 1, Math.floor(CLOS_WIDTH_MAX / leaves));
  const spines = isPlanar ? leaves * perPlane : between(random, 2, CLOS_WIDTH_MAX);
  const widths = [1, leaves, spines, ...(isTall ? [spines] : []), leaves, 1];
  const layers = layersOf(widths);
  const cables = joined(layers, (near, far) => {
    const [a, b] = [near.width, far.width];
    if (!isPlanar || a === 1 || b === 1) return true;
    return Math.floor((near.index * leaves) / a) === Math.floor((far.index * leaves) / b);
  });
  return { kind: 'clos', layers, cables };
}

/** One gateway, layers of any width, one or two last routers. */
export function drawLayered(random: Random, ttls: number): Fabric {
  const inner = Array.from({ length: ttls - 3 }, () => between(random, 1, LAYERED_WIDTH_MAX));
  const layers = layersOf([1, ...inner, between(random, 1, 2)]);
  const chosen = new Set<string>();
  for (const [i, nears] of layers.entries()) {
    for (const pair of drawPairs(nears, layers[i + 1] ?? [], random)) chosen.add(pair);
  }
  const cables = joined(layers, (near, far) => chosen.has(`${near.node} ${far.node}`));
  return { kind: 'layered', layers, cables };
}

/** One gateway, two layers of four as in the lab or of any width, one last router. */
export function drawStock(random: Random): Fabric {
  const isLab = random.below(2) === 0;
  const inner = isLab ? LAB_WIDTHS : LAB_WIDTHS.map(() => between(random, 2, STOCK_WIDTH_MAX));
  const layers = layersOf([1, ...inner, 1]);
  return { kind: 'clos', layers, cables: joined(layers, () => true) };
}

/** Which nodes of two layers are joined: each of them to one of the other layer at least. */
function drawPairs(nears: readonly number[], fars: readonly number[], random: Random): string[] {
  const isEnd = nears.length === 1 || fars.length === 1;
  const pairs = nears.flatMap((near) => {
    const fanout = isEnd ? fars.length : between(random, 1, LAYERED_FANOUT_MAX);
    const chosen = random.shuffle([...fars]).slice(0, fanout);
    return chosen.map((far) => [near, far] as const);
  });
  const reached = new Set(pairs.map(([, far]) => far));
  const orphans = fars.filter((far) => !reached.has(far));
  const adopted = orphans.map((far) => [nears[random.below(nears.length)], far] as const);
  return [...pairs, ...adopted].map(([near, far]) => `${near} ${far}`);
}

function layersOf(routerWidths: readonly number[]): number[][] {
  let next = SOURCE;
  return [1, ...routerWidths, 1].map((width) => Array.from({ length: width }, () => next++));
}

interface End {
  readonly node: number;
  readonly index: number;
  readonly width: number;
}

function joined(
  layers: readonly (readonly number[])[],
  isJoined: (near: End, far: End) => boolean,
): Cable[] {
  const ends = layers.map((nodes) =>
    nodes.map((node, index) => ({ node, index, width: nodes.length })),
  );
  return ends.flatMap((nears, i) =>
    nears.flatMap((near) =>
      (ends[i + 1] ?? [])
        .filter((far) => isJoined(near, far))
        .map((far) => ({ near: near.node, far: far.node })),
    ),
  );
}

/** An integer from `min` to `max`, each as likely. */
export function between(random: Random, min: number, max: number): number {
  return min + random.below(max - min + 1);
}
