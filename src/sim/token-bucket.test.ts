import { expect, test } from 'vitest';
import { TokenBucket } from './token-bucket.ts';

function takenOf(bucket: TokenBucket, timesUs: readonly number[]): number {
  return timesUs.filter((atUs) => bucket.take(atUs)).length;
}

function everyMs(count: number, startUs = 0): number[] {
  return Array.from({ length: count }, (_, i) => startUs + i * 1000);
}

test('a full bucket gives its burst at once, and no more', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 6 });
  expect(takenOf(bucket, new Array<number>(20).fill(0))).toBe(6);
});

test('under constant load it gives the burst, then perSecond', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 6 });
  expect(takenOf(bucket, everyMs(10_001))).toBe(6 + 10 * 10);
});

test('idle time fills it up to the burst and not beyond', () => {
  const bucket = new TokenBucket({ perSecond: 10, burst: 6 });
  takenOf(bucket, new Array<number>(6).fill(0));
  expect(takenOf(bucket, new Array<number>(20).fill(3600e6))).toBe(6);
});

test('a time before an earlier one brings nothing back and takes nothing away', () => {
  const timesUs = [1e6, 0.5e6, 0.5e6, 1e6, 1.05e6, 1.1e6];
  const bucket = new TokenBucket({ perSecond: 10, burst: 2 });
  const answers = [true, true, false, false, false, true];
  expect(timesUs.map((atUs) => bucket.take(atUs))).toEqual(answers);
});
