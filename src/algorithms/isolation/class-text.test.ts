import { expect, test } from 'vitest';
import { classText } from './class-text.ts';

const SIZES = [
  { tos: 0, packetBytes: 40 },
  { tos: 0, packetBytes: 1400 },
  { tos: 184, packetBytes: 40 },
  { tos: 184, packetBytes: 1400 },
];

test.each([
  { hit: [1, 3], text: 'of 1400 bytes' },
  { hit: [2, 3], text: 'with TOS 184' },
  { hit: [3], text: 'of 1400 bytes with TOS 184' },
  { hit: [0, 3], text: 'of 40 bytes with TOS 0 or of 1400 bytes with TOS 184' },
])('$hit are packets $text', ({ hit, text }) => {
  expect(classText(SIZES, hit)).toBe(text);
});

test('several sizes are listed', () => {
  const all = [40, 600, 1400].map((packetBytes) => ({ tos: 0, packetBytes }));
  expect(classText(all, [1, 2])).toBe('of 600 or 1400 bytes');
});
