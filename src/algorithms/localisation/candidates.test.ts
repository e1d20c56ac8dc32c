import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  countsOf,
  fabricPaths,
  flowOf,
  type Hop,
  ingressPaths,
} from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import { type Candidate, candidatesOf, type Explanation } from './candidates.ts';
import { flowsAcross } from './coverage-classes.ts';
import { buildPathGraph, type PathGraph } from './path-graph.ts';

/** Every candidate as `explanations: cells`, each cell as `flows@vertex`. */
function candidatesIn(paths: readonly (readonly Hop[])[]): Map<string, string[]> {
  const graph = buildPathGraph(countsOf(paths.map((path) => flowOf(path))));
  return new Map(
    candidatesOf(graph).map((candidate) => [
      candidate.explanations.map((each) => textOf(each, graph)).join(' = '),
      cellNames(candidate, graph),
    ]),
  );
}

function textOf(explanation: Explanation, graph: PathGraph): string {
  const name = (vertex: number) => vertexName(graph, vertex);
  switch (explanation.kind) {
    case 'link':
      return `link ${explanation.nears.map(name).sort().join('+')} ${name(explanation.far)}`;
    case 'node':
      return `node ${explanation.interfaces.map(name).sort().join('+') || `?@${explanation.ttl}`}`;
    case 'before':
      return explanation.far === undefined ? 'before' : `before ${name(explanation.far)}`;
    case 'target':
      return 'target';
    case 'responder':
      if (explanation.layer !== undefined) return `layer ${explanation.layer}`;
      return `limit ${interfacesOf(explanation).map(name).sort().join('+')}`;
  }
}

function interfacesOf({ vertex, aliases = [] }: { vertex: number; aliases?: readonly number[] }) {
  return [vertex, ...aliases];
}

function vertexName({ vertices }: PathGraph, id: number): string {
  const vertex = vertices[id];
  if (vertex?.kind === 'interface') return `${vertex.address}`;
  return { source: 'S', silent: '*', unseen: '!', target: 'T' }[vertex?.kind ?? 'source'];
}

function cellNames({ cells }: Candidate, graph: PathGraph): string[] {
  return cells.map((cell) => {
    for (const { cells: ids, vertices, flows } of graph.classes) {
      const position = ids.indexOf(cell);
      if (position >= 0) return `${flows}@${vertexName(graph, vertices[position] ?? -1)}`;
    }
    return 'nowhere';
  });
}

describe('a chain', () => {
  const found = candidatesIn([[1, 2, 'T']]);
  const ROWS = [
    { what: 'link S 1', cells: ['0@1', '0@2', '0@T'] },
    { what: 'node 1 = link 1 2', cells: ['0@2', '0@T'] },
    { what: 'target = node 2 = link 2 T', cells: ['0@T'] },
    { what: 'limit 1', cells: ['0@1'] },
    { what: 'limit 2', cells: ['0@2'] },
  ];

  test.each(ROWS)('$what shows in $cells', ({ what, cells }) => {
    expect(found.get(what)).toEqual(cells);
  });

  test('has no other candidates', () => {
    expect([...found.keys()].sort()).toEqual(ROWS.map(({ what }) => what).sort());
  });
});

describe('two ways that meet, of routers with one address each', () => {
  const found = candidatesIn([
    [1, 2, 4, 'T'],
    [1, 3, 4, 'T'],
  ]);
  const ROWS = [
    { what: 'link S 1', cells: ['0@1', '0@2', '0@4', '0@T', '1@1', '1@3', '1@4', '1@T'] },
    { what: 'node 1', cells: ['0@2', '0@4', '0@T', '1@3', '1@4', '1@T'] },
    { what: 'link 1 2', cells: ['0@2', '0@4', '0@T'] },
    { what: 'node 2 = link 2 4', cells: ['0@4', '0@T'] },
    { what: 'node 4', cells: ['0@4', '0@T', '1@4', '1@T'] },
    { what: 'target = node 4 = link 4 T', cells: ['0@T', '1@T'] },
    { what: 'limit 4', cells: ['0@4', '1@4'] },
  ];

  test.each(ROWS)('$what shows in $cells', ({ what, cells }) => {
    expect(found.get(what)).toEqual(cells);
  });
});

describe('two ways that meet, of routers with an address for each link', () => {
  const found = candidatesIn([
    [1, 2, 42, 5, 'T'],
    [1, 3, 43, 5, 'T'],
  ]);
  const ROWS = [
    { what: 'node 42+43 = link 42+43 5', cells: ['0@5', '0@T', '1@5', '1@T'] },
    { what: 'node 2 = link 2 42', cells: ['0@42', '0@5', '0@T'] },
    { what: 'limit 42', cells: ['0@42'] },
    { what: 'limit 42+43 = layer 2', cells: ['0@42', '1@43'] },
  ];

  test.each(ROWS)('$what shows in $cells', ({ what, cells }) => {
    expect(found.get(what)).toEqual(cells);
  });
});

