import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { fileReasonOf, reasonOf } from './reason.ts';

test('an error says its message, anything else itself', () => {
  expect([new Error('no'), 'no', 7, undefined].map(reasonOf)).toEqual([
    'no',
    'no',
    '7',
    'undefined',
  ]);
});

test.each([
  { file: '/nowhere/at all', reason: 'ENOENT: no such file or directory' },
  { file: '/', reason: 'EISDIR: illegal operation on a directory' },
])('what Node says of $file is $reason', ({ file, reason }) => {
  try {
    readFileSync(file);
    expect.unreachable();
  } catch (error) {
    expect(fileReasonOf(error)).toBe(reason);
  }
});
