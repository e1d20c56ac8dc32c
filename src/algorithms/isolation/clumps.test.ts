import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { type AnswerSequence, clumpsAmong } from './clumps.ts';

const SEED = 20_261_121;

function sprayed(random: Random, replies: number, addresses: readonly number[]): AnswerSequence {
  const answers = Array.from(
    { length: replies },
    () => addresses[random.below(addresses.length)] ?? 0,
  );
  return { hop: 2, answers };
}

describe('a hop', () => {
  test.each([2, 4, 8])('that sprays packets over %i interfaces is a clump of them', (width) => {
    const random = new Random(SEED);
    const addresses = Array.from({ length: width }, (_, i) => 10 + i);
    const flows = Array.from({ length: 16 }, () => sprayed(random, 8, addresses));
    const clumps = clumpsAmong(flows);
    expect(clumps.get(10)).toEqual(addresses);
    expect(clumps.size).toBe(width);
  });

  test('whose route changed once, or to and fro, is none', () => {
    const once = { hop: 2, answers: [1, 1, 1, 1, 2, 2, 2, 2, 2] };
    const often = { hop: 2, answers: [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1] };
    expect(clumpsAmong(Array.from({ length: 8 }, () => once)).size).toBe(0);
    expect(clumpsAmong(Array.from({ length: 8 }, () => often)).size).toBe(0);
  });

  test('beside one that sprays stays by itself', () => {
    const random = new Random(SEED);
    const flows = Array.from({ length: 16 }, () => sprayed(random, 8, [1, 2]));
    const moved = { hop: 2, answers: [5, 5, 5, 6, 6, 6] };
    expect([...clumpsAmong([...flows, moved]).keys()].sort()).toEqual([1, 2]);
  });
});
