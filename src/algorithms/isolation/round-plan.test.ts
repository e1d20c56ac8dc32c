import { describe, expect, test } from 'vitest';
import { tableOf } from '../../../test/support/learned-table.ts';
import { fabricPaths, type Hop, TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import { FlowTable } from './flow-table.ts';
import { hiddenLoss } from './hidden-loss.ts';
import type { PlannedProbe, RoundPlanOptions } from './round-options.ts';
import { planRound } from './round-plan.ts';

const FLOWS = 64;
const EVEN = fabricPaths([1, 4, 4, 1], FLOWS);

function optionsFor(flows: number, changes: Partial<RoundPlanOptions> = {}): RoundPlanOptions {
  return {
    flows,
    minTtl: 1,
    maxTtl: 30,
    chosen: [...new Array(flows).keys()],
    leads: [],
    limited: new Set(),
    random: new Random(1),
    ...changes,
  };
}

function planOf(
  table: FlowTable,
  flows: number,
  changes?: Partial<RoundPlanOptions>,
): PlannedProbe[] {
  return planRound(table, optionsFor(flows, changes));
}

function unknown(flows: number): FlowTable {
  return new FlowTable({ flows, minTtl: 1, maxTtl: 30, target: TARGET_ADDRESS });
}

/** Probes by flow and TTL. */
function tallied(probes: readonly PlannedProbe[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { flow, ttl } of probes) {
    counts.set(`${flow} ${ttl}`, (counts.get(`${flow} ${ttl}`) ?? 0) + 1);
  }
  return counts;
}

/** Probes that a round sends across each link: to its far end or beyond, on flows that cross it. */
function evidence(probes: readonly PlannedProbe[], paths: readonly (readonly Hop[])[]) {
  const counts = new Map<string, number>();
  for (const { flow, ttl } of probes) {
    const path = paths[flow] ?? [];
    for (let position = 1; position < ttl && position < path.length; position++) {
      const link = `${path[position - 1]} ${path[position]}`;
      counts.set(link, (counts.get(link) ?? 0) + 1);
    }
  }
  return counts;
}

describe('while nothing is known', () => {
  test('every flow is asked once at each of the first hops', () => {
    const counts = tallied(planOf(unknown(5), 5));
    expect([...counts.values()].every((count) => count === 1)).toBe(true);
    expect(counts.size).toBe(5 * 8);
    for (let ttl = 1; ttl <= 8; ttl++) expect(counts.get(`3 ${ttl}`)).toBe(1);
  });

  test('only chosen flows are asked', () => {
    const flows = new Set(planOf(unknown(64), 64, { chosen: [0, 16, 48] }).map(({ flow }) => flow));
    expect([...flows].sort((a, b) => a - b)).toEqual([0, 16, 48]);
  });

  test.each([
    { minTtl: 1, maxTtl: 3, ttls: [1, 2, 3] },
    { minTtl: 6, maxTtl: 30, ttls: [6, 7, 8, 9] },
    { minTtl: 5, maxTtl: 5, ttls: [5] },
  ])('TTLs stay within $minTtl and $maxTtl', ({ minTtl, maxTtl, ttls }) => {
    const table = new FlowTable({ flows: 1, minTtl, maxTtl, target: TARGET_ADDRESS });
    const planned = planOf(table, 1, { minTtl, maxTtl }).map(({ ttl }) => ttl);
    expect(planned.sort((a, b) => a - b)).toEqual(ttls);
  });
});

describe('the end of a flow', () => {
  test('is its own distance to the target', () => {
    const table = tableOf([
      [1, 2, 'T'],
      [1, 3, 4, 5, 'T'],
    ]);
    const counts = [...tallied(planOf(table, 2)).keys()];
    expect(counts).not.toContain('0 4');
    expect(counts).toContain('1 5');
    expect(counts).not.toContain('1 6');
  });

  test('is looked for as far as the target is from others, and one beyond what is known', () => {
    const table = tableOf([
      [1, 2, 3, 'T'],
      [1, '*', '*', '*'],
      [1, 2, 4, 5],
    ]);
    const counts = [...tallied(planOf(table, 3)).keys()];
    expect(counts).toContain('1 4');
    expect(counts).not.toContain('1 5');
    expect(counts).toContain('2 5');
  });

  test('is looked for a few hops on where nobody has reached the target', () => {
    const long = Array.from({ length: 10 }, (_, hop): Hop => hop + 1);
    const ttls = planOf(tableOf([long]), 1).map(({ ttl }) => ttl);
    expect(Math.max(...ttls)).toBe(14);
  });
});

describe('evidence', () => {
  test('is as good on every link of an even fabric', () => {
    const counts = [...evidence(planOf(tableOf(EVEN, 3), FLOWS), EVEN).values()];
    expect(counts).toHaveLength(4 + 16 + 4 + 1);
    const wide = [...evidence(planOf(tableOf(EVEN, 3), FLOWS), EVEN)]
      .filter(([link]) => /^2\d\d 3\d\d$/.test(link))
      .map(([, count]) => count);
    expect(Math.max(...wide) / Math.min(...wide)).toBeLessThan(1.5);
  });

  test.each([1, 2, 3, 4, 5])(
    'hardly differs where hashes spread flows unevenly (seed %i)',
    (seed) => {
      const random = new Random(seed);
      const paths = Array.from({ length: FLOWS }, (): Hop[] => [
        100,
        200 + random.below(4),
        300 + random.below(4),
        400,
        'T',
      ]);
      const across = new Map<string, number>();
      for (const [, near, far] of paths) {
        across.set(`${near} ${far}`, (across.get(`${near} ${far}`) ?? 0) + 1);
      }
      const flowsSpread = Math.max(...across.values()) / Math.min(...across.values());
      const probes = evidence(planOf(tableOf(paths, 3), FLOWS), paths);
      const counts = [...across.keys()].map((link) => probes.get(link) ?? 0);
      const spread = Math.max(...counts) / Math.min(...counts);
      expect(spread).toBeLessThan(3);
      expect(spread).toBeLessThan(flowsSpread);
    },
  );

  test('is sought where it tells most, and elsewhere as well', () => {
    const worths = [{ flow: 5, nats: [0, 0, 0.01, 0.02, 0] }];
    const [plain, counts] = [
      tallied(planOf(tableOf(EVEN, 3), FLOWS)),
      tallied(planOf(tableOf(EVEN, 3), FLOWS, { worths })),
    ];
    const added = (cell: string) => (counts.get(cell) ?? 0) - (plain.get(cell) ?? 0);
    expect(added('5 4')).toBeGreaterThan(8);
    expect(added('5 3')).toBeGreaterThan(8);
    expect(added('5 2')).toBeLessThan(4);
    expect(counts.size).toBeGreaterThan(0.8 * plain.size);
  });

  test('is sought nowhere else while another may be hidden', () => {
    const table = tableOf(EVEN, 3);
    const sizes = { confidence: 0.95, lossRatio: 0.01, limited: new Set<number>() };
    const located = new Set([...new Array(FLOWS).keys()].slice(1));
    const hidden = hiddenLoss(table.counts(), located, sizes);
    expect(hidden?.flows).toHaveLength(1);
    const searching = planOf(table, FLOWS, { hidden, size: 2 });
    expect(searching.length).toBeLessThan(0.6 * planOf(table, FLOWS, { size: 2 }).length);
    expect(tallied(searching).get('0 5')).toBeGreaterThanOrEqual(32);
  });
});

test('a hop that may only have been unlucky is asked several times', () => {
  const paths: Hop[][] = [
    [1, '*', 3, 'T'],
    [1, 2, 3, 'T'],
  ];
  expect(tallied(planOf(tableOf(paths), 2)).get('0 2')).toBe(3);
  expect(tallied(planOf(tableOf(paths, 4), 2)).get('0 2')).toBe(1);
});

test('a lead is asked more often at a hop that has not answered it', () => {
  // Rounds enough for the hop to count as silent.
  const table = tableOf(
    [...EVEN.slice(2), [100, '*', 301, 400, 'T'], [100, '*', 302, 400, 'T']],
    30,
  );
  const [lead, other] = [FLOWS - 2, FLOWS - 1];
  const counts = tallied(planOf(table, FLOWS, { leads: [lead] }));
  expect(counts.get(`${lead} 2`)).toBe(6);
  expect(counts.get(`${other} 2`)).toBe(1);
});

test('an interface that limits its answers gets a few probes a round, whoever asks', () => {
  const table = tableOf(EVEN, 3);
  const limited = new Set([202]);
  const asked = (probes: readonly PlannedProbe[], responder: number) =>
    probes.filter(({ flow, ttl }) => EVEN[flow]?.[ttl - 1] === responder).length;
  expect(asked(planOf(table, FLOWS), 202)).toBeGreaterThan(20);
  expect(asked(planOf(table, FLOWS, { limited }), 202)).toBe(6);
  expect(asked(planOf(table, FLOWS, { limited }), 203)).toBeGreaterThan(20);
});

test('an interface that answers once in a while is left out of most rounds', () => {
  const table = tableOf(EVEN, 3);
  const random = new Random(4);
  const limits = { limited: new Set([202]), limitedPerRound: () => 0.25, random };
  const rounds = Array.from({ length: 200 }, () => planOf(table, FLOWS, limits));
  const asked = rounds.map(
    (probes) => probes.filter(({ flow, ttl }) => EVEN[flow]?.[ttl - 1] === 202).length,
  );
  expect(Math.max(...asked)).toBe(1);
  // 50 expected, σ = 6
  const sum = asked.reduce((a, b) => a + b, 0);
  expect(sum).toBeGreaterThan(25);
  expect(sum).toBeLessThan(75);
});

describe('the order', () => {
  const table = tableOf(EVEN, 3);

  test('repeats with its seed', () => {
    expect(planOf(table, FLOWS)).toEqual(planOf(table, FLOWS));
  });

  test('is another in every round', () => {
    const random = new Random(3);
    const [first, second] = [planOf(table, FLOWS, { random }), planOf(table, FLOWS, { random })];
    const same = first.filter(
      ({ flow, ttl }, i) => second[i]?.flow === flow && second[i]?.ttl === ttl,
    );
    expect(same.length).toBeLessThan(0.05 * first.length);
  });

  test('favours no TTL and no flow', () => {
    const random = new Random(5);
    const [early, late] = [new Map<number, number>(), new Map<number, number>()];
    for (let round = 0; round < 40; round++) {
      const probes = planOf(table, FLOWS, { random });
      for (const [i, { ttl }] of probes.entries()) {
        const half = i < probes.length / 2 ? early : late;
        half.set(ttl, (half.get(ttl) ?? 0) + 1);
      }
    }
    for (const [ttl, count] of early) {
      const share = count / (count + (late.get(ttl) ?? 0));
      expect(Math.abs(share - 0.5), `TTL ${ttl}`).toBeLessThan(0.03);
    }
  });
});
