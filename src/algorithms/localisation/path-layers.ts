/** What the paths of a graph have at the same position: several interfaces, or all the same one. */

import type { PathClass, PathGraph } from './path-graph.ts';

/**
 * The positions that have several interfaces. Not the last: what is lost on the way to it shows in
 * the same cells, and would be taken for a limit.
 */
export function layersOf({ classes, vertices, isTargetReached }: PathGraph): Set<number> {
  const layers: Set<number>[] = [];
  for (const path of classes) {
    for (const [position, vertex] of path.vertices.entries()) {
      if (vertices[vertex]?.kind !== 'interface') continue;
      layers[position] = (layers[position] ?? new Set()).add(vertex);
    }
  }
  const end = isTargetReached ? layers.length : layers.length - 1;
  return new Set([...layers.keys()].filter((at) => at < end && (layers[at]?.size ?? 0) > 1));
}

/** The interfaces that every path starts with, in their order. */
export function hopsOfAllPaths(classes: readonly PathClass[]): number[] {
  const [first] = classes;
  const common: number[] = [];
  for (const [position, vertex] of (first?.vertices ?? []).entries()) {
    if (classes.some(({ vertices }) => vertices[position] !== vertex)) break;
    common.push(vertex);
  }
  return common;
}
