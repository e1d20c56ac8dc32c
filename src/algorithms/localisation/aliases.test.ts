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

describe('routers behind a layer that is hidden', () => {
  const WIDTHS = [1, 2, 4, 4, 1];
  /** Layer 2 passes probes on without a trace. */
  const behindTunnel = (path: readonly Hop[]): Hop[] =>
    path.filter((_, position) => position !== 1);
  const routers = trueRouters(WIDTHS);

  test('are found, each as one, although both its interfaces follow the same router', () => {
    expect(routersIn(ingressPaths(WIDTHS, 512).map(behindTunnel))).toEqual(routers);
  });

  test('are found where one of them drops everything', () => {
    const paths = ingressPaths(WIDTHS, 512).map((path) => {
      const isDead = typeof path[2] === 'number' && Math.floor(path[2] / 10) === 302;
      return behindTunnel(isDead ? [...path.slice(0, 3), '*', '*', '*'] : path);
    });
    expect(routersIn(paths)).toContainEqual([3020, 3021]);
  });

  test('are not joined where routers answer from one address of their own', () => {
    expect(routersIn(fabricPaths(WIDTHS, 512).map(behindTunnel))).toEqual([]);
  });

  test('are not joined across a path that was seen halfway between two routers', () => {
    const paths = ingressPaths(WIDTHS, 512).map(behindTunnel);
    const astray: Hop[] = [100, 3010, 4000, 5000, 'T'];
    const joined = routersIn([...paths, astray]);
    expect(joined).not.toContainEqual([3000, 3001, 3010, 3011]);
    expect(joined.filter(([first = 0]) => first > 4000)).toEqual(
      routers.filter(([first = 0]) => first > 4000),
    );
  });
});

test('two dead ends behind one router are two routers where others have one interface each', () => {
  const paths = ingressPaths([1, 4, 4, 1], 64).map((path) => {
    const isDead = path[1] === 2010 || path[1] === 2020;
    return isDead ? [...path.slice(0, 2), '*' as const, '*' as const, '*' as const] : path;
  });
  expect(routersIn(paths).flat()).not.toContain(2010);
});

test('planes of routers that answer from one address each are not joined', () => {
  // Each of 4 fabric routers leads to 3 spines of its own, and those to one router behind them.
  const paths = Array.from({ length: 48 }, (_, flow): Hop[] => {
    const plane = flow % 4;
    return [100, 200 + plane, 300 + 10 * plane + (Math.floor(flow / 4) % 3), 400 + plane, 500, 'T'];
  });
  expect(routersIn(paths)).toEqual([]);
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
