import { describe, expect, test } from 'vitest';
import { SendRetries } from './send-retries.ts';

interface Refused {
  readonly flow?: number;
  readonly order: number;
  readonly error?: string;
}

/** Refuses one probe again and again, each time as soon as sending may go on. */
function refusals(
  retries: SendRetries,
  { flow = 0, order, error = 'ENOBUFS' }: Refused,
  count: number,
) {
  let nowUs = 0;
  return Array.from({ length: count }, () => {
    const isToRetry = retries.refused({ flow, order, error }, nowUs);
    const untilUs = Math.max(retries.pausedUntilUs, retries.flowPausedUntilUs(flow));
    const pauseUs = untilUs - nowUs;
    nowUs = untilUs;
    return { isToRetry, pauseUs };
  });
}

test('nothing is paused before a refusal', () => {
  expect(new SendRetries().pausedUntilUs).toBe(Number.NEGATIVE_INFINITY);
  expect(new SendRetries().flowPausedUntilUs(0)).toBe(Number.NEGATIVE_INFINITY);
});

test.each(['ENOBUFS', 'EPERM'])(
  'a probe gets five attempts, with pauses that double: %s',
  (error) => {
    expect(refusals(new SendRetries(), { order: 1, error }, 5)).toEqual([
      { isToRetry: true, pauseUs: 20_000 },
      { isToRetry: true, pauseUs: 40_000 },
      { isToRetry: true, pauseUs: 80_000 },
      { isToRetry: true, pauseUs: 160_000 },
      { isToRetry: false, pauseUs: 320_000 },
    ]);
  },
);

test('pauses grow to half a second and no further', () => {
  const retries = new SendRetries();
  refusals(retries, { order: 1 }, 5);
  const pauses = refusals(retries, { order: 2 }, 4).map(({ pauseUs }) => pauseUs);
  expect(pauses).toEqual([500_000, 500_000, 500_000, 500_000]);
});

test('a packet that goes out makes the next pause short again', () => {
  const retries = new SendRetries();
  refusals(retries, { order: 1 }, 4);
  retries.succeeded(0, 3);
  expect(refusals(retries, { order: 2 }, 1)).toEqual([{ isToRetry: true, pauseUs: 20_000 }]);
});

test('attempts count by probe, and anew after the probe was given up', () => {
  const retries = new SendRetries();
  refusals(retries, { order: 1 }, 4);
  expect(refusals(retries, { order: 2 }, 1)[0]?.isToRetry).toBe(true);
  expect(refusals(retries, { order: 1 }, 1)[0]?.isToRetry).toBe(false);
  expect(refusals(retries, { order: 1 }, 1)[0]?.isToRetry).toBe(true);
});

test('a probe that went out has all its attempts again', () => {
  const retries = new SendRetries();
  refusals(retries, { order: 1 }, 4);
  retries.succeeded(0, 1);
  expect(refusals(retries, { order: 1 }, 5).map(({ isToRetry }) => isToRetry)).toEqual([
    true,
    true,
    true,
    true,
    false,
  ]);
});

describe('a refusal that is no full queue', () => {
  test('of one flow pauses that flow alone, however often', () => {
    const retries = new SendRetries();
    refusals(retries, { flow: 7, order: 1, error: 'EPERM' }, 4);
    expect(retries.pausedUntilUs).toBe(Number.NEGATIVE_INFINITY);
    expect(retries.flowPausedUntilUs(8)).toBe(Number.NEGATIVE_INFINITY);
    expect(retries.flowPausedUntilUs(7)).toBe(300_000);
  });

  test('of one flow again and again is final for its other probes, until one goes out', () => {
    const retries = new SendRetries();
    refusals(retries, { flow: 7, order: 1, error: 'EPERM' }, 5);
    expect(retries.refused({ flow: 7, order: 2, error: 'EPERM' }, 1e6)).toBe(false);
    retries.succeeded(7, 3);
    expect(retries.refused({ flow: 7, order: 4, error: 'EPERM' }, 2e6)).toBe(true);
  });

  test('of two flows, with nothing sent in between, pauses all', () => {
    const retries = new SendRetries();
    refusals(retries, { flow: 7, order: 1, error: 'ENETUNREACH' }, 1);
    refusals(retries, { flow: 8, order: 2, error: 'ENETUNREACH' }, 1);
    expect(retries.pausedUntilUs).toBe(20_000);
  });

  test('of two flows, with a packet sent in between, does not', () => {
    const retries = new SendRetries();
    refusals(retries, { flow: 7, order: 1, error: 'ENETUNREACH' }, 1);
    retries.succeeded(9, 5);
    refusals(retries, { flow: 8, order: 2, error: 'ENETUNREACH' }, 1);
    expect(retries.pausedUntilUs).toBe(Number.NEGATIVE_INFINITY);
  });

  test('for what is wrong with the packet itself is final', () => {
    const retries = new SendRetries();
    expect(retries.refused({ flow: 0, order: 1, error: 'EMSGSIZE' }, 0)).toBe(false);
    expect(retries.flowPausedUntilUs(0)).toBe(Number.NEGATIVE_INFINITY);
  });

  test('is forgotten with its flow', () => {
    const retries = new SendRetries();
    refusals(retries, { flow: 7, order: 1, error: 'EPERM' }, 3);
    retries.forget(7);
    expect(retries.flowPausedUntilUs(7)).toBe(Number.NEGATIVE_INFINITY);
  });
});
