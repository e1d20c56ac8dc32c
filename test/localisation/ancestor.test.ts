import { describe, expect, it } from 'vitest';
import { ancestorBreaks, lossyBreak } from '../../bench/localisation/ancestor.ts';
import { countsOf, flowOf } from '../support/path-counts.ts';

const CASES: readonly { rates: readonly number[]; at: number | undefined }[] = [
  { rates: [1, 1, 1, 0.8, 0.8, 0.7], at: 2 },
  { rates: [1, 1, 1, 1, 0.8], at: undefined },
  { rates: [1, 1, 1, 0.8], at: undefined },
  { rates: [0.5, 1, 1, 0.9, 0.9], at: 2 },
  { rates: [0.5, 1, 0.4, 0.4], at: 1 },
  { rates: [1, Number.NaN, Number.NaN], at: 0 },
  { rates: [1, 1, 1, 1], at: undefined },
];

describe("the ancestor's rule", () => {
  for (const { rates, at } of CASES) {
    it(`finds ${at === undefined ? 'nothing' : `hop ${at}`} in ${rates.join(' ')}`, () => {
      expect(lossyBreak(rates)).toBe(at);
    });
  }

  it('takes a target that does not answer for a loss', () => {
    const counts = countsOf([flowOf([1, 2, '*'], 10), flowOf([1, 2, 'T'], 10)]);
    expect(ancestorBreaks(counts)).toEqual([1, undefined]);
  });

  it('counts late SYN-ACKs as answers', () => {
    const flow = flowOf([1, 2, 3, 'T'], 10, [10, 10, 9, 9]);
    expect(ancestorBreaks(countsOf([flow]))).toEqual([1]);
    expect(ancestorBreaks(countsOf([{ ...flow, answeredLate: 1 }]))).toEqual([undefined]);
  });
});
