import { expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { isByLot, runsStatistics } from './runs-test.ts';

const SEED = 20_261_121;

test('the runs test knows the mean and variance of runs in random order', () => {
  const random = new Random(SEED);
  const answers = [1, 1, 1, 1, 2, 2, 2, 3, 3];
  const { expected, variance } = runsStatistics(answers);
  const samples = Array.from(
    { length: 20_000 },
    () => runsStatistics(random.shuffle([...answers])).runs,
  );
  const mean = samples.reduce((sum, runs) => sum + runs, 0) / samples.length;
  const spread = samples.reduce((sum, runs) => sum + (runs - mean) ** 2, 0) / samples.length;
  // Five standard errors of a mean, and of a variance: one wrong alarm in a million.
  expect(Math.abs(mean - expected), `seed ${SEED}`).toBeLessThan(5 * Math.sqrt(variance / 20_000));
  expect(Math.abs(spread / variance - 1), `seed ${SEED}`).toBeLessThan(0.06);
});

test('a change of answer begins a run', () => {
  expect(runsStatistics([1, 1, 2, 1, 1, 1]).runs).toBe(3);
});

test.each([
  { shows: 'answers to and fro', answers: [1, 2, 1, 2, 1, 2, 1, 2, 1, 2], lot: true },
  { shows: 'answers in two long runs', answers: [1, 1, 1, 1, 1, 2, 2, 2, 2, 2], lot: false },
  { shows: 'answers that are all the same', answers: [1, 1, 1, 1, 1, 1, 1, 1], lot: false },
  { shows: 'no answer', answers: [], lot: false },
])('whether $shows come as drawn by lot: $lot', ({ answers, lot }) => {
  expect(isByLot(runsStatistics(answers))).toBe(lot);
});
