import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import {
  type AskedProbe,
  answersByClock,
  clockedResponders,
  type TimedProbe,
} from './answer-pace.ts';

const SECOND_US = 1_000_000;
const SEEDS = Array.from({ length: 100 }, (_, seed) => seed);

/** Probes at random gaps of 10 ms on average, in rushes of a second with a second between them. */
function sendTimes(random: Random, count: number): number[] {
  let atUs = 0;
  return Array.from({ length: count }, (_, i) => {
    atUs += 20_000 * random.unit() + (i % 100 === 99 ? SECOND_US : 0);
    return atUs;
  });
}

/** What a token bucket answers. */
function limited(times: readonly number[], perSecond: number, burst: number): TimedProbe[] {
  let [tokens, lastUs] = [burst, 0];
  return times.map((atUs) => {
    tokens = Math.min(burst, tokens + ((atUs - lastUs) / SECOND_US) * perSecond);
    lastUs = atUs;
    const isAnswered = tokens >= 1;
    if (isAnswered) tokens--;
    return { atUs, isAnswered };
  });
}

function lossy(times: readonly number[], loss: number, random: Random): TimedProbe[] {
  return times.map((atUs) => ({ atUs, isAnswered: random.unit() >= loss }));
}

describe('answers by the clock', () => {
  test.each([
    { perSecond: 1, burst: 1 },
    { perSecond: 1, burst: 50 },
    { perSecond: 10, burst: 5 },
  ])('are those of a bucket of $perSecond a second, $burst at once', (bucket) => {
    const found = SEEDS.filter((seed) =>
      answersByClock(limited(sendTimes(new Random(seed), 1500), bucket.perSecond, bucket.burst)),
    );
    expect(found.length).toBeGreaterThanOrEqual(99);
  });

  test.each([0.5, 0.9, 0.97])('are not those that a loss of %d leaves', (loss) => {
    const found = SEEDS.filter((seed) => {
      const random = new Random(seed);
      return answersByClock(lossy(sendTimes(random, 1500), loss, random));
    });
    expect(found).toEqual([]);
  });

  test('are not those between bursts of losses', () => {
    // A second of all, and a second of none.
    const times = sendTimes(new Random(1), 1500);
    const probes = times.map((atUs) => ({ atUs, isAnswered: atUs % (4 * SECOND_US) < SECOND_US }));
    expect(answersByClock(probes)).toBe(false);
  });

  test('are not known from a handful', () => {
    expect(answersByClock(limited(sendTimes(new Random(1), 150), 1, 1))).toBe(false);
    expect(answersByClock([])).toBe(false);
  });
});

test('of several interfaces, those that leave most unanswered are asked one by one', () => {
  const random = new Random(7);
  const times = sendTimes(random, 1500);
  const as = (responder: number, probes: readonly TimedProbe[]): AskedProbe[] =>
    probes.map((probe) => ({ ...probe, responder }));
  const probes = [
    ...as(1, limited(times, 1, 6)),
    ...as(2, lossy(times, 0.9, random)),
    ...as(3, limited(times, 80, 6)),
  ];
  random.shuffle(probes);
  expect([...clockedResponders(probes)]).toEqual([1]);
});
