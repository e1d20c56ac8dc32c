import { describe, expect, test } from 'vitest';
import {
  binomial,
  countsOf,
  drawn,
  fabricPaths,
  flowOf,
  type Hop,
} from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { type Localisation, localise } from './localise.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
const PATHS = fabricPaths([1, 4, 4, 1], 128);
const LINK = [201, 302] as const;
const across = PATHS.flatMap((path, flow) =>
  path[1] === LINK[0] && path[2] === LINK[1] ? [flow] : [],
);
/** Every fourth flow of those that cross the link. */
const bucket = across.filter((_, i) => i % 4 === 1);

function withBucket(seed: number, loss: number): PathCounts {
  const random = new Random(seed);
  const flows = PATHS.map((path, flow) => {
    let reach = 1;
    const received = path.map((_, position) => {
      const isLossy = position === 2 && bucket.includes(flow);
      reach *= isLossy ? 1 - loss : 1 - 2e-5;
      return binomial(random, 40, reach);
    });
    return flowOf(path, 40, received);
  });
  return countsOf(flows);
}

function linksIn({ losses, graph }: Localisation): string[] {
  return losses.map(({ explanations: [first] }) => {
    if (first?.kind !== 'link') return first?.kind ?? 'nothing';
    const name = (id: number) => {
      const vertex = graph.vertices[id];
      return vertex?.kind === 'interface' ? vertex.address : vertex?.kind;
    };
    return `${name(first.nears[0] ?? -1)} ${name(first.far)}`;
  });
}

describe('a hash bucket', () => {
  test.each([1, 2, 3, 4, 5])('that loses 20 % is found with its flows (seed %i)', (seed) => {
    const found = localise(withBucket(seed, 0.2), OPTIONS);
    expect(linksIn(found)).toEqual(['201 302']);
    const [loss] = found.losses;
    expect(loss?.isPartial).toBe(true);
    expect(loss?.flowsAcross).toEqual(bucket);
    expect(loss?.lossInterval[0]).toBeLessThan(0.2);
    expect(loss?.lossInterval[1]).toBeGreaterThan(0.2);
    expect(loss?.direction).toBe('forward');
  });
});

/** Buckets that refill in step with the probes starve the same flows in every round. */
test.each([1, 2, 3, 4, 5])(
  'a limit that starves always the same flows is no loss (seed %i)',
  (seed) => {
    const passes = () => 1 - 2e-5;
    const answers = (path: readonly Hop[], position: number) =>
      path[position] === 301 && Number(path[1]) % 2 === 0 ? 0.1 : 1;
    const counts = drawn(PATHS, { random: new Random(seed), sent: 20, passes, answers });
    const found = localise(counts, OPTIONS);
    expect(found.losses).toEqual([]);
    expect(found.limited).toHaveLength(1);
  },
);

/** What the penalty promises (5 %), over all looks and all places together. */
test('no loss is ever named in 40 healthy networks, at any of 10 looks', () => {
  let alarms = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = new Random(seed);
    const looks = Array.from({ length: 10 }, () =>
      drawn(PATHS, { random, sent: 5, passes: () => 1 - 1e-4 }),
    );
    let sum: PathCounts | undefined;
    let isAlarmed = false;
    for (const look of looks) {
      sum = sum === undefined ? look : added(sum, look);
      const losses = localise(sum, OPTIONS).losses.filter(({ detection }) => detection >= 0.95);
      isAlarmed ||= losses.length > 0;
    }
    if (isAlarmed) alarms++;
  }
  // Bin(40, 0.05) exceeds 6 with probability 0.003.
  expect(alarms).toBeLessThanOrEqual(6);
});

function added(a: PathCounts, b: PathCounts): PathCounts {
  return countsOf(
    a.flows.map((flow, i) => {
      const other = b.flows[i] ?? flow;
      const sum = (x: readonly number[], y: readonly number[]) => x.map((n, j) => n + (y[j] ?? 0));
      return {
        ...flow,
        sent: sum(flow.sent, other.sent),
        received: sum(flow.received, other.received),
      };
    }),
  );
}

describe('late answers of the target', () => {
  test.each([1, 2, 3])('show that answers were lost, not probes (seed %i)', (seed) => {
    const random = new Random(seed);
    const flows = PATHS.map((path, flow) => {
      const isHit = flow % 3 === 0;
      const lost = isHit ? binomial(random, 40, 0.1) : 0;
      const received = path.map((hop) => (hop === 'T' ? 40 - lost : 40));
      return { ...flowOf(path, 40, received), answeredLate: lost };
    });
    const found = localise(countsOf(flows), OPTIONS);
    expect(found.losses.map(({ direction }) => direction)).toEqual(['return']);
    expect(found.losses[0]?.explanations).toEqual([{ kind: 'target' }]);
  });
});
