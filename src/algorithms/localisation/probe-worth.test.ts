import { describe, expect, test } from 'vitest';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { localise } from './localise.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
/** Flows with a path of their own between the same ends. */
const PATHS = [10, 11, 12, 13].map((own) => [1, own, own + 10, 2, 'T'] as const);

/** Worths by flow, when the first flow has lost so many of 20 at each hop, and others nothing. */
function worthsWith(lost: readonly number[]): Map<number, readonly number[]> {
  const flows = PATHS.map((path, index) =>
    index === 0
      ? flowOf(
          path,
          20,
          lost.map((count) => 20 - count),
        )
      : flowOf(path, 20),
  );
  const { worths } = localise(countsOf(flows), OPTIONS);
  return new Map(worths.map(({ flow, nats }) => [flow, nats]));
}

const sum = (nats: readonly number[] = []): number => nats.reduce((all, each) => all + each, 0);

describe('a probe', () => {
  test('tells nothing where nothing was lost', () => {
    expect(sum([...worthsWith([0, 0, 0, 0, 0]).values()].flat())).toBe(0);
  });

  test('tells something on a flow that lost some, at the hops where it did', () => {
    const worths = worthsWith([0, 0, 0, 1, 2]);
    const [first = 0, , , , last = 0] = worths.get(0) ?? [];
    expect(last).toBeGreaterThan(0.001);
    expect(first).toBeLessThan(0.1 * last);
    expect(sum(worths.get(1))).toBeLessThan(0.5 * sum(worths.get(0)));
  });

  test('tells most where rival places disagree', () => {
    // The loss is on one of the links to the second hop or the third: all behind agree on that.
    const nats = worthsWith([0, 0, 1, 6, 6]).get(0) ?? [];
    const between = Math.max(nats[1] ?? 0, nats[2] ?? 0);
    expect(between).toBeGreaterThan(2 * (nats[4] ?? Number.NaN));
    expect(between).toBeGreaterThan(2 * (nats[0] ?? Number.NaN));
  });

  test('is worth less the surer the place is', () => {
    const [few, many] = [worthsWith([0, 0, 2, 2, 2]), worthsWith([0, 0, 8, 8, 8])];
    expect(Math.max(...(many.get(0) ?? []))).toBeLessThan(0.2 * Math.max(...(few.get(0) ?? [])));
  });
});
