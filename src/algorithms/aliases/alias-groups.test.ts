import { expect, test } from 'vitest';
import { aliasGroups, type PairEvidence, posterior } from './alias-groups.ts';

function pair(a: number, b: number, probability: number): PairEvidence {
  return { pair: [a, b], kind: 'ip-id', probability };
}

test('evidence is worth what it would be by chance', () => {
  expect(posterior(1)).toBeCloseTo(0.1, 12);
  expect(posterior(1e-4)).toBeGreaterThan(0.999);
});

test('pairs with an interface in common are one router, no surer than all of them', () => {
  const [group, ...others] = aliasGroups([pair(1, 2, 0.999), pair(2, 3, 0.99)], () => false);
  expect(others).toEqual([]);
  expect(group?.members).toEqual([1, 2, 3]);
  expect(group?.probability).toBeCloseTo(0.999 * 0.99, 12);
});

test('nothing joins on weak evidence, or where a pair speaks against it', () => {
  expect(aliasGroups([pair(1, 2, 0.9)], () => false)).toEqual([]);
  const apart = (a: number, b: number): boolean => Math.min(a, b) === 1 && Math.max(a, b) === 3;
  const groups = aliasGroups([pair(1, 2, 0.999), pair(2, 3, 0.99)], apart);
  expect(groups.map(({ members }) => members)).toEqual([[1, 2]]);
});
