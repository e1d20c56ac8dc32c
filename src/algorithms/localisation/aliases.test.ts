import { describe, expect, test } from 'vitest';
import {
  countsOf,
  fabricPaths,
  flowOf,
  type Hop,
  ingressPaths,
} from '../../../test/support/path-counts.ts';
import { aliasGroups } from './aliases.ts';
import { buildPathGraph } from './path-graph.ts';

/** The routers found, each as its interfaces' addresses in ascending order. */
function routersIn(paths: readonly (readonly Hop[])[]): number[][] {
  const graph = buildPathGraph(countsOf(paths.map((path) => flowOf(path))));
  return aliasGroups(graph)
    .map((group) =>
      [...group].map((id) => {
        const vertex = graph.vertices[id];
        return vertex?.kind === 'interface' ? vertex.address : Number.NaN;
      }),
    )
    .map((addresses) => addresses.sort((a, b) => a - b))
    .sort(([a = 0], [b = 0]) => a - b);
}

/** The routers that the interfaces of `ingressPaths` make, from layer 2 up. */
function trueRouters(widths: readonly number[]): number[][] {
  return widths.flatMap((width, layer) => {
    const before = widths[layer - 1] ?? 1;
    if (layer === 0 || before < 2) return [];
    return Array.from({ length: width }, (_, router) =>
      Array.from({ length: before }, (__, near) => 10 * (100 * (layer + 1) + router) + near),
    );
  });
}

describe('routers that answer from the interface a probe came in by', () => {
  const FABRICS = [
    [1, 2, 2, 1],
    [1, 4, 4, 1],
    [1, 3, 2, 4, 1],
    [2, 4, 1],
  ];

  test.each(FABRICS)('%i-%i-%i… are found, each as one', (...widths) => {
    const layers = widths.filter((width) => width !== undefined);
    expect(routersIn(ingressPaths(layers, 512))).toEqual(trueRouters(layers));
  });
});

describe('routers that answer from one address of their own', () => {
  const FABRICS = [
    [1, 2, 2, 1],
    [1, 4, 4, 1],
    [1, 3, 2, 4, 1],
    [2, 4, 1],
  ];

  test.each(FABRICS)('%i-%i-%i… are never joined', (...widths) => {
    expect(routersIn(fabricPaths(widths, 512))).toEqual([]);
  });
});

test('the interfaces of a router that drops everything are joined: every flow ends there', () => {
  const paths = ingressPaths([1, 4, 4, 1], 64).map((path) => {
    const isDead = typeof path[2] === 'number' && Math.floor(path[2] / 10) === 302;
    return isDead ? [...path.slice(0, 3), '*' as const, '*' as const] : path;
  });
  expect(routersIn(paths)).toContainEqual([3020, 3021, 3022, 3023]);
});

test('no interface is in two routers, whatever the paths', () => {
  const tangled: Hop[][] = [
    [1, 2, 5, 'T'],
    [1, 3, 5, 'T'],
    [4, 3, 6, 'T'],
    [4, 2, 6, 'T'],
    [1, 7, '*', '*'],
    [4, 8, '*', 'T'],
    [1, '*', 5, 'T'],
  ];
  const interfaces = routersIn(tangled).flat();
  expect(new Set(interfaces).size).toBe(interfaces.length);
});

test('a single path has no aliases', () => {
  expect(routersIn([[1, 2, 3, 'T']])).toEqual([]);
});
