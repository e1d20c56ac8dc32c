/** What every codec of `src/wire/` owes, as tests: see `testCodec`. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Malformed } from '../../../src/wire/malformed.ts';
import { bytesOf } from './golden.ts';

export interface CodecRow<T> {
  /** What is special about this row; it ends the sentence "reads and writes …". */
  readonly shows: string;
  /** Hex, spaced as the reader likes. */
  readonly bytes: string;
  readonly value: T;
}

export interface Codec<T> {
  readonly decode: (bytes: Uint8Array) => T | Malformed;
  readonly encode: (value: T) => Uint8Array;
  readonly rows: readonly CodecRow<T>[];
  /** Any value that the encoder accepts. */
  readonly values: fc.Arbitrary<T>;
}

/**
 * Tests that rows are read and written, that nothing makes the decoder throw (rows cut at every
 * length, rows with one byte changed, noise), and that decoding undoes encoding.
 */
export function testCodec<T extends object>(name: string, codec: Codec<T>): void {
  const { decode, encode, rows, values } = codec;
  describe(name, () => {
    test.each(rows)('reads and writes $shows', ({ bytes, value }) => {
      expect(decode(bytesOf(bytes))).toEqual(value);
      expect(encode(value)).toEqual(bytesOf(bytes));
    });
    test.each(rows)('survives a cut anywhere in $shows', ({ bytes }) => {
      expect(lengthsThatThrow(bytesOf(bytes), decode)).toEqual([]);
    });
    test.each(rows)('survives any changed byte in $shows', ({ bytes }) => {
      expect(changesThatThrow(bytesOf(bytes), decode)).toEqual([]);
    });
    test('survives noise', () => {
      const noise = fc.uint8Array({ maxLength: 200 });
      fc.assert(fc.property(noise, (bytes) => !throws(() => decode(bytes))));
    });
    test('reads back every value that it writes', () => {
      fc.assert(
        fc.property(values, (value) => {
          expect(decode(encode(value))).toEqual(value);
        }),
      );
    });
  });
}

/** Every length at which `decode` throws on a prefix of `bytes`. */
export function lengthsThatThrow(
  bytes: Uint8Array,
  decode: (cut: Uint8Array) => unknown,
): number[] {
  const lengths = Array.from({ length: bytes.length + 1 }, (_, length) => length);
  return lengths.filter((length) => throws(() => decode(bytes.slice(0, length))));
}

/** Every "offset=value" that makes `decode` throw: all 256 values in the first 128 bytes. */
export function changesThatThrow(
  bytes: Uint8Array,
  decode: (changed: Uint8Array) => unknown,
): string[] {
  const found: string[] = [];
  const changed = bytes.slice();
  for (let offset = 0; offset < Math.min(bytes.length, 128); offset++) {
    for (let value = 0; value < 256; value++) {
      changed[offset] = value;
      if (throws(() => decode(changed))) found.push(`${offset}=${value}`);
    }
    changed[offset] = bytes[offset] ?? 0;
  }
  return found;
}

function throws(run: () => unknown): boolean {
  try {
    run();
    return false;
  } catch {
    return true;
  }
}

/** Random byte strings of whole 32-bit words, as options are. */
export function wordsUpTo(maxWords: number): fc.Arbitrary<Uint8Array> {
  return fc.nat({ max: maxWords }).chain((words) => octets(4 * words));
}

/** Random byte strings of one length, as addresses are. */
export function octets(length: number): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: length, maxLength: length });
}

/** Random numbers of so many bits. */
export function bits(width: number): fc.Arbitrary<number> {
  return fc.integer({ min: 0, max: 2 ** width - 1 });
}
