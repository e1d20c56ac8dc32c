import { expect, test } from 'vitest';
import { placeRandom } from './place-random.ts';

const PURPOSES = ['jitter a b', 'jitter b a', 'jitter a bb', 'icmp a', ''];
const SEEDS = [0, 1, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER];

test('every place and purpose under every seed has a stream of its own', () => {
  const firsts = SEEDS.flatMap((seed) =>
    PURPOSES.map((purpose) => placeRandom(seed, purpose).unit()),
  );
  expect(new Set(firsts).size).toBe(SEEDS.length * PURPOSES.length);
});

test('a stream is the same each time', () => {
  expect(placeRandom(7, 'icmp a').uint32()).toBe(placeRandom(7, 'icmp a').uint32());
});
