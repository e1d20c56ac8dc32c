import { describe, expect, test } from 'vitest';
import {
  foundLinks,
  layered,
  linksOf,
  SETTINGS,
  searched,
} from '../../../test/support/diamond-prober.ts';
import { Random } from '../../lib/random.ts';
import { diamondsOf } from './diamonds.ts';
import type { Discovery } from './discovery.ts';
import { pathNumbers } from './path-numbers.ts';
import { type Place, type PlaceGraph, placesOf } from './places.ts';

/** Surely enough for tests that want the whole graph. */
const SURE = { ...SETTINGS, failureProbability: 1e-6 };
const SEED = 7;

function placesIn(discovery: Discovery): PlaceGraph {
  return placesOf(discovery.graph(), discovery.observations);
}

function widths({ places }: PlaceGraph): number[] {
  const counts: number[] = [];
  for (const { ttl } of places) counts[ttl] = (counts[ttl] ?? 0) + 1;
  return counts;
}

const GRAPHS = [
  { widths: [1, 1, 1], found: 1 },
  { widths: [1, 2, 1], found: 2 },
  { widths: [1, 4, 4, 1], found: 4 },
  { widths: [2, 8, 8, 4, 1], found: 8 },
  { widths: [3], found: 3 },
];

describe.each(GRAPHS)('routers $widths', ({ widths: layers, found }) => {
  const graph = layered(layers);
  const discovery = searched(graph, new Random(SEED), { settings: SURE });

  test('every link is found, and paths are counted', () => {
    expect(discovery.end).toBe('complete');
    expect(foundLinks(discovery)).toEqual(linksOf(graph));
    expect(pathNumbers(placesIn(discovery))).toEqual({ found, broken: 0, unexplored: 0 });
  });

  test('every balancer is tested and keeps flows together', () => {
    expect(discovery.tests.sprayers.size).toBe(0);
    const balancers = discovery.graph().vertices.filter(({ successors }) => successors.size > 1);
    for (const { key } of balancers) expect(discovery.tests.steady).toContain(key);
  });
});

test('of the graph, every place has a flow that is known from end to end', () => {
  for (let seed = 0; seed < 20; seed++) {
    const settings = { ...SURE, failureProbability: 0.05, promisedFor: 'graph' } as const;
    const discovery = searched(layered([2, 4, 8, 1]), new Random(seed), { settings });
    const graph = discovery.graph();
    const whole = new Set<string>();
    for (let flow = 0; flow < discovery.observations.flows; flow++) {
      const walk = [1, 2, 3, 4, 5].map((ttl) => graph.vertexAt(flow, ttl)?.key);
      if (!walk.includes(undefined)) for (const key of walk) whole.add(key ?? '');
    }
    const places = graph.vertices.filter(({ ttl }) => ttl > 0).map(({ key }) => key);
    expect(
      places.filter((key) => !whole.has(key)),
      `seed ${seed}`,
    ).toEqual([]);
  }
});

test('a meshed diamond is told from one that is not', () => {
  for (const isMeshed of [false, true]) {
    const graph = layered([1, 3, 3, 1], { isMeshed });
    const [diamond, ...others] = diamondsOf(
      placesIn(searched(graph, new Random(SEED), { settings: SURE })),
    );
    expect(others).toEqual([]);
    expect(diamond).toMatchObject({ width: 3, length: 3, isMeshed, asymmetry: 0 });
  }
});

test('an uneven diamond has the difference of its fans as asymmetry', () => {
  const one = (...nodes: number[]) => nodes.map((to) => ({ to, weight: 1 }));
  const graph = { next: [one(1), one(2, 3), one(4, 5, 6), one(7), ...Array(4).fill(one(8)), []] };
  const [diamond] = diamondsOf(placesIn(searched(graph, new Random(SEED), { settings: SURE })));
  expect(diamond).toMatchObject({ width: 4, length: 3, isMeshed: false, asymmetry: 2 });
});

