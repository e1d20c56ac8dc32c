import { expect, test } from 'vitest';
import { FNV_BASIS, fnvStep } from './fnv1a.ts';

test.each([
  { text: '', hash: 0x811c9dc5 },
  { text: 'a', hash: 0xe40c292c },
  { text: 'foobar', hash: 0xbf9cf968 },
])('the hash of "$text"', ({ text, hash }) => {
  const steps = [...Buffer.from(text)].reduce(fnvStep, FNV_BASIS);
  expect(steps >>> 0).toBe(hash);
});
