import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { isLimited, sharedLimitChance } from './icmp-limit-test.ts';

const SEED = 9;
const ROUNDS = 7;
const PROBES = 3;

/** Answers in rounds of three probes, each answered with this probability. */
function rounds(random: Random, ratio: number): number[] {
  return Array.from(
    { length: ROUNDS },
    () => Array.from({ length: PROBES }, () => random.unit()).filter((u) => u < ratio).length,
  );
}

test('a burst that mostly goes unanswered is a limit, silence and a few losses are none', () => {
  expect(isLimited({ asked: 24, answered: 8 })).toBe(true);
  expect(isLimited({ asked: 24, answered: 0 })).toBe(false);
  expect(isLimited({ asked: 24, answered: 20 })).toBe(false);
});

test('a witness that answers less only while the other is asked too much shares its limit', () => {
  const random = new Random(SEED);
  for (let run = 0; run < 200; run++) {
    const chance = sharedLimitChance({ loud: rounds(random, 0.1), quiet: rounds(random, 0.98) });
    expect(chance, `run ${run} of seed ${SEED}`).toBeLessThan(0.005);
  }
  expect(sharedLimitChance({ loud: [3, 3, 3, 3, 3, 3, 3], quiet: [0, 0, 0, 0, 0, 0, 0] })).toBe(1);
});

test.each([1, 0.9, 0.5, 0.1])(
  'one that answers %f of all probes anyway seems so no more often than stated',
  (ratio) => {
    const random = new Random(SEED);
    const chances = Array.from({ length: 5000 }, () =>
      sharedLimitChance({ loud: rounds(random, ratio), quiet: rounds(random, ratio) }),
    );
    // Two-sided chances of which one side counts; 3.5 standard deviations above the stated share.
    for (const stated of [0.05, 0.005]) {
      const seen = chances.filter((chance) => chance <= stated).length;
      const expected = stated * chances.length;
      expect(seen, `${stated}, seed ${SEED}`).toBeLessThan(expected + 3.5 * Math.sqrt(expected));
    }
  },
);
