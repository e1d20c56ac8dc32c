import { expect, test } from 'vitest';
import { NO_SLOT } from './in-flight.ts';
import { SENT_ROWS_MAX, SentRows } from './sent-rows.ts';

test('each packet has its row, once', () => {
  const rows = new SentRows();
  for (const slot of [7, 3, 9]) rows.note(slot);
  expect([1, 0, 1, 2, 3].map((sequence) => rows.take(sequence))).toEqual([
    3,
    7,
    NO_SLOT,
    9,
    NO_SLOT,
  ]);
});

test('so many last ones are remembered, and none is taken for another', () => {
  const rows = new SentRows();
  for (let i = 0; i <= SENT_ROWS_MAX; i++) rows.note(i);
  expect(rows.take(0)).toBe(NO_SLOT);
  expect(rows.take(1)).toBe(1);
  expect(rows.take(SENT_ROWS_MAX)).toBe(SENT_ROWS_MAX);
});
