import { beforeAll, describe, expect, test } from 'vitest';
import { foundFaults, medianOf } from '../../bench/localisation/figures.ts';
import { runSequential, type SequentialResult } from '../../bench/localisation/sequential.ts';

/** Of each kind: few, as a run takes up to a second. */
const SEEDS = [890_000, 890_001];
const KINDS = ['link-20', 'node-5', 'black-hole', 'bucket-8-100'];
const TIME_MS = 120_000;

describe('runs that stop when they are sure', () => {
  let results: readonly SequentialResult[] = [];
  beforeAll(() => {
    results = KINDS.flatMap((kind) =>
      SEEDS.map((seed) => runSequential({ kind, seed, hasBursts: false })),
    );
  }, TIME_MS);

  test('name what is wrong, and hardly ever what is not', () => {
    const found = results.flatMap(foundFaults).filter(Boolean).length;
    const wrong = results
      .flatMap(({ losses }) => losses)
      .filter(({ fault }) => fault === -1).length;
    expect(found).toBeGreaterThanOrEqual(results.length - 1);
    expect(wrong).toBeLessThanOrEqual(1);
  });

  test('take seconds, and a fraction of the probes of a fixed plan', () => {
    expect(medianOf(results.map(({ seconds }) => seconds))).toBeLessThan(9);
    const shares = results.map(({ probes, plannedProbes }) => probes / plannedProbes);
    expect(medianOf(shares)).toBeLessThan(0.22);
  });

  test('gather what shows the fault to one who knows where it is', () => {
    for (const { detectable, evidence, kind, seed } of results) {
      expect(detectable, `${kind}:${seed}`).toEqual([true]);
      expect(evidence[0], `${kind}:${seed}`).toBeGreaterThan(10);
    }
  });
});
