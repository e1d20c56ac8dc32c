import { expect, test } from 'vitest';
import { CHANCE_NATS_MAX, chanceNats } from './chance.ts';

test('what was to be drawn is no surprise, and the farther off the less likely', () => {
  expect(chanceNats(20, 100, 0.2)).toBeCloseTo(0, 12);
  expect(chanceNats(30, 100, 0.2)).toBeLessThan(chanceNats(35, 100, 0.2));
});

test('is a bound on the chance of all that is as far off', () => {
  // 10 of 10 at one half: 2^-10.
  expect(chanceNats(10, 10, 0.5)).toBeCloseTo(10 * Math.LN2, 12);
});

test('takes a few more than few for chance, and twice as many as many for none', () => {
  expect(chanceNats(9, 80, 0.02)).toBeLessThan(CHANCE_NATS_MAX);
  expect(chanceNats(400, 10_000, 0.02)).toBeGreaterThan(CHANCE_NATS_MAX);
});

test.each([
  { drawn: 1, ratio: 0 },
  { drawn: 9, ratio: 1 },
])('$drawn of 10 cannot be drawn with $ratio', ({ drawn, ratio }) => {
  expect(chanceNats(drawn, 10, ratio)).toBe(Number.POSITIVE_INFINITY);
});

test.each([
  { drawn: 0, ratio: 0 },
  { drawn: 10, ratio: 1 },
])('$drawn of 10 must be drawn with $ratio', ({ drawn, ratio }) => {
  expect(chanceNats(drawn, 10, ratio)).toBe(0);
});
