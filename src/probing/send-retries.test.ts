import { expect, test } from 'vitest';
import { SendRetries } from './send-retries.ts';

/** Refuses one probe again and again, each time as soon as sending may go on. */
function refusals(retries: SendRetries, order: number, count: number) {
  let nowUs = 0;
  return Array.from({ length: count }, () => {
    const isToRetry = retries.refused(order, nowUs);
    const pauseUs = retries.pausedUntilUs - nowUs;
    nowUs = retries.pausedUntilUs;
    return { isToRetry, pauseUs };
  });
}

test('nothing is paused before a refusal', () => {
  expect(new SendRetries().pausedUntilUs).toBe(Number.NEGATIVE_INFINITY);
});

test('a probe gets five attempts, with pauses that double', () => {
  expect(refusals(new SendRetries(), 1, 5)).toEqual([
    { isToRetry: true, pauseUs: 20_000 },
    { isToRetry: true, pauseUs: 40_000 },
    { isToRetry: true, pauseUs: 80_000 },
    { isToRetry: true, pauseUs: 160_000 },
    { isToRetry: false, pauseUs: 320_000 },
  ]);
});

test('pauses grow to half a second and no further', () => {
  const retries = new SendRetries();
  refusals(retries, 1, 5);
  const pauses = refusals(retries, 2, 4).map(({ pauseUs }) => pauseUs);
  expect(pauses).toEqual([500_000, 500_000, 500_000, 500_000]);
});

test('a packet that goes out makes the next pause short again', () => {
  const retries = new SendRetries();
  refusals(retries, 1, 4);
  retries.succeeded(3);
  expect(refusals(retries, 2, 1)).toEqual([{ isToRetry: true, pauseUs: 20_000 }]);
});

test('attempts count by probe, and anew after the probe was given up', () => {
  const retries = new SendRetries();
  refusals(retries, 1, 4);
  expect(refusals(retries, 2, 1)[0]?.isToRetry).toBe(true);
  expect(refusals(retries, 1, 1)[0]?.isToRetry).toBe(false);
  expect(refusals(retries, 1, 1)[0]?.isToRetry).toBe(true);
});

test('a probe that went out has all its attempts again', () => {
  const retries = new SendRetries();
  refusals(retries, 1, 4);
  retries.succeeded(1);
  expect(refusals(retries, 1, 5).map(({ isToRetry }) => isToRetry)).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});
