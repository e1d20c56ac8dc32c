import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { compareIds, type IdSample, unusableIds } from './ip-id-test.ts';

const SEED = 5;
const ROUND_US = 10_000;

/** Replies of two interfaces in turn; `counters`: of one router, or of two. */
function seriesOf(random: Random, counters: 1 | 2, others = 3): [IdSample[], IdSample[]] {
  const ids = [random.below(65_536), random.below(65_536)];
  const series: [IdSample[], IdSample[]] = [[], []];
  for (let round = 0; round < 12; round++) {
    for (const side of [0, 1] as const) {
      const counter = counters === 1 ? 0 : side;
      ids[counter] = ((ids[counter] ?? 0) + 1 + random.below(others)) % 65_536;
      series[side].push({ atUs: round * ROUND_US + side, id: ids[counter] ?? 0 });
    }
  }
  return series;
}

test('one counter is always recognised, and never by chance worth speaking of', () => {
  const random = new Random(SEED);
  for (let run = 0; run < 2000; run++) {
    const [a, b] = seriesOf(random, 1);
    expect(unusableIds(a)).toBeUndefined();
    const verdict = compareIds(a, b);
    expect(verdict, `run ${run}`).toMatchObject({ kind: 'shared' });
    if (verdict.kind === 'shared') expect(verdict.chance).toBeLessThan(0.001);
  }
});

test('two counters are taken for one no more often than the chance that is stated', () => {
  const random = new Random(SEED);
  const runs = 20_000;
  let [shared, stated] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const verdict = compareIds(...seriesOf(random, 2));
    if (verdict.kind !== 'shared') continue;
    shared++;
    stated = Math.max(stated, verdict.chance);
  }
  // 0.0002 of them at most, so 4 of these; 12 would be by luck once in 3000.
  expect(shared, `seed ${SEED}`).toBeLessThan(12);
  expect(stated).toBeLessThan(0.001);
});

test('replies of the same moment have no order', () => {
  const [a, b] = seriesOf(new Random(SEED), 1);
  const turned = b.map((sample) => ({ ...sample, atUs: sample.atUs - 2 }));
  expect(compareIds(a, turned).kind).toBe('shared');
});

test.each([
  { why: 'few', ids: [1, 2, 3] },
  { why: 'constant', ids: [0, 0, 0, 0, 0, 0] },
  { why: 'random', ids: [40_000, 3, 50_000, 20_000, 61_000, 9, 33_000] },
])('$why identifications tell nothing', ({ why, ids }) => {
  expect(unusableIds(ids.map((id, i) => ({ atUs: i * ROUND_US, id })))).toBe(why);
});

test('series that do not overlap in time tell nothing', () => {
  const [a, b] = seriesOf(new Random(SEED), 1);
  const later = b.map(({ atUs, id }) => ({ atUs: atUs + 1e6, id }));
  expect(compareIds(a, later).kind).toBe('unknown');
});
