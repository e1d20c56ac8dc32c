import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MinHeap } from './min-heap.ts';

describe('a heap', () => {
  test('gives out what was put in, least key first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (keys) => {
        const heap = new MinHeap<number>((key, keys, at) => {
          keys[at] = key;
        });
        for (const key of keys) heap.push(key);
        const popped = keys.map(() => heap.pop());
        expect(popped).toEqual(keys.toSorted((a, b) => a - b));
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });

  test('has its least entry on top after any pushes and pops', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.integer())), (steps) => {
        const heap = new MinHeap<{ key: number }>(({ key }, keys, at) => {
          keys[at] = key;
        });
        const inside: number[] = []; // in ascending order
        for (const key of steps) {
          if (key === null) {
            expect(heap.pop()?.key).toBe(inside.shift());
          } else {
            heap.push({ key });
            inside.push(key);
            inside.sort((a, b) => a - b);
          }
          expect(heap.size).toBe(inside.length);
          expect(heap.peek()?.key).toBe(inside[0]);
        }
      }),
    );
  });

  test('keeps entries with equal keys apart', () => {
    const heap = new MinHeap<{ name: string }>((_, keys, at) => {
      keys[at] = 1;
    });
    for (const name of ['a', 'b', 'c', 'd']) heap.push({ name });
    const names = [heap.pop(), heap.pop(), heap.pop(), heap.pop()].map((entry) => entry?.name);
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
