import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexPermutation } from './index-permutation.ts';
import { Random } from './random.ts';

function orderOf(size: number, seed: number): number[] {
  const permutation = new IndexPermutation(size, new Random(seed));
  return Array.from({ length: size }, (_, index) => permutation.at(index));
}

describe('IndexPermutation', () => {
  it('gives every number once, for any size and key', () => {
    const sizes = fc.integer({ min: 1, max: 3000 });
    fc.assert(
      fc.property(sizes, fc.nat(), (size, seed) => {
        expect(new Set(orderOf(size, seed)).size).toBe(size);
        expect(Math.max(...orderOf(size, seed))).toBe(size - 1);
      }),
      { numRuns: 60 },
    );
  });

  it('gives every number once where the halves are least alike', () => {
    for (const size of [1, 2, 3, 4, 5, 65_536, 65_537, 100_003]) {
      expect(new Set(orderOf(size, 9)).size).toBe(size);
    }
  });

  it('is undone by its inverse', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 52 }), fc.nat(), fc.nat(), (size, seed, n) => {
        const permutation = new IndexPermutation(size, new Random(seed));
        expect(permutation.indexOf(permutation.at(n % size))).toBe(n % size);
      }),
    );
  });

  it('stays inside the largest size, and gives no number twice there', () => {
    const size = 2 ** 52;
    const permutation = new IndexPermutation(size, new Random(3));
    const seen = new Set<number>();
    for (let index = size - 5000; index < size; index++) seen.add(permutation.at(index));
    expect(seen.size).toBe(5000);
    for (const place of seen)
      expect(place >= 0 && place < size && Number.isInteger(place)).toBe(true);
  });

  it('is repeatable with its seed, and another with another', () => {
    expect(orderOf(1000, 5)).toEqual(orderOf(1000, 5));
    expect(orderOf(1000, 5)).not.toEqual(orderOf(1000, 6));
  });

  it('spreads neighbours over the whole range', () => {
    const size = 1_000_000;
    const permutation = new IndexPermutation(size, new Random(1));
    const counts = new Array<number>(100).fill(0);
    for (let index = 0; index < 10_000; index++) {
      const cell = Math.floor(permutation.at(index) / (size / 100));
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
    // 100 expected in each cell; a chi-square of 99 degrees of freedom beyond 170 is one in 10,000.
    const chiSquare = counts.reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
    expect(chiSquare).toBeLessThan(170);
  });

  it('refuses sizes that it cannot hold', () => {
    for (const size of [0, -1, 1.5, 2 ** 52 + 1, Number.NaN]) {
      expect(() => new IndexPermutation(size, new Random(1))).toThrow(RangeError);
    }
  });
});