describe('routers of one layer', () => {
  test('may limit their answers alike', () => {
    const paths: Hop[][] = [
      [1, 2, 4, 'T'],
      [1, 3, 5, 'T'],
    ];
    expect(candidatesIn(paths).get('layer 1')).toEqual(['0@2', '1@3']);
  });

  test('are taken for limited together only where something answers behind them', () => {
    const found = candidatesIn([
      [1, 2, 4],
      [1, 3, 5],
    ]);
    expect(found.get('layer 1')).toEqual(['0@2', '1@3']);
  });
});

describe('what is not seen', () => {
  test('a hop that never answers is blamed by the links around it', () => {
    const found = candidatesIn([
      [1, '*', 3, 'T'],
      [1, 2, 3, 'T'],
    ]);
    const [silent = ''] = [...found.keys()].filter((what) => what.includes('*'));
    expect(silent.split(' = ')).toEqual(expect.arrayContaining(['link * 3', 'link 1 *']));
    expect(found.get(silent)).toEqual(['0@3', '0@T']);
  });

  test('a flow that ends speaks of the router behind its last hop, of that and of the link', () => {
    const found = candidatesIn([
      [1, 2, 'T'],
      [1, 3, '*'],
    ]);
    const [unseen = ''] = [...found.keys()].filter((what) => what.includes('!'));
    expect(unseen.split(' = ').sort()).toContain('link 3 !');
    expect(found.get(unseen)).toEqual(['1@!']);
  });

  test('without the target, what lies behind the last hop covers nothing', () => {
    const found = candidatesIn([[1, 2, '*']]);
    expect([...found.keys()].sort()).toEqual([
      'limit 1',
      'link S 1',
      'node 1 = link 1 2 = limit 2',
    ]);
  });
});

/** Explanations without the TTLs of routers that never answered. */
function withoutTtls(what: string): string[] {
  return what.split(' = ').map((explanation) => explanation.replace(/@\d+/, ''));
}

/** All paths of a small fabric: some routers are silent there, and behind some every flow ends. */
const anyPaths = fc
  .record({
    pathsOf: fc.constantFrom(fabricPaths, ingressPaths),
    widths: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 2, maxLength: 4 }),
    silent: fc.option(fc.integer({ min: 0, max: 8 })),
    dead: fc.option(fc.integer({ min: 0, max: 8 })),
  })
  .map(({ pathsOf, widths, silent, dead }) => {
    const paths = pathsOf(widths, 81);
    const interfaces = [...new Set(paths.flat())].filter((hop) => hop !== 'T');
    const [hidden, end] = [interfaces[silent ?? -1], interfaces[dead ?? -1]];
    return paths.map((path) => {
      const last = end === undefined ? -1 : path.indexOf(end);
      return path.map((hop, at): Hop => (hop === hidden || (last >= 0 && at > last) ? '*' : hop));
    });
  });

describe('candidates of any paths', () => {
  test('are classes: no two cover the same cells, and none covers nothing', () => {
    fc.assert(
      fc.property(anyPaths, (paths) => {
        const graph = buildPathGraph(countsOf(paths.map((path) => flowOf(path))));
        const candidates = candidatesOf(graph);
        const keys = candidates.map(({ cells }) => cells.join());
        expect(new Set(keys).size).toBe(keys.length);
        for (const candidate of candidates) {
          const { cells, explanations, flowCount } = candidate;
          const flows = flowsAcross(candidate, graph);
          expect(cells.length).toBeGreaterThan(0);
          expect(explanations.length).toBeGreaterThan(0);
          expect(cells).toEqual(cells.toSorted((a, b) => a - b));
          expect(flows.length).toBe(flowCount);
          expect(new Set(flows).size).toBe(flowCount);
        }
      }),
    );
  });

  test('do not depend on the order of flows', () => {
    fc.assert(
      fc.property(anyPaths, fc.nat(), (paths, seed) => {
        const order = new Random(seed).shuffle([...paths.keys()]);
        const shuffled = order.map((flow) => paths[flow] ?? []);
        const named = candidatesIn(paths);
        const others = candidatesIn(shuffled);
        const sizes = (found: ReadonlyMap<string, string[]>) =>
          [...found]
            .map(([what, cells]) => `${withoutTtls(what).sort().join(' = ')}: ${cells.length}`)
            .sort();
        expect(sizes(others)).toEqual(sizes(named));
      }),
    );
  });
});

test.each([
  { naming: 'ingress', paths: ingressPaths([1, 4, 4, 1], 64) },
  { naming: 'own', paths: fabricPaths([1, 4, 4, 1], 64) },
])(
  'every link and router of a fabric with $naming addresses is a candidate',
  ({ naming, paths }) => {
    const kinds = [...candidatesIn(paths).keys()].flatMap((what) => what.split(' = '));
    const links = kinds.filter((kind) => kind.startsWith('link ') && !kind.includes('?'));
    // 1 + 4 + 16 + 4 + 1 links, and more where those from one router have it in whole and in part.
    expect(new Set(links).size).toBeGreaterThanOrEqual(26);
    expect(links).toContain(naming === 'own' ? 'link 400 T' : 'link 4000+4001+4002+4003 T');
    for (const router of [300, 301, 302, 303]) {
      const interfaces = [0, 1, 2, 3].map((near) => 10 * router + near);
      expect(kinds).toContain(`node ${naming === 'own' ? router : interfaces.join('+')}`);
    }
  },
);
