import { describe, expect, test } from 'vitest';
import { shippedCases } from '../support/shipped-truth.ts';
import { describeRun, isolateSimulated } from '../support/simulated-isolation.ts';

/** Any will do: every one of them must give the truth. */
const SEEDS = [1, 2];

describe.each(shippedCases())('$name over IPv$family', ({ claim, isRight, runsOf }) => {
  test.each(runsOf(SEEDS))(`seed $seed: ${claim}`, async (run) => {
    const record = await isolateSimulated(run);
    expect(isRight(record, run), describeRun(record, run)).toBe(true);
  });
});
