import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { searchFailure } from '../../../test/support/search-failure.ts';
import { Random } from '../../lib/random.ts';
import {
  BRANCHES_MAX,
  excludedShare,
  failurePerBalancer,
  graphFailure,
  missProbability,
  shareMissProbability,
  stoppingPoint,
} from './stopping-point.ts';

const TABLE = JSON.parse(
  readFileSync(
    new URL('../../../test/goldens/tables/stopping-points.json', import.meta.url),
    'utf8',
  ),
) as Record<'0.05' | '0.01', readonly number[]>;

describe.each(['0.05', '0.01'] as const)('at %s', (level) => {
  test('stopping points are those of the table of scamper tracelb, row by row', () => {
    expect(TABLE[level]).toHaveLength(98);
    const ours = TABLE[level].map((_, row) => stoppingPoint(row + 2, Number(level)));
    expect(ours).toEqual(TABLE[level]);
  });

  test('a stopping point is the first number of flows that will do', () => {
    for (const branches of [2, 3, 7, 40, 99]) {
      const point = stoppingPoint(branches, Number(level));
      expect(missProbability(branches, point)).toBeLessThanOrEqual(Number(level));
      expect(missProbability(branches, point - 1)).toBeGreaterThan(Number(level));
    }
  });
});

test('one flow shows the only branch there is', () => {
  expect(stoppingPoint(1, 0.05)).toBe(1);
  expect(searchFailure(1, 0.05)).toBe(0);
});

test('misses are those of exact fractions, by inclusion and exclusion', () => {
  for (const [branches, flows] of [
    [2, 6],
    [5, 12],
    [16, 90],
    [40, 264],
  ] as const) {
    expect(missProbability(branches, flows)).toBeCloseTo(exactly(branches, flows), 14);
  }
});

test('a search fails as often as it does when it is tried', () => {
  const [random, runs, branches] = [new Random(5), 40_000, 5];
  let failures = 0;
  for (let run = 0; run < runs; run++) {
    const seen = new Set<number>();
    let flows = 0;
    while (flows < stoppingPoint(seen.size + 1, 0.05)) {
      seen.add(random.below(branches));
      flows++;
    }
    if (seen.size < branches) failures++;
  }
  const expected = searchFailure(branches, 0.05);
  const deviation = Math.sqrt((expected * (1 - expected)) / runs);
  expect(Math.abs(failures / runs - expected)).toBeLessThan(4 * deviation); // 1 in 16,000, seeded
});

test('shares: 293 flows leave less than 1/64 but for one in a hundred', () => {
  expect(shareMissProbability(1 / 64, 293)).toBeLessThanOrEqual(0.01);
  expect(shareMissProbability(1 / 64, 292)).toBeGreaterThan(0.01);
  expect(excludedShare(293, 0.01)).toBeLessThanOrEqual(1 / 64);
  expect(excludedShare(0, 0.05)).toBe(1);
});

test('the failure of a graph and that of its balancers are two sides of one thing', () => {
  expect(graphFailure(failurePerBalancer(0.05, 7), 7)).toBeCloseTo(0.05, 12);
  expect(graphFailure(0.05, 0)).toBe(0);
});

test.each([0, BRANCHES_MAX + 1, 1.5, Number.NaN])('%s branches are refused', (branches) => {
  expect(() => stoppingPoint(branches, 0.05)).toThrow(RangeError);
});

test.each([0, 1, -1, Number.NaN])('a failure probability of %s is refused', (probability) => {
  expect(() => stoppingPoint(2, probability)).toThrow(RangeError);
});

/** In whole numbers throughout, up to one division. */
function exactly(branches: number, flows: number): number {
  let [sum, choose] = [0n, 1n];
  for (let left = 1; left <= branches; left++) {
    choose = (choose * BigInt(branches - left + 1)) / BigInt(left);
    const term = choose * BigInt(branches - left) ** BigInt(flows);
    sum += left % 2 === 1 ? term : -term;
  }
  const scale = 10n ** 20n;
  return Number((sum * scale) / BigInt(branches) ** BigInt(flows)) / Number(scale);
}
