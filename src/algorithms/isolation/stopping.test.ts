import { describe, expect, test } from 'vitest';
import { locatedLoss } from '../../../test/support/located-loss.ts';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { hiddenLossWorths, probesNeeded } from './stopping.ts';

function mayHideLoss(...args: Parameters<typeof hiddenLossWorths>): boolean {
  return hiddenLossWorths(...args) !== undefined;
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

describe('a probe that looks for another loss', () => {
  const worthsOf = (...args: Parameters<typeof hiddenLossWorths>) =>
    new Map(hiddenLossWorths(...args)?.map(({ flow, nats }) => [flow, nats]));

  test('is worth more the more links it crosses', () => {
    const [near = 0, middle = 0, far = 0] =
      worthsOf(countsOf([flowOf([1, 2, 'T'], 5)]), new Set(), NOBODY).get(0) ?? [];
    expect(near).toBeGreaterThan(0);
    expect(middle).toBeGreaterThan(near);
    expect(far).toBeGreaterThan(middle);
  });

  test('is worth more where fewer have crossed', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 50), flowOf([1, 3, 'T'], 5)]);
    const worths = worthsOf(counts, new Set(), NOBODY);
    expect(worths.get(1)?.[2]).toBeGreaterThan(5 * (worths.get(0)?.[2] ?? Number.NaN));
  });

  test('tells nothing to who limits answers, or across a loss that is known', () => {
    const counts = countsOf([flowOf([1, 2, 'T'], 5), flowOf([1, 3, 'T'], 5)]);
    const worths = worthsOf(counts, new Set([1]), { ...NOBODY, limited: new Set([2]) });
    expect(worths.get(0)?.[1]).toBe(0);
    expect(worths.get(0)?.[2]).toBeGreaterThan(0);
    expect(worths.has(1)).toBe(false);
  });
});

describe('the probes that are still needed', () => {
  const sent = { probesSent: 1000, exclude: 0.02 };

  test('grow with what is not excluded', () => {
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.04 }, sent)).toBe(1000);
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.2 }, sent)).toBe(9000);
  });

  test('grow with the doubt about a place', () => {
    const needed = (probability: number): number =>
      probesNeeded({ losses: [locatedLoss({ probability })], excludedLossRatio: 1 }, sent);
    expect(needed(0.97)).toBeLessThan(needed(0.7));
    expect(needed(0.7)).toBeLessThan(needed(0.51));
    expect(needed(0.01)).toBe(needed(0.5));
  });

  test('are told to two digits', () => {
    expect(probesNeeded({ losses: [], excludedLossRatio: 0.0333 }, sent)).toBe(670);
  });
});
