import { describe, expect, test } from 'vitest';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { type HiddenLoss, hiddenLoss } from './hidden-loss.ts';
import type { PlannedProbe } from './round-options.ts';
import { searchLooks } from './search-looks.ts';

const SIZES = { confidence: 0.95, lossRatio: 0.05, limited: new Set<number>() };

function hiddenOn(
  flows: Parameters<typeof countsOf>[0],
  { limited = new Set(), located = [] }: { limited?: Set<number>; located?: number[] } = {},
): HiddenLoss {
  const hidden = hiddenLoss(countsOf(flows), new Set(located), { ...SIZES, limited });
  if (hidden === undefined) throw new Error('there is nothing to look for');
  return hidden;
}

function looksFor(hidden: HiddenLoss, inFlight: readonly PlannedProbe[] = []): PlannedProbe[] {
  return searchLooks(hidden, { minTtl: 1, inFlight });
}

function ttlsOf(probes: readonly PlannedProbe[], flow: number): Set<number> {
  return new Set(probes.filter((each) => each.flow === flow).map(({ ttl }) => ttl));
}

describe('probes against a hidden loss', () => {
  test('ask who answers from beyond most links', () => {
    const looks = looksFor(hiddenOn([flowOf([1, 2, 'T'], 10)]));
    expect(looks.length).toBeGreaterThan(0);
    expect(ttlsOf(looks, 0)).toEqual(new Set([3]));
  });

  test('are as many as bring the odds down, and no more', () => {
    const near = looksFor(hiddenOn([flowOf([1, 2, 'T'], 5)]));
    const far = looksFor(hiddenOn([flowOf([1, 2, 'T'], 10)]));
    expect(far.length).toBeLessThan(near.length);
    const { odds, enough, perAnswer } = hiddenOn([flowOf([1, 2, 'T'], 10)]);
    const after = odds.reduce((sum, each) => sum + each, 0) * perAnswer ** far.length;
    expect(after).toBeLessThan(enough);
    expect(after).toBeGreaterThan(0.6 * enough);
  });

  test('go where fewer have crossed', () => {
    const looks = looksFor(hiddenOn([flowOf([1, 2, 'T'], 50), flowOf([1, 3, 'T'], 1)]));
    expect(ttlsOf(looks, 1)).toEqual(new Set([3]));
    expect(ttlsOf(looks, 0).size).toBe(0);
  });

  test('count those under way for answered', () => {
    const hidden = hiddenOn([flowOf([1, 2, 'T'], 5)]);
    const looks = looksFor(hidden);
    const half = looks.slice(0, looks.length / 2);
    expect(looksFor(hidden, half).length).toBe(looks.length - half.length);
    expect(looksFor(hidden, looks)).toEqual([]);
  });

  test('ask nobody who limits answers, and nobody more than a round has time for', () => {
    const limited = new Set([2]);
    const ends = Array.from({ length: 40 }, (_, n) => flowOf([1, 10 + n, 2, 'T'], 1));
    const looks = looksFor(hiddenOn(ends, { limited }));
    expect(looks.filter(({ ttl }) => ttl === 4)).toHaveLength(80);
    expect(looks.some(({ ttl }) => ttl === 3)).toBe(false);
  });

  test('leave flows alone that cross a loss that has its place', () => {
    const hidden = hiddenOn([flowOf([1, 2, 'T'], 5), flowOf([1, 3, 'T'], 5)], { located: [0] });
    expect(ttlsOf(looksFor(hidden), 0).size).toBe(0);
  });
});
