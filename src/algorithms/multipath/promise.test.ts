/**
 * The promise of the search, held against chance: how often it misses a branch, on 16,000 diamonds.
 * Every test is exact binomial or a normal bound far enough out; the seed is fixed, and each says
 * how often it would fail were the promise just kept.
 */

import { expect, test } from 'vitest';
import {
  foundLinks,
  layered,
  linksOf,
  SETTINGS,
  searched,
} from '../../../test/support/diamond-prober.ts';
import { searchFailure } from '../../../test/support/search-failure.ts';
import { Random } from '../../lib/random.ts';
import { shareMissProbability } from './stopping-point.ts';

const SEED = 20_180;
const EPSILON = SETTINGS.failureProbability;

test('cut at the wide hop, a balancer misses just as often as the occupancy problem says', () => {
  const random = new Random(SEED);
  for (const width of [2, 3, 4, 6, 8, 12, 16]) {
    const runs = width <= 6 ? 3000 : 800;
    const graph = layered([1, width]);
    let misses = 0;
    for (let run = 0; run < runs; run++) {
      const discovery = searched(graph, random, { settings: { ...SETTINGS, maxTtl: 2 } });
      if (foundLinks(discovery).size < width + 1) misses++;
    }
    // Two-sided at 99.9 % for each of the seven: in all, one false alarm in 143.
    const expected = searchFailure(width, EPSILON);
    const deviation = Math.sqrt((expected * (1 - expected)) / runs);
    const gap = Math.abs(misses / runs - expected);
    expect(gap, `width ${width}, seed ${SEED}`).toBeLessThan(3.29 * deviation);
  }
});

interface Tally {
  runs: number;
  misses: number;
  balancers: number;
  probes: number;
}

/** Diamonds of widths 2 to 16 and lengths 2 to 5, in turn. */
function tally(
  runs: number,
  options: {
    readonly algorithm: 'mda' | 'mda-lite';
    readonly isMeshed: boolean;
    readonly weightOfFirst?: number;
  },
): Tally {
  const random = new Random(SEED);
  const settings = { ...SETTINGS, algorithm: options.algorithm };
  const sum: Tally = { runs, misses: 0, balancers: 0, probes: 0 };
  for (let run = 0; run < runs; run++) {
    // Meshed ones of many hops take thousands of probes: they are narrower.
    const width = options.isMeshed ? 2 + (run % 3) : 2 + (run % 15);
    const hops = 1 + (run % 4);
    const graph = layered([1, ...Array(hops).fill(width), 1], options);
    const discovery = searched(graph, random, { settings });
    const found = foundLinks(discovery);
    sum.probes += discovery.probesOrdered;
    for (const branches of graph.next.keys()) {
      const links = graph.next[branches] ?? [];
      if (links.length < 2) continue;
      const wasMet = [...found].some((link) => link.startsWith(`${branches}>`));
      if (!wasMet) continue; // a place that was missed is its predecessor's failure
      sum.balancers++;
      if (links.some(({ to }) => !found.has(`${branches}>${to}`))) sum.misses++;
    }
  }
  return sum;
}

/** Above ε only once in a thousand, were it just ε. */
function expectPromise({ misses, balancers }: Tally): void {
  const deviation = Math.sqrt((EPSILON * (1 - EPSILON)) / balancers);
  expect(misses / balancers, `seed ${SEED}`).toBeLessThan(EPSILON + 3.1 * deviation);
}

/** A miss rate above the other's only by what chance does once in a thousand. */
function expectNoWorse(one: Tally, other: Tally): void {
  const pooled = (one.misses + other.misses) / (one.balancers + other.balancers);
  const variance = pooled * (1 - pooled) * (1 / one.balancers + 1 / other.balancers);
  const gap = one.misses / one.balancers - other.misses / other.balancers;
  expect(gap, `seed ${SEED}`).toBeLessThan(3.1 * Math.sqrt(variance));
}

test('whole diamonds: no balancer is missed more often than was promised', () => {
  expectPromise(tally(1000, { algorithm: 'mda', isMeshed: false }));
  expectPromise(tally(400, { algorithm: 'mda', isMeshed: true }));
});

test('MDA-Lite keeps the promise for at most 0.7 of the probes on diamonds that are even', () => {
  const full = tally(500, { algorithm: 'mda', isMeshed: false });
  const lite = tally(500, { algorithm: 'mda-lite', isMeshed: false });
  expectPromise(lite);
  expect(lite.probes / full.probes).toBeLessThan(0.7);
  expectNoWorse(lite, full);
});

test('MDA-Lite sees meshing, and searches meshed diamonds in full', () => {
  const random = new Random(SEED);
  for (let run = 0; run < 100; run++) {
    const graph = layered([1, 4, 4, 1], { isMeshed: true });
    const settings = { ...SETTINGS, algorithm: 'mda-lite' as const };
    expect(searched(graph, random, { settings }).uneven, `run ${run}`).toContain(2);
  }
  expectPromise(tally(300, { algorithm: 'mda-lite', isMeshed: true }));
});

test('weighted 3:1, a branch is missed no more often than its share allows', () => {
  // Two branches, of which the search sees the lesser one only, if at all, within 6 flows.
  const random = new Random(SEED);
  const runs = 2000;
  const graph = layered([1, 2, 1], { weightOfFirst: 3 });
  let misses = 0;
  for (let run = 0; run < runs; run++) {
    const found = foundLinks(searched(graph, random, {}));
    if (!found.has('1>2') || !found.has('1>3')) misses++;
  }
  const expected = shareMissProbability(1 / 4, 6) + shareMissProbability(3 / 4, 6);
  const deviation = Math.sqrt((expected * (1 - expected)) / runs);
  expect(misses / runs, `seed ${SEED}`).toBeLessThan(expected + 3.1 * deviation);
});

test('promised of the graph, whole graphs are missed no more often than was promised', () => {
  const random = new Random(SEED);
  const settings = { ...SETTINGS, promisedFor: 'graph' as const };
  const runs = 400;
  let misses = 0;
  for (let run = 0; run < runs; run++) {
    const graph = layered([2, 4, 4, 1], { isMeshed: true });
    const found = foundLinks(searched(graph, random, { settings }));
    if ([...linksOf(graph)].some((link) => !found.has(link))) misses++;
  }
  const deviation = Math.sqrt((EPSILON * (1 - EPSILON)) / runs);
  expect(misses / runs, `seed ${SEED}`).toBeLessThan(EPSILON + 3.1 * deviation);
});
