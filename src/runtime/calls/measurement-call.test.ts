import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MeasurementCall } from './measurement-call.ts';

const FAILURE = new Error('no such host');

function failing(): MeasurementCall<string, string> {
  return new MeasurementCall<string, string>(() => Promise.reject(FAILURE));
}

describe('an error', () => {
  const unhandled: unknown[] = [];
  const note = (error: unknown): void => {
    unhandled.push(error);
  };
  let others: NodeJS.UnhandledRejectionListener[] = [];

  beforeEach(() => {
    unhandled.length = 0;
    others = process.listeners('unhandledRejection');
    process.removeAllListeners('unhandledRejection');
    process.on('unhandledRejection', note);
  });

  afterEach(() => {
    process.off('unhandledRejection', note);
    for (const other of others) process.on('unhandledRejection', other);
  });

  /** Rejections are unhandled once all that was due at once is done. */
  const untilNoted = () => new Promise((resolve) => setImmediate(resolve));

  test('that nobody awaits or hears is unhandled, as that of any promise', async () => {
    failing();
    await untilNoted();
    expect(unhandled).toEqual([FAILURE]);
  });

  test('is told to who awaits it', async () => {
    await expect(failing()).rejects.toBe(FAILURE);
    await untilNoted();
    expect(unhandled).toEqual([]);
  });

  test('is told to who hears the events', async () => {
    await expect(failing().events().next()).rejects.toBe(FAILURE);
    await untilNoted();
    expect(unhandled).toEqual([]);
  });
});

test('a call is a promise to the compiler, too', async () => {
  const call: Promise<string> = new MeasurementCall<string, never>(() => Promise.resolve('done'));
  expect(await call).toBe('done');
  expect(String(call)).toBe('[object MeasurementCall]');
});
