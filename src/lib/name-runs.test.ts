import { expect, test } from 'vitest';
import { nameRuns } from './name-runs.ts';

test.each([
  { names: [], text: '' },
  { names: ['a'], text: 'a' },
  { names: ['r2.0', 'r2.1'], text: 'r2.0, r2.1' },
  {
    names: ['r2.0', 'r2.1', 'r2.2', 'x', 'r3.8', 'r3.9', 'r3.10'],
    text: 'r2.0…r2.2, x, r3.8…r3.10',
  },
  { names: ['r2.0', 'r2.2', 'r2.4'], text: 'r2.0, r2.2, r2.4' },
])('$names are called "$text"', ({ names, text }) => {
  expect(nameRuns(names)).toBe(text);
});
