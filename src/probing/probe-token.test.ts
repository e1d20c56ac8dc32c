import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { ProbeTokens, TOKEN_KEY_WORDS } from './probe-token.ts';

const word = fc.integer(); // of 32 bits
const key = fc
  .array(word, { minLength: TOKEN_KEY_WORDS, maxLength: TOKEN_KEY_WORDS })
  .map((words) => Uint32Array.from(words));

function keyOf(seed: number): Uint32Array {
  const random = new Random(seed);
  return Uint32Array.from({ length: TOKEN_KEY_WORDS }, () => random.uint32());
}

function bitsOf(value: number): number {
  let bits = 0;
  for (let rest = value >>> 0; rest !== 0; rest >>>= 1) bits += rest & 1;
  return bits;
}

describe('tokens are a permutation of 32-bit numbers', () => {
  test('decoding undoes encoding, and encoding undoes decoding', () => {
    fc.assert(
      fc.property(key, word, (words, value) => {
        const tokens = new ProbeTokens(words);
        expect(tokens.decode(tokens.encode(value))).toBe(value);
        expect(tokens.encode(tokens.decode(value))).toBe(value);
      }),
    );
  });

  test('every token is a 32-bit number', () => {
    fc.assert(
      fc.property(key, word, (words, counter) => {
        const token = new ProbeTokens(words).encode(counter);
        expect(token).toBe(token | 0);
      }),
    );
  });

  test.each([0, -0x8000_0000, -1])('keeps the ends of the range apart: %i', (counter) => {
    const tokens = new ProbeTokens(keyOf(1));
    expect(tokens.decode(tokens.encode(counter))).toBe(counter);
  });
});

test('the first 100 000 counters of another key have other tokens', () => {
  const [one, other] = [new ProbeTokens(keyOf(1)), new ProbeTokens(keyOf(2))];
  let same = 0;
  for (let counter = 0; counter < 100_000; counter++) {
    if (one.encode(counter) === other.encode(counter)) same++;
  }
  expect(same).toBeLessThanOrEqual(2); // Poisson of mean 100 000 / 2^32
});

test.each([0, 1, 2, 3])('a change of key word %i changes the tokens', (changed) => {
  const words = keyOf(1);
  const other = words.slice();
  other[changed] = (other[changed] ?? 0) ^ 1;
  const [before, after] = [new ProbeTokens(words), new ProbeTokens(other)];
  const counters = Array.from({ length: 1000 }, (_, counter) => counter);
  const differing = counters.filter((each) => before.encode(each) !== after.encode(each));
  expect(differing.length).toBeGreaterThan(990);
});

test('a changed bit of the counter changes about half of the token', () => {
  const tokens = new ProbeTokens(keyOf(3));
  const random = new Random(4);
  for (let bit = 0; bit < 32; bit++) {
    let changed = 0;
    for (let i = 0; i < 500; i++) {
      const counter = random.uint32() | 0;
      changed += bitsOf(tokens.encode(counter) ^ tokens.encode(counter ^ (1 << bit)));
    }
    // 16 of 32 on average; four rounds of a 16-bit half leave it a little less in the worst bit.
    expect(changed / 500, `bit ${bit}`).toBeGreaterThan(13);
    expect(changed / 500, `bit ${bit}`).toBeLessThan(19);
  }
});

test('counters in a row have tokens that are spread evenly', () => {
  const tokens = new ProbeTokens(keyOf(5));
  const counts = new Array<number>(256).fill(0);
  for (let counter = 0; counter < 65_536; counter++) {
    const octet = tokens.encode(counter) >>> 24;
    counts[octet] = (counts[octet] ?? 0) + 1;
  }
  const chiSquare = counts.reduce((sum, count) => sum + (count - 256) ** 2 / 256, 0);
  expect(chiSquare).toBeLessThan(377); // df 255, 10⁻⁶
});

test.each([0, 3, 5])('a key of %i words is refused', (words) => {
  expect(() => new ProbeTokens(new Uint32Array(words))).toThrow(RangeError);
});