describe('silence', () => {
  test('a silent hop between the same places is one star', () => {
    const graph = layered([1, 4, 1, 1]); // node 6 is where the four meet again
    const settings = { ...SURE, failureProbability: 0.001 };
    const behaviour = { silent: new Set([6]) };
    const places = placesIn(searched(graph, new Random(SEED), { settings, behaviour }));
    expect(widths(places)).toEqual([1, 1, 4, 1, 1, 1]);
    expect(places.places.find(({ ttl }) => ttl === 3)).toMatchObject({ kind: 'star', members: [] });
    expect(pathNumbers(places)).toEqual({ found: 4, broken: 0, unexplored: 0 });
  });

  test('a target that never answers leaves broken paths, and no stars behind them', () => {
    const graph = layered([1, 2, 1]);
    const behaviour = { silent: new Set([5]) };
    const discovery = searched(graph, new Random(SEED), { settings: SURE, behaviour });
    const places = placesIn(discovery);
    expect(widths(places)).toEqual([1, 1, 2, 1]);
    expect(places.places.at(-1)?.end).toBe('silent');
    expect(pathNumbers(places)).toEqual({ found: 0, broken: 2, unexplored: 0 });
  });

  test('a branch that leads nowhere is a broken path beside those that are found', () => {
    // Node 3 is a black hole: it does not answer, and nothing comes by it.
    const graph = layered([1, 4, 1]);
    const next = graph.next.map((branches, node) => (node === 3 ? [] : branches));
    const behaviour = { silent: new Set([3]) };
    const places = placesIn(searched({ next }, new Random(SEED), { settings: SURE, behaviour }));
    expect(widths(places)).toEqual([1, 1, 4, 1, 1]);
    const end = places.places.find(({ kind }) => kind === 'star');
    expect(end).toMatchObject({ ttl: 2, end: 'silent' });
    expect(pathNumbers(places)).toEqual({ found: 3, broken: 1, unexplored: 0 });
  });

  test('a target that does not answer each time is no branch that leads nowhere', () => {
    const graph = layered([1, 2, 1]);
    const behaviour = { lossRatio: 0.3 };
    for (let seed = 0; seed < 20; seed++) {
      const discovery = searched(graph, new Random(seed), { settings: SETTINGS, behaviour });
      const ends = placesIn(discovery).places.map(({ end }) => end);
      expect(ends, `seed ${seed}`).not.toContain('silent');
    }
  });

  test('lost replies are no silent routers', () => {
    const graph = layered([1, 4, 1]);
    const behaviour = { lossRatio: 0.1 };
    const discovery = searched(graph, new Random(SEED), { settings: SURE, behaviour });
    expect(widths(placesIn(discovery))).toEqual([1, 1, 4, 1, 1]);
  });

  test('where nobody answers at all, little is sent', () => {
    const behaviour = { lossRatio: 1 };
    const discovery = searched(layered([1, 1]), new Random(SEED), { behaviour });
    expect(discovery.end).toBe('complete');
    expect(discovery.probesOrdered).toBeLessThan(80);
    expect(pathNumbers(placesIn(discovery))).toEqual({ found: 0, broken: 1, unexplored: 0 });
  });
});

test('a balancer by packets is one, and its next hops are one place', () => {
  const graph = layered([1, 4, 1, 1]);
  const behaviour = { sprays: new Set([1]) };
  for (let seed = 0; seed < 50; seed++) {
    const discovery = searched(graph, new Random(seed), { settings: SURE, behaviour });
    const places = placesIn(discovery);
    expect([...discovery.tests.sprayers], `seed ${seed}`).toEqual(['1:1']);
    expect(discovery.changes).toEqual([]);
    const clump = places.places.find(({ ttl }) => ttl === 2) as Place;
    expect(clump).toMatchObject({ kind: 'clump', members: [2, 3, 4, 5] });
    expect(pathNumbers(places)).toEqual({ found: 1, broken: 0, unexplored: 0 });
  }
});

test('a route that moves is noticed, and does not count as width', () => {
  // Flows draw their ways anew at the 40th probe: a place that all flows have left is not kept.
  const one = (to: number, weight: number) => ({ to, weight });
  const next = [[one(1, 1)], [one(2, 1), one(3, 1)], [one(4, 1)], [one(4, 1)], [one(5, 1)], []];
  for (let seed = 0; seed < 50; seed++) {
    const behaviour = { changesAtProbe: 40 };
    const discovery = searched({ next }, new Random(seed), { settings: SURE, behaviour });
    expect(discovery.tests.sprayers.size, `seed ${seed}`).toBe(0);
    expect(discovery.changes.length).toBeLessThanOrEqual(2);
    expect(foundLinks(discovery)).toEqual(linksOf({ next }));
  }
});

describe('limits', () => {
  const graph = layered([1, 16, 1]);

  test.each([
    { end: 'max-probes', settings: { ...SETTINGS, maxProbes: 60 } },
    { end: 'flows-max', settings: { ...SETTINGS, flowsMax: 12 } },
    { end: 'max-time', settings: { ...SETTINGS, maxTimeUs: 50 } },
  ])('$end ends the search, and what is lacking is known', ({ end, settings }) => {
    const discovery = searched(graph, new Random(SEED), { settings });
    expect(discovery.end).toBe(end);
    const final = discovery.graph();
    const lacking = final.vertices.filter((vertex) => discovery.flowsLacking(vertex, final) > 0);
    expect(lacking.length).toBeGreaterThan(0);
    expect(discovery.probesOrdered).toBeLessThanOrEqual(settings.maxProbes);
  });

  test('an abort ends it', () => {
    const discovery = searched(graph, new Random(SEED), { settings: SETTINGS });
    discovery.abort();
    expect(discovery.end).toBe('complete'); // the first end stays
  });
});
