import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AddressRange,
  AddressSet,
  mergedRanges,
  parseAddressRange,
  prefixesIn,
  rangesWithout,
} from './address-ranges.ts';
import { formatIpAddress, parseIpAddress } from './ip-address.ts';
import { PrefixList } from './prefix-list.ts';

function ranges(...texts: string[]): AddressRange[] {
  return texts.map((text) => {
    const range = parseAddressRange(text);
    if (typeof range === 'string') throw new Error(`${text} ${range}`);
    return range;
  });
}

function listOf(texts: readonly string[]): PrefixList {
  const list = new PrefixList(4);
  for (const range of ranges(...texts)) list.add(range);
  return list;
}

function members(set: AddressSet): string[] {
  return Array.from({ length: set.size }, (_, number) => {
    const bytes = new Uint8Array(set.family === 4 ? 4 : 16);
    set.writeAddress(number, bytes, 0);
    return formatIpAddress(bytes);
  });
}

describe('prefixesIn', () => {
  it('makes up every range by prefixes, in order and without gaps', () => {
    const end = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n });
    fc.assert(
      fc.property(end, end, (one, other) => {
        const [first, last] = one < other ? [one, other] : [other, one];
        const prefixes = [...prefixesIn({ family: 4, first, last })];
        let next = first;
        for (const prefix of prefixes) {
          const size = prefix.last - prefix.first + 1n;
          expect(prefix.first).toBe(next);
          expect([size & (size - 1n), prefix.first % size]).toEqual([0n, 0n]);
          next = prefix.last + 1n;
        }
        expect(next).toBe(last + 1n);
        expect(prefixes.length).toBeLessThanOrEqual(62);
      }),
    );
  });
});

describe('parseAddressRange', () => {
  it.each([
    ['192.0.2.7', 1],
    ['192.0.2.0/24', 256],
    ['0.0.0.0/0', 2 ** 32],
    ['2001:db8::/112', 65_536],
    ['2001:db8::1', 1],
    ['192.0.2.3-192.0.2.9', 7],
  ])('reads %s', (text, size) => {
    const [range] = ranges(text);
    expect(Number((range?.last ?? 0n) - (range?.first ?? 0n)) + 1).toBe(size);
  });

  it.each([
    ['192.0.2.1/24', 'has bits beyond its prefix: did you mean 192.0.2.0/24?'],
    ['192.0.2.0/33', 'has no prefix length from 0 to 32'],
    ['192.0.2.0/', 'has no prefix length from 0 to 32'],
    ['2001:db8::/129', 'has no prefix length from 0 to 128'],
    ['example.net', 'is no address and no prefix'],
    ['192.0.2.0/24/8', 'is no address and no prefix'],
    ['', 'is no address and no prefix'],
  ])('says what is wrong with %j', (text, complaint) => {
    expect(parseAddressRange(text)).toBe(complaint);
  });
});

describe('sets of ranges', () => {
  it('merge what overlaps or touches', () => {
    const merged = mergedRanges(
      ranges('10.0.0.0/31', '10.0.0.2', '10.0.0.2', '10.0.0.3', '10.0.0.9'),
    );
    expect(members(new AddressSet([...merged]))).toEqual([
      '10.0.0.0',
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.3',
      '10.0.0.9',
    ]);
  });

  it('leave out what is excluded', () => {
    const wanted = ranges('10.0.0.0/28');
    const holes = ranges('10.0.0.0/31', '10.0.0.4', '10.0.0.6/31', '10.0.0.15', '10.0.1.0/24');
    const left = members(new AddressSet([...rangesWithout(wanted, holes)]));
    expect(left).toEqual([2, 3, 5, 8, 9, 10, 11, 12, 13, 14].map((last) => `10.0.0.${last}`));
    expect([...rangesWithout(wanted, ranges('10.0.0.0/8'))]).toEqual([]);
  });

  it('agree with sets of single addresses', () => {
    const cut = fc.record({ at: fc.nat(255), bits: fc.integer({ min: 24, max: 32 }) });
    const prefix = ({ at, bits }: { at: number; bits: number }): string =>
      `10.0.0.${at - (at % 2 ** (32 - bits))}/${bits}`;
    const lists = fc.array(cut, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(lists, lists, (wanted, excluded) => {
        const alone = (cuts: typeof wanted): Set<string> =>
          new Set(cuts.flatMap((each) => members(new AddressSet(ranges(prefix(each))))));
        const [all, holes] = [alone(wanted), alone(excluded)];
        const [inner, outer] = [wanted, excluded].map((cuts) => listOf(cuts.map(prefix)));
        const left = [...rangesWithout(inner ?? [], outer ?? [])];
        const expected = [...all].filter((each) => !holes.has(each));
        const found = left.length === 0 ? [] : members(new AddressSet(left));
        expect(new Set(found)).toEqual(new Set(expected));
        expect(found.length).toBe(expected.length);
      }),
    );
  });
});

describe('AddressSet', () => {
  it.each([
    [['10.0.0.250/31', '10.0.0.255', '10.0.1.0/29', '192.0.2.254/31']],
    [['2001:db8::fffe/127', '2001:db8::1:0/125', '2001:db8:ffff::/126']],
  ])('finds members by number and numbers by member: %j', (texts) => {
    const set = new AddressSet(ranges(...texts));
    for (const [number, text] of members(set).entries()) {
      expect(set.numberOf(parseIpAddress(text) ?? new Uint8Array(), 0)).toBe(number);
    }
  });

  it('knows what is no member', () => {
    const set = new AddressSet(ranges('10.0.0.4/30', '10.0.1.0/30'));
    for (const text of ['10.0.0.3', '10.0.0.8', '10.0.1.4', '0.0.0.0', '255.255.255.255']) {
      expect(set.numberOf(parseIpAddress(text) ?? new Uint8Array(), 0)).toBe(-1);
    }
  });

  it('holds as much as IPv4 has, and not what is too much', () => {
    const all = new AddressSet(ranges('0.0.0.0/0'));
    expect(all.size).toBe(2 ** 32);
    const bytes = new Uint8Array(4);
    all.writeAddress(2 ** 32 - 1, bytes, 0);
    expect(bytes.join('.')).toBe('255.255.255.255');
    expect(() => new AddressSet(ranges('2001:db8::/64'))).toThrow(RangeError);
    expect(() => new AddressSet([])).toThrow(RangeError);
  });
});
