import fc from 'fast-check';
import { expect, test } from 'vitest';
import { octets } from '../../test/goldens/wire/codec-contract.ts';
import { formatIpAddress } from '../lib/ip-address.ts';
import { AddressBook } from './address-book.ts';

const address = fc.oneof(octets(4), octets(16));

test('numbers addresses from 0 in the order in which they come, each once', () => {
  fc.assert(
    fc.property(fc.array(address), (addresses) => {
      const book = new AddressBook();
      const texts = [...new Set(addresses.map((bytes) => formatIpAddress(bytes)))];
      const indexes = addresses.map((bytes) => book.indexOf(bytes));
      expect(indexes).toEqual(addresses.map((bytes) => texts.indexOf(formatIpAddress(bytes))));
      expect(book.size).toBe(texts.length);
      expect(texts.map((_, index) => book.textOf(index))).toEqual(texts);
    }),
  );
});

const ALIKE = [
  ['0.0.0.1', [0, 0, 0, 1]],
  ['1.0.0.1', [1, 0, 0, 1]],
  ['0.1.0.1', [0, 1, 0, 1]],
  ['255.255.255.255', [255, 255, 255, 255]],
  ['128.0.0.0', [128, 0, 0, 0]],
  ['::1', [...new Array(15).fill(0), 1]],
  ['::ffff:0.0.0.1', [...new Array(10).fill(0), 255, 255, 0, 0, 0, 1]],
] as const;

test('tells apart what looks alike in other notations', () => {
  const book = new AddressBook();
  const indexes = ALIKE.map(([, bytes]) => book.indexOf(Uint8Array.from(bytes)));
  expect(new Set(indexes).size).toBe(ALIKE.length);
});

test('keeps no view of the bytes that it was given', () => {
  const book = new AddressBook();
  const bytes = Uint8Array.of(10, 0, 0, 1);
  const index = book.indexOf(bytes);
  bytes[3] = 2;
  expect(book.indexOf(bytes)).not.toBe(index);
  expect(book.textOf(index)).toBe('10.0.0.1');
});

test.each([-1, 0, 1.5, Number.NaN])('has no address number %d while it is empty', (index) => {
  expect(() => new AddressBook().textOf(index)).toThrow(RangeError);
});
