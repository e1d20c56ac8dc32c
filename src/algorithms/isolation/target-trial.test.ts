import { expect, test } from 'vitest';
import { isLimit } from './target-trial.ts';

const RUNS = [
  { what: 'answers nearly all of few probes', before: [250, 25], slow: [20, 18], limit: true },
  { what: 'answers a larger share of few', before: [60, 2], slow: [80, 14], limit: true },
  { what: 'loses as many of few', before: [250, 200], slow: [20, 15], limit: false },
  { what: 'loses half of few as of many', before: [250, 125], slow: [12, 6], limit: false },
  { what: 'answered too few yet', before: [250, 25], slow: [4, 1], limit: undefined },
  { what: 'had luck with a few', before: [250, 200], slow: [15, 15], limit: undefined },
  { what: 'answered all before', before: [250, 250], slow: [1, 1], limit: false },
  { what: 'never gets to be told', before: [1000, 10], slow: [100, 2], limit: false },
] as const;

test.each(RUNS)('a target that $what', ({ before, slow, limit }) => {
  const tally = ([sent, received]: readonly [number, number]) => ({ sent, received });
  expect(isLimit(tally(before), tally(slow))).toBe(limit);
});
