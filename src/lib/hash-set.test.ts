import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Uint32Set } from './hash-set.ts';

it('holds what a Set holds', () => {
  const value = fc.oneof(fc.nat(50), fc.integer({ min: 0, max: 2 ** 32 - 1 }));
  fc.assert(
    fc.property(fc.array(value, { maxLength: 4000 }), (values) => {
      const [set, model] = [new Uint32Set(1e6), new Set<number>()];
      for (const each of values) {
        expect(set.add(each)).toBe(!model.has(each));
        model.add(each);
      }
      expect(set.size).toBe(model.size);
      expect([...set.values()].sort()).toEqual([...model].sort());
    }),
    { numRuns: 30 },
  );
});

it('takes no more than its bound, and still knows what it has', () => {
  const set = new Uint32Set(100);
  for (let value = 1; value <= 5000; value++) expect(set.add(value)).toBe(true);
  expect(set.size).toBe(100);
  expect(set.add(100)).toBe(false);
  expect(set.add(101)).toBe(true);
});
