import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type PackedList, packed, unpacked } from './packed-list.ts';

/** As messages carry it. */
function told(values: readonly unknown[]): { list: PackedList; values: unknown[] } {
  const list = structuredClone(packed(values));
  return { list, values: unpacked(list, values.length) };
}

/** Few keys and values, so that many objects are alike. */
const plainData = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, undefined, true, 0, -0, Number.NaN, 2 ** 40, '', 'text'),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', '0'), tie('value'), {
      noNullPrototype: true,
    }),
  ),
})).value;

describe('a packed list', () => {
  it('has the values that it had, keys in their order', () => {
    fc.assert(
      fc.property(fc.array(plainData, { maxLength: 12 }), (values) => {
        const cloned = told(values).values;
        expect(cloned).toStrictEqual(values);
        expect(JSON.stringify(cloned)).toBe(JSON.stringify(values));
      }),
    );
  });

  it('passes what is no plain data as it is', () => {
    const values = [
      new Date(0),
      Uint8Array.of(1, 2),
      new Map([[1, { a: 1 }]]),
      { at: new Date(1) },
    ];
    expect(told(values).values).toStrictEqual(values);
  });

  it('passes objects of ever other keys as they are', () => {
    const values = Array.from({ length: 20 }, (_, i) => ({ [`key${i}`]: i }));
    expect(told(values).values).toStrictEqual(values);
  });

  it('tells what objects share once', () => {
    const values = Array.from({ length: 1000 }, (_, i) => {
      return { kind: 'time-exceeded', icmp: { type: 11, code: 0 }, mpls: [], rttMs: i };
    });
    const { list } = told(values);
    expect(JSON.stringify(list).length).toBeLessThan(5000);
  });

  it('makes objects that are nobody else’s', () => {
    const values = [
      { at: { a: 1 }, list: [1] },
      { at: { a: 1 }, list: [1] },
    ];
    const [one, other] = told(values).values as typeof values;
    expect(one?.at).not.toBe(other?.at);
    expect(one?.list).not.toBe(other?.list);
  });
});
