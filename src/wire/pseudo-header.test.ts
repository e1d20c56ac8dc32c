import { expect, test } from 'vitest';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { foldSum } from '../lib/checksum.ts';
import { isChecksumRight, pseudoHeaderSum } from './pseudo-header.ts';

// Linux leaves exactly this sum in a 40-byte SYN|ACK that offload should have finished.
const SOURCE = bytesOf('0ac80001');
const DESTINATION = bytesOf('0a640001');

test('the sum of a pseudo header is the one that Linux leaves to offload', () => {
  expect(foldSum(pseudoHeaderSum(SOURCE, DESTINATION, 6, 40))).toBe(0x155c);
});

test('lengths above 65535 count in full', () => {
  expect(pseudoHeaderSum(SOURCE, DESTINATION, 6, 0x1_0002)).toBe(
    pseudoHeaderSum(SOURCE, DESTINATION, 6, 3),
  );
});

test.each([
  { shows: 'a whole checksum', field: 'ea93', isRight: true },
  { shows: 'an offloaded one', field: '1546', isRight: true },
  { shows: 'any other', field: 'ea94', isRight: false },
])('$shows is right: $isRight', ({ field, isRight }) => {
  const bytes = bytesOf(`0011 0015 ${field}`);
  const sum = pseudoHeaderSum(SOURCE, DESTINATION, 6, 18);
  expect(isChecksumRight(bytes, { start: 0, end: 6, field: 4 }, sum)).toBe(isRight);
});
