import { expect, test } from 'vitest';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { targetAnswers, withoutTarget } from './limited-target.ts';

const ANSWERED = flowOf([1, 2, 'T'], 10, [10, 10, 1]);
const UNANSWERED = flowOf([1, 3, '*', '*'], 10);
const BROKEN = flowOf([1, '*', '*', '*'], 10);

test('paths are cut before the target, also where it never answered', () => {
  const { flows } = withoutTarget(countsOf([ANSWERED, UNANSWERED]));
  expect(flows.map(({ responders }) => responders)).toEqual([
    [1, 2],
    [1, 3],
  ]);
  expect(flows.some(({ isReached }) => isReached)).toBe(false);
});

test('paths that end farther from the target stay as they are', () => {
  const { flows } = withoutTarget(countsOf([ANSWERED, BROKEN]));
  expect(flows[1]).toEqual(BROKEN);
});

test('each of several targets has its own distance, and answered what it did', () => {
  const near = { ...flowOf([5, 'T'], 10, [10, 4]), target: 2000 };
  const silent = { ...flowOf([6, '*', '*'], 10), target: 2000 };
  const counts = countsOf([ANSWERED, near, silent]);
  const { flows } = withoutTarget(counts);
  expect(flows.map(({ responders }) => responders)).toEqual([[1, 2], [5], [6]]);
  expect(flows.map(({ target }) => target)).toEqual([undefined, 2000, 2000]);
  expect(targetAnswers(counts)).toEqual({ sent: 10, received: 1 });
  expect(targetAnswers(counts, 2000)).toEqual({ sent: 20, received: 4 });
});

test('the target answered what it did of all that was sent to it', () => {
  const answers = targetAnswers(countsOf([ANSWERED, UNANSWERED, BROKEN]));
  expect(answers).toEqual({ sent: 20, received: 1 });
});
