import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addWords, checksumOf, foldSum } from './checksum.ts';

/** One big number mod 2^16 − 1; 0xffff is the zero of a message that is not all zero. */
function oracleSum(bytes: Uint8Array): number {
  const even = bytes.length % 2 === 0 ? [...bytes] : [...bytes, 0];
  const hex = even.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const whole = BigInt(`0x${hex || '0'}`);
  return whole === 0n ? 0 : Number(whole % 0xffffn) || 0xffff;
}

/** Up to `maxLength` bytes; the extremes are likelier, since carries live there. */
function someBytes(maxLength: number): fc.Arbitrary<Uint8Array> {
  const octet = fc.oneof(fc.constantFrom(0, 0xff), fc.nat(255));
  return fc.array(octet, { maxLength }).map((octets) => Uint8Array.from(octets));
}

test('RFC 1071 §3: the worked example', () => {
  const bytes = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  expect(addWords(0, bytes)).toBe(0x2ddf0);
  expect(foldSum(0x2ddf0)).toBe(0xddf2);
  expect(checksumOf(0x2ddf0)).toBe(0x220d);
});

test.each([
  [[], 0xffff],
  [[0x12], 0xedff],
  [[0x00, 0x00], 0xffff],
  [[0xff, 0xff], 0x0000],
  [[0xff, 0xff, 0x01], 0xfeff],
  [[0xff, 0xff, 0x00, 0x01], 0xfffe],
])('%j has checksum %i', (bytes, checksum) => {
  expect(checksumOf(addWords(0, Uint8Array.from(bytes)))).toBe(checksum);
});

test('equals one division of the whole message by 2^16 − 1, also at odd lengths', () => {
  fc.assert(
    fc.property(someBytes(200), (bytes) => {
      expect(foldSum(addWords(0, bytes))).toBe(oracleSum(bytes));
    }),
    { numRuns: 2000 },
  );
});

test('128 KiB of ones is exact, on top of the largest partial sum', () => {
  const bytes = new Uint8Array(0x2_0000).fill(0xff);
  const sum = addWords(0xffff_ffff, bytes);
  expect(sum).toBe(0xffff_ffff + 0x1_0000 * 0xffff);
  expect(foldSum(sum)).toBe(0xffff);
});

test('a message may be summed in pieces that are cut at even offsets', () => {
  fc.assert(
    fc.property(someBytes(100), fc.nat(50), (bytes, word) => {
      const cut = Math.min(2 * word, bytes.length - (bytes.length % 2));
      const inPieces = addWords(addWords(0, bytes, 0, cut), bytes, cut);
      expect(inPieces).toBe(addWords(0, bytes));
    }),
  );
});

test('a range says the same as a copy of it', () => {
  fc.assert(
    fc.property(someBytes(60), fc.nat(60), fc.nat(60), (bytes, a, b) => {
      const [start = 0, end = 0] = [a, b]
        .map((at) => Math.min(at, bytes.length))
        .sort((x, y) => x - y);
      expect(addWords(7, bytes, start, end)).toBe(addWords(7, bytes.slice(start, end)));
    }),
  );
});

test('a message that carries its checksum sums to 0xffff', () => {
  fc.assert(
    fc.property(someBytes(100), (bytes) => {
      const even = bytes.slice(0, bytes.length - (bytes.length % 2));
      const checksum = checksumOf(addWords(0, even));
      expect(foldSum(addWords(checksum, even))).toBe(0xffff);
    }),
  );
});
