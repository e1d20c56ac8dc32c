import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AddressRange, mergedRanges } from './address-ranges.ts';
import type { IpFamily } from './ip-address.ts';
import { PrefixList } from './prefix-list.ts';

/** Prefixes of the last 16 bits, so that many lie in each other. */
function prefixes(family: IpFamily): fc.Arbitrary<AddressRange> {
  const base = family === 4 ? 0xffff_0000n : 0xfe80_0000_0000_0000_0000_0000_0000_0000n;
  return fc.record({ at: fc.nat(65_535), hostBits: fc.nat(16) }).map(({ at, hostBits }) => {
    const size = 1n << BigInt(hostBits);
    const first = base + BigInt(at) - (BigInt(at) % size);
    return { family, first, last: first + size - 1n };
  });
}

describe.each([4, 6] as const)('a list of prefixes of IPv%d', (family) => {
  it('is what the same ranges are when they are merged, in any order', () => {
    fc.assert(
      fc.property(fc.array(prefixes(family), { maxLength: 200 }), (ranges) => {
        const list = new PrefixList(family);
        for (const range of ranges) list.add(range);
        expect(list.size).toBe(ranges.length);
        const sorted = ranges.toSorted((a, b) => (a.first < b.first ? -1 : 1));
        expect([...list]).toEqual([...mergedRanges(sorted)]);
        expect([...list]).toEqual([...mergedRanges(sorted)]); // and once more
      }),
    );
  });

  it('holds the widest and the last', () => {
    const bits = family === 4 ? 32n : 128n;
    const last = (1n << bits) - 1n;
    const list = new PrefixList(family);
    list.add({ family, first: last, last });
    expect([...list]).toEqual([{ family, first: last, last }]);
    list.add({ family, first: 0n, last });
    expect([...list]).toEqual([{ family, first: 0n, last }]);
  });
});
