import { expect, test } from 'vitest';
import { fisherExact, hochberg, holm, rankTest } from './exact-tests.ts';

const TABLES = [
  // Tea and milk: 3 of 4 against 1 of 4, p = 0.4857 two-sided.
  { taken: [3, 1], flows: [4, 4], p: 34 / 70 },
  { taken: [5, 0], flows: [5, 5], p: 2 / 252 },
  { taken: [0, 0], flows: [9, 9], p: 1 },
] as const;

test.each(TABLES)('$taken of $flows: exact probability $p', ({ taken, flows, p }) => {
  expect(fisherExact({ taken, flows })).toBeCloseTo(p, 12);
});

test('ranks: groups that do not overlap are told apart, equal ones never are', () => {
  const low = [1, 2, 3, 4, 5, 6, 7, 8];
  const high = low.map((value) => value + 100);
  expect(rankTest(low, high)).toBeCloseTo(2 / 12_870, 12);
  expect(rankTest(high, low)).toBe(rankTest(low, high));
  expect(rankTest(low, low)).toBeCloseTo(1, 6);
  expect(rankTest([5, 5, 5, 5, 5], [5, 5, 5, 5, 5])).toBe(1);
});

test('ranks: the approximation for ties is near the exact probability, and above it', () => {
  const low = Array.from({ length: 12 }, (_, i) => i);
  const high = low.map((value) => value + 8.5);
  const exact = rankTest(low, high);
  const tied = rankTest([...low, 3], high);
  expect(exact).toBeLessThan(0.001);
  expect(tied).toBeGreaterThan(exact / 2);
  expect(tied).toBeLessThan(10 * exact);
});

test('ranks: fewer than five values tell nothing', () => {
  expect(rankTest([1, 2, 3, 4], [100, 101, 102, 103, 104])).toBe(1);
});

test('Holm stops at the first hypothesis that holds', () => {
  expect(holm([0.01, 0.04, 0.03], { budget: 0.05 })).toEqual([true, false, false]);
  expect(holm([0.01, 0.02, 0.04], { budget: 0.05 })).toEqual([true, true, true]);
  expect(holm([0.01], { budget: 0.05, tests: 10 })).toEqual([false]);
  expect(holm([], { budget: 0.05 })).toEqual([]);
});

test('Hochberg goes on to the last hypothesis that fails', () => {
  expect(hochberg([0.04, 0.045, 0.9], 0.05)).toEqual([false, false, false]);
  expect(hochberg([0.04, 0.045, 0.05], 0.05)).toEqual([true, true, true]);
  expect(hochberg([0.9, 0.01], 0.05)).toEqual([false, true]);
});
