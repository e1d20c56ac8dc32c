import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bits, testCodec } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeIcmpExtension } from '../../test/support/encoded-packets.ts';
import {
  decodeIcmpExtension,
  decodeMplsEntry,
  encodeMplsEntry,
  findIcmpExtension,
  ICMP_OBJECTS_MAX,
  type IcmpObject,
  MPLS_ENTRIES_MAX,
  mplsEntries,
} from './icmp-extension.ts';

const MPLS: IcmpObject = { classNumber: 1, classType: 1, payload: bytesOf('03039101') };

testCodec<readonly IcmpObject[]>('ICMP extension', {
  decode: decodeIcmpExtension,
  encode: encodeIcmpExtension,
  rows: [
    { shows: 'one MPLS label', bytes: '20004af2 00080101 03039101', value: [MPLS] },
    { shows: 'no object', bytes: '2000dfff', value: [] },
    {
      shows: 'an empty object before another',
      bytes: '200048eb 00040203 00080101 03039101',
      value: [{ classNumber: 2, classType: 3, payload: bytesOf('') }, MPLS],
    },
  ],
  values: fc.array(
    fc.record({
      classNumber: bits(8),
      classType: bits(8),
      payload: fc.uint8Array({ maxLength: 20 }),
    }),
    { maxLength: ICMP_OBJECTS_MAX },
  ),
});

describe('what no extension can be', () => {
  test.each([
    { shows: '3 bytes', bytes: '200000', malformed: 'truncated', offset: 3 },
    { shows: 'version 1', bytes: '1000efff', malformed: 'bad-version', offset: 0 },
    { shows: 'a wrong checksum', bytes: '2000dffe', malformed: 'bad-checksum', offset: 2 },
  ])('$shows', ({ bytes, malformed, offset }) => {
    expect(decodeIcmpExtension(bytesOf(bytes))).toEqual({ malformed, offset });
  });
});

describe('objects end, and those before them count,', () => {
  test.each([0, 1, 2, 3, 9, 0xffff])('at an object that says it has %i bytes', (length) => {
    const bytes = bytesOf('20000000 00080101 03039101 00000101 03039101');
    bytes[12] = length >> 8;
    bytes[13] = length;
    expect(decodeIcmpExtension(bytes)).toEqual([MPLS]);
  });

  test(`after ${ICMP_OBJECTS_MAX} of them`, () => {
    const bytes = bytesOf(`20000000 ${'00040101'.repeat(ICMP_OBJECTS_MAX + 1)}`);
    expect(decodeIcmpExtension(bytes)).toHaveLength(ICMP_OBJECTS_MAX);
  });
});

describe('an extension is found', () => {
  const extension = encodeIcmpExtension([MPLS]);
  const unsealed = extension.map((byte, i) => (i === 2 || i === 3 ? 0 : byte));
  test.each([
    { shows: 'where declared', at: 132, declared: 132, bytes: extension, found: true },
    {
      shows: 'where declared, without checksum',
      at: 128,
      declared: 128,
      bytes: unsealed,
      found: true,
    },
    {
      shows: 'at 128 when nothing is declared',
      at: 128,
      declared: 0,
      bytes: extension,
      found: true,
    },
    {
      shows: 'at 128 when 17 words are declared',
      at: 128,
      declared: 68,
      bytes: extension,
      found: true,
    },
    {
      shows: 'at 128 when 128 words are declared',
      at: 128,
      declared: 512,
      bytes: extension,
      found: true,
    },
    {
      shows: 'nowhere undeclared without checksum',
      at: 128,
      declared: 0,
      bytes: unsealed,
      found: false,
    },
    { shows: 'nowhere else', at: 132, declared: 0, bytes: extension, found: false },
  ])('$shows', ({ at, declared, bytes, found }) => {
    const error = new Uint8Array(8 + at + bytes.length);
    error.set(bytes, 8 + at);
    const end = error.length;
    expect(findIcmpExtension(error, 8, end, declared)).toBe(found ? 8 + at : end);
  });

  test('never in what is too short to have one', () => {
    expect(findIcmpExtension(new Uint8Array(36), 8, 36, 1020)).toBe(36);
  });
});

describe('label stack entries', () => {
  test('are read outermost first, from MPLS objects alone', () => {
    const two = { ...MPLS, payload: bytesOf('03039001 03039101 ff') };
    const interfaceObject = { ...MPLS, classNumber: 2 };
    expect(mplsEntries([interfaceObject, two])).toEqual([0x03039001, 0x03039101]);
  });

  test(`are read up to ${MPLS_ENTRIES_MAX}`, () => {
    const payload = new Uint8Array(4 * MPLS_ENTRIES_MAX + 4);
    expect(mplsEntries([{ ...MPLS, payload }])).toHaveLength(MPLS_ENTRIES_MAX);
  });

  test('come apart and together again', () => {
    const parts = { label: 12345, trafficClass: 0, isBottomOfStack: true, ttl: 1 };
    expect(decodeMplsEntry(0x0303_9101)).toEqual(parts);
    fc.assert(fc.property(bits(32), (entry) => encodeMplsEntry(decodeMplsEntry(entry)) === entry));
  });
});
