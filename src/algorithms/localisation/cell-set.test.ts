import { expect, test } from 'vitest';
import { CellSet } from './cell-set.ts';

test('holds what it became and what was added since, and nothing from before', () => {
  const set = new CellSet();
  expect(set.has(0)).toBe(false);
  set.become([3, 5]).add([500]);
  expect([3, 4, 5, 500, 501, 5000].filter((cell) => set.has(cell))).toEqual([3, 5, 500]);
  set.become([4]);
  expect([3, 4, 5, 500].filter((cell) => set.has(cell))).toEqual([4]);
  set.become([]);
  expect(set.has(4)).toBe(false);
});

test('has all cells of no cells, and not all of some that miss one', () => {
  const set = new CellSet().become([1, 2]);
  expect(set.hasAll([])).toBe(true);
  expect(set.hasAll([2, 1])).toBe(true);
  expect(set.hasAll([1, 9])).toBe(false);
});
