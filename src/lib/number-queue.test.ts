import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NumberQueue } from './number-queue.ts';

test('gives out numbers in the order in which they came, whatever comes between', () => {
  fc.assert(
    fc.property(fc.array(fc.option(fc.double()), { maxLength: 400 }), (steps) => {
      const queue = new NumberQueue();
      const inside: number[] = [];
      for (const value of steps) {
        if (value === null) {
          expect(queue.shift()).toBe(inside.shift());
        } else {
          queue.push(value);
          inside.push(value);
        }
        expect(queue.length).toBe(inside.length);
        expect(queue.peek()).toBe(inside[0]);
      }
    }),
  );
});

test('grows while its entries lie around the end of the ring', () => {
  const queue = new NumberQueue();
  for (let i = 0; i < 50; i++) queue.push(i);
  for (let i = 0; i < 50; i++) expect(queue.shift()).toBe(i);
  for (let i = 0; i < 1000; i++) queue.push(i);
  expect(Array.from({ length: 1000 }, () => queue.shift())).toEqual([...new Array(1000).keys()]);
  expect(queue.shift()).toBeUndefined();
});
