import { expect, test } from 'vitest';
import { isActive, windowOf } from './schedule.ts';

const FOREVER = Number.POSITIVE_INFINITY;

const ROWS = [
  { when: { fromMs: 0, untilMs: FOREVER, periodMs: undefined }, active: [0, 1, 5, 1e9], not: [] },
  { when: { fromMs: 2, untilMs: FOREVER, periodMs: undefined }, active: [2, 9], not: [0, 1.999] },
  { when: { fromMs: 2, untilMs: 4, periodMs: undefined }, active: [2, 3.999], not: [1, 4, 5] },
  {
    when: { fromMs: 1, untilMs: 22, periodMs: 10 },
    active: [1, 3.999, 11, 13.999, 21],
    not: [0, 4, 10.999, 14, 22, 31],
  },
];

test.each(ROWS)('$when is active at $active ms, and not at $not ms', ({ when, active, not }) => {
  const window = windowOf({ ...when, duty: 0.3 });
  const activeAt = (times: readonly number[]) => times.filter((ms) => isActive(window, ms * 1000));
  expect(activeAt(active)).toEqual(active);
  expect(activeAt(not)).toEqual([]);
});
