import { describe, expect, test } from 'vitest';
import { countsOf, flowOf, type Hop } from '../../../test/support/path-counts.ts';
import type { FlowCounts } from '../../model/path-counts.ts';
import { localise } from '../localisation/localise.ts';
import { isWithin, starsAt, unclearRows, withoutRows } from './limited-stars.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };

/** A flow that was asked so often at each hop, and answered by each so often. */
function flow(path: readonly Hop[], asked: number, answered: readonly number[]): FlowCounts {
  return flowOf(path, asked, answered);
}

/** 21 and 22 answer what they are asked, 31 answers one probe in ten. */
const CLEAR = [
  flow([11, 21, 31, 'T'], 40, [40, 40, 4, 40]),
  flow([11, 22, 32, 'T'], 40, [40, 40, 40, 40]),
];
const found = (...flows: readonly FlowCounts[]) =>
  localise(countsOf([...CLEAR, ...flows]), OPTIONS);

describe('the path of a flow', () => {
  test('is not clear where it has a star that a limited interface may have left', () => {
    const starred = flow([11, 22, '*', 'T'], 10, [10, 10, 0, 10]);
    expect([...unclearRows(found(starred))]).toEqual([[2, 'limited']]);
  });

  test('is clear where a limited interface would have answered sooner or later', () => {
    const starred = flow([11, 22, '*', 'T'], 300, [300, 300, 0, 300]);
    const answered = Array.from({ length: 40 }, () => flow([11, 21, 31, 'T'], 40, [40, 40, 4, 40]));
    expect(unclearRows(found(...answered, starred)).size).toBe(0);
  });

  test('is doubtful where a hop has been asked too seldom to be called silent', () => {
    const starred = flow([11, '*', 32, 'T'], 3, [3, 0, 3, 3]);
    expect([...unclearRows(found(starred))]).toEqual([[2, 'doubtful']]);
  });

  test('matters to a loss that it crosses, a limit more than a doubt', () => {
    const unclear = new Map([
      [1, 'doubtful'],
      [2, 'limited'],
    ] as const);
    expect(starsAt({ flowsAcross: [0] }, unclear)).toBeUndefined();
    expect(starsAt({ flowsAcross: [0, 1] }, unclear)).toBe('doubtful');
    expect(starsAt({ flowsAcross: [1, 2] }, unclear)).toBe('limited');
  });
});

describe('a loss of flows whose paths are clear', () => {
  const lossy = [0, 1, 2, 3].map(() => flow([11, 23, 33, 'T'], 60, [60, 60, 48, 48]));
  const spared = [0, 1, 2, 3].map(() => flow([11, 23, 34, 'T'], 60, [60, 60, 60, 60]));
  const all = localise(countsOf([...lossy, ...spared]), OPTIONS);
  const lossIn = (localisation: typeof all) => {
    const [loss] = localisation.losses;
    if (loss === undefined) throw new Error('nothing found');
    return { loss, graph: localisation.graph };
  };

  test('is at the same place if it could be nowhere else', () => {
    const fewer = localise(
      withoutRows(countsOf([...lossy, ...spared]), new Map([[0, '']])),
      OPTIONS,
    );
    expect(isWithin(lossIn(fewer), lossIn(all))).toBe(true);
  });

  test('is not if it could also be elsewhere', () => {
    const rows = new Map([4, 5, 6, 7].map((row) => [row, '']));
    const alone = localise(withoutRows(countsOf([...lossy, ...spared]), rows), OPTIONS);
    expect(isWithin(lossIn(alone), lossIn(all))).toBe(false);
    expect(isWithin(lossIn(all), lossIn(alone))).toBe(true);
  });
});
