import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MinHeap } from './min-heap.ts';

describe('a heap', () => {
  test('gives out what was put in, least key first', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), (keys) => {
        const heap = new MinHeap<number>((key) => key);
        for (const key of keys) heap.push(key);
        const popped = keys.map(() => heap.pop());
        expect(popped).toEqual(keys.toSorted((a, b) => a - b));
        expect(heap.pop()).toBeUndefined();
      }),
    );
  });

  test('has its least entry on top after any pushes and pops', () => {
    fc.assert(
      fc.property(fc.array(fc.option(fc.double({ noNaN: true }))), (steps) => {
        const heap = new MinHeap<{ key: number }>(({ key }) => key);
        const inside: number[] = [];
        for (const key of steps) {
          if (key === null) {
            const popped = heap.pop()?.key;
            expect(popped).toBe(inside.length === 0 ? undefined : Math.min(...inside));
            if (popped !== undefined) inside.splice(inside.indexOf(popped), 1);
          } else {
            inside.push(key);
            heap.push({ key });
          }
          expect(heap.size).toBe(inside.length);
          if (inside.length > 0) expect(heap.peek()?.key).toBe(Math.min(...inside));
          else expect(heap.peek()).toBeUndefined();
        }
      }),
    );
  });

  test('keeps entries with equal keys apart', () => {
    const heap = new MinHeap<{ name: string }>(() => 1);
    for (const name of ['a', 'b', 'c', 'd']) heap.push({ name });
    const names = [heap.pop(), heap.pop(), heap.pop(), heap.pop()].map((entry) => entry?.name);
    expect(names.sort()).toEqual(['a', 'b', 'c', 'd']);
  });
});
