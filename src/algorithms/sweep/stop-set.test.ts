import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import type { SweepAnswer } from '../../model/sweep.ts';
import { StopSetRounds } from './stop-set.ts';

const EXTENT = { minTtl: 1, maxTtl: 32, splitTtl: 8, gapLimit: 5 };

type Said = Partial<SweepAnswer> | undefined;

/** The TTLs at which one target is probed, where each TTL is answered so. */
function probedTtls(answerAt: (ttl: number) => Said): number[] {
  const plan = new StopSetRounds(1, EXTENT, new Random(1));
  const ttls: number[] = [];
  do {
    const answers: SweepAnswer[] = [];
    while (plan.next()) {
      const { ttl } = plan;
      ttls.push(ttl);
      const said = answerAt(ttl);
      if (said === undefined) continue;
      const router = { flow: 0, interfaceHash: ttl, isNewInterface: true, isTarget: false };
      answers.push({ slot: 0, ttl, ...router, isEnd: false, distance: 0, ...said });
    }
    for (const answer of answers) plan.replied(answer);
  } while (plan.nextRound());
  return ttls.sort((a, b) => a - b);
}

const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1);

test('forwards ends at the target, backwards at the first TTL', () => {
  const ttls = probedTtls((ttl) => (ttl < 10 ? {} : { isTarget: true, isEnd: true, distance: 10 }));
  expect(ttls).toEqual(upTo(10));
});

test('forwards ends at a router that refuses, and no TTL behind it is probed', () => {
  expect(probedTtls((ttl) => (ttl < 10 ? {} : { isEnd: true, distance: 10 }))).toEqual(upTo(10));
});

test('backwards goes on from a router nearby that refuses', () => {
  const ttls = probedTtls((ttl) => (ttl < 4 ? {} : { isEnd: true, distance: 4 }));
  expect(ttls).toEqual([1, 2, 3, 8, 9]);
});

test('forwards gives up where too many TTLs are silent', () => {
  expect(probedTtls((ttl) => (ttl < 10 ? {} : undefined))).toEqual(upTo(9 + EXTENT.gapLimit));
});

test('backwards ends at an interface that the sweep knows', () => {
  const ttls = probedTtls((ttl) => (ttl > 10 ? undefined : { isNewInterface: ttl > 5 }));
  expect(ttls[0]).toBe(5);
});
