import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { STAR } from '../../model/path-counts.ts';
import { closerLooks } from './closer-looks.ts';
import type { RoundPlanOptions } from './round-options.ts';

/** Three flows that share their first interface and their last. */
const PATHS = new Map([
  [0, [1, 2, 9]],
  [1, [1, 3, 9]],
  [2, [1, STAR, 9]],
]);

function looksAt(changes: Partial<RoundPlanOptions>): Map<string, number> {
  const options = {
    flows: PATHS.size,
    minTtl: 1,
    maxTtl: 30,
    chosen: [...PATHS.keys()],
    leads: [],
    limited: new Set<number>(),
    random: new Random(1),
    ...changes,
  };
  const counts = new Map<string, number>();
  for (const { flow, ttl } of closerLooks(PATHS, options)) {
    counts.set(`${flow} ${ttl}`, (counts.get(`${flow} ${ttl}`) ?? 0) + 1);
  }
  return counts;
}

describe('closer looks', () => {
  test('go nowhere while nothing is suspected', () => {
    expect(looksAt({}).size).toBe(0);
    expect(looksAt({ worths: [{ flow: 0, nats: [0, 0, 0] }] }).size).toBe(0);
  });

  test('go where an answer tells most', () => {
    const counts = looksAt({ worths: [{ flow: 0, nats: [0, 0.02, 0.0001] }] });
    expect([...counts.keys()]).toEqual(['0 2']);
  });

  test('are shared out by what they tell', () => {
    // 1000 cells of a flow each, so that none gets all it could bear.
    const flows = [...new Array(1000).keys()];
    const paths = new Map(flows.map((flow) => [flow, [flow + 1]]));
    const worths = flows.map((flow) => ({ flow, nats: [flow < 500 ? 0.03 : 0.01] }));
    const planned = closerLooks(paths, {
      flows: 1000,
      minTtl: 1,
      maxTtl: 30,
      chosen: flows,
      leads: [],
      worths,
      limited: new Set(),
      random: new Random(2),
    });
    const first = planned.filter(({ flow }) => flow < 500).length;
    // 375 of 500 expected, σ = 10
    expect(planned.length).toBeGreaterThan(440);
    expect(first / planned.length).toBeGreaterThan(0.68);
    expect(first / planned.length).toBeLessThan(0.82);
  });

  test('ask one interface no more than its share, whoever asks', () => {
    const worths = [0, 1, 2].map((flow) => ({ flow, nats: [0, 0, 0.02] }));
    const asked = [...looksAt({ worths }).values()].reduce((sum, count) => sum + count, 0);
    expect(asked).toBeGreaterThan(40);
    expect(asked).toBeLessThanOrEqual(50);
  });

  test('spare who limits answers, and hops of which nobody knows who is there', () => {
    const worths = [
      { flow: 0, nats: [0, 0.02, 0.02] },
      { flow: 2, nats: [0, 0.02, 0.02] },
    ];
    const counts = looksAt({ worths, limited: new Set([2]) });
    expect([...counts.keys()].sort()).toEqual(['0 3', '2 3']);
  });

  test('grow with the round', () => {
    const worths = [{ flow: 0, nats: [0, 0.02, 0.02] }];
    const sum = (size: number) =>
      [...looksAt({ worths: [...worths, { flow: 1, nats: [0, 0, 0.02] }], size }).values()].reduce(
        (all, count) => all + count,
        0,
      );
    expect(sum(2)).toBeGreaterThanOrEqual(sum(1));
  });
});
