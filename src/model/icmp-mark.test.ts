import { expect, test } from 'vitest';
import { icmpMark } from './icmp-mark.ts';
import { returnLength } from './return-length.ts';

const ROWS = [
  { family: 4, type: 11, code: 0, mtu: 0, mark: '' },
  { family: 4, type: 3, code: 3, mtu: 0, mark: '' },
  { family: 4, type: 3, code: 0, mtu: 0, mark: '!N' },
  { family: 4, type: 3, code: 1, mtu: 0, mark: '!H' },
  { family: 4, type: 3, code: 2, mtu: 0, mark: '!P' },
  { family: 4, type: 3, code: 4, mtu: 1400, mark: '!F-1400' },
  { family: 4, type: 3, code: 4, mtu: 0, mark: '!F' },
  { family: 4, type: 3, code: 13, mtu: 0, mark: '!X' },
  { family: 4, type: 3, code: 200, mtu: 0, mark: '!<200>' },
  { family: 6, type: 3, code: 0, mtu: 0, mark: '' },
  { family: 6, type: 1, code: 4, mtu: 0, mark: '' },
  { family: 6, type: 1, code: 0, mtu: 0, mark: '!N' },
  { family: 6, type: 1, code: 1, mtu: 0, mark: '!X' },
  { family: 6, type: 1, code: 3, mtu: 0, mark: '!H' },
  { family: 6, type: 1, code: 9, mtu: 0, mark: '!<9>' },
  { family: 6, type: 2, code: 0, mtu: 1280, mark: '!F-1280' },
  { family: 6, type: 4, code: 1, mtu: 0, mark: '!P' },
] as const;

test.each(ROWS)('IPv$family type $type code $code MTU $mtu is "$mark"', ({ mark, ...cause }) => {
  expect(icmpMark(cause)).toBe(mark);
});

test.each([
  [64, 0],
  [60, 4],
  [255, 0],
  [250, 5],
  [128, 0],
  [30, 2],
  [0, 32],
])('a reply with TTL %i has passed %i routers', (replyTtl, length) => {
  expect(returnLength(replyTtl)).toBe(length);
});
