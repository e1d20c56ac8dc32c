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

test('the target answered what it did of all that was sent to it', () => {
  const answers = targetAnswers(countsOf([ANSWERED, UNANSWERED, BROKEN]));
  expect(answers).toEqual({ sent: 20, received: 1 });
});
