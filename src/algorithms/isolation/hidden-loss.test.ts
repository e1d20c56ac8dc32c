import { describe, expect, test } from 'vitest';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { hiddenLoss } from './hidden-loss.ts';

function mayHideLoss(...args: Parameters<typeof hiddenLoss>): boolean {
  return hiddenLoss(...args) !== undefined;
}

const NOBODY = { confidence: 0.95, lossRatio: 0.05, limited: new Set<number>() };

describe('another loss', () => {
  test('may hide on links that few probes have crossed', () => {
    const few = countsOf([flowOf([1, 2, 'T'], 2)]);
    const many = countsOf([flowOf([1, 2, 'T'], 50)]);
    expect(mayHideLoss(few, new Set(), NOBODY)).toBe(true);
    expect(mayHideLoss(many, new Set(), NOBODY)).toBe(false);
  });

  test('is not waited for where one link of many has few probes', () => {
    const busy = Array.from({ length: 20 }, (_, n) => 11 + n).map((hop) =>
      flowOf([1, hop, 'T'], 100),
    );
    const idle = flowOf([1, 40, 'T'], 1);
    expect(mayHideLoss(countsOf([...busy, idle]), new Set(), NOBODY)).toBe(false);
    expect(mayHideLoss(countsOf([idle]), new Set(), NOBODY)).toBe(true);
  });

  test('is ruled out for longer the surer the answer must be', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 45)]);
    expect(mayHideLoss(counts, new Set(), NOBODY)).toBe(false);
    expect(mayHideLoss(counts, new Set(), { ...NOBODY, confidence: 0.9999 })).toBe(true);
  });

  test('may hide where a probe was lost that nothing explains', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 50, [50, 50, 48])]);
    expect(mayHideLoss(counts, new Set(), NOBODY)).toBe(true);
  });

  test('is not looked for where a loss has been located', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 50, [50, 30, 30]), flowOf([1, 3, 'T'], 50)]);
    expect(mayHideLoss(counts, new Set(), NOBODY)).toBe(true);
    expect(mayHideLoss(counts, new Set([0]), NOBODY)).toBe(false);
  });

  test('is not what limited interfaces leave unanswered', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 80, [80, 40, 80])]);
    expect(mayHideLoss(counts, new Set(), NOBODY)).toBe(true);
    expect(mayHideLoss(counts, new Set(), { ...NOBODY, limited: new Set([2]) })).toBe(false);
  });

  test('may be what an interface is taken to owe, where that is about as much', () => {
    const owing = (answered: number) => {
      const counts = countsOf([flowOf([1, 2, 'T'], 60, [60, answered, 60])]);
      return mayHideLoss(counts, new Set(), { ...NOBODY, limited: new Set([2]) });
    };
    expect(owing(57)).toBe(true);
    expect(owing(30)).toBe(false);
    expect(owing(60)).toBe(false);
  });

  test('takes longer to rule out the smaller it is', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 10)]);
    expect(mayHideLoss(counts, new Set(), { ...NOBODY, lossRatio: 0.2 })).toBe(false);
    expect(mayHideLoss(counts, new Set(), { ...NOBODY, lossRatio: 0.02 })).toBe(true);
  });
});
