import { describe, expect, test } from 'vitest';
import {
  countsOf,
  drawn,
  fabricPaths,
  flowOf,
  type Hop,
  ingressPaths,
} from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import type { Explanation } from './candidates.ts';
import { type Localisation, localise } from './localise.ts';
import type { PathGraph } from './path-graph.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
const FABRIC = [1, 4, 4, 1];
const PATHS = fabricPaths(FABRIC, 64);
const healthy = () => 1 - 1e-4;

/** Loses a share of what comes from one interface to another, or of what passes one on transit. */
function losing(...faults: { link?: readonly [Hop, Hop]; node?: Hop; loss: number }[]) {
  return (path: readonly Hop[], position: number): number => {
    const [near, far] = [path[position - 1], path[position]];
    const hits = faults.filter(({ link, node }) =>
      link === undefined ? near === node : near === link[0] && far === link[1],
    );
    return hits.reduce((pass, { loss }) => pass * (1 - loss), healthy());
  };
}

/** The losses found, each as all that it cannot be told from. */
function lossesIn({ losses, graph }: Localisation): string[][] {
  return losses.map(({ explanations }) => explanations.map((each) => textOf(each, graph)));
}

function textOf(explanation: Explanation, { vertices }: PathGraph): string {
  const name = (id: number): string => {
    const vertex = vertices[id];
    return vertex?.kind === 'interface' ? `${vertex.address}` : (vertex?.kind ?? '?');
  };
  if (explanation.kind === 'link') {
    return `link ${explanation.nears.map(name).sort().join('+')} ${name(explanation.far)}`;
  }
  if (explanation.kind === 'node')
    return `node ${explanation.interfaces.map(name).sort().join('+')}`;
  return explanation.kind;
}

const SEEDS = [1, 2, 3, 4, 5];

describe('nothing lost', () => {
  test.each(SEEDS)('is nothing found (seed %i)', (seed) => {
    const counts = drawn(PATHS, { random: new Random(seed), sent: 40, passes: healthy });
    const found = localise(counts, OPTIONS);
    expect(found.losses).toEqual([]);
    expect(found.limited).toEqual([]);
    expect(found.untestable).toEqual([]);
    expect(found.excludedLossRatio).toBeLessThan(0.05);
  });

  test('and nothing asked excludes nothing', () => {
    expect(localise(countsOf([]), OPTIONS)).toMatchObject({ losses: [], excludedLossRatio: 1 });
    const unasked = countsOf([flowOf([1, 2, 'T'], 0)]);
    expect(localise(unasked, OPTIONS).excludedLossRatio).toBeCloseTo(1, 6);
    // There are links to test, which a bound of just 1 would deny.
    expect(localise(unasked, OPTIONS).excludedLossRatio).toBeLessThan(1);
  });
});

describe('beside a loss', () => {
  const [one, other] = [
    [200, 301],
    [203, 302],
  ] as const;
  const found = (seed: number, sent: number, loss = 1) => {
    const passes = losing({ link: one, loss }, { link: other, loss: 0.02 });
    return localise(drawn(PATHS, { random: new Random(seed), sent, passes }), OPTIONS);
  };

  test('a bound holds what another one loses that is not seen yet', () => {
    const all = Array.from({ length: 24 }, (_, seed) => found(seed, 8, 0.3));
    const missed = all.filter(({ losses }) => losses.length === 1);
    expect(missed.length).toBeGreaterThan(10);
    const held = missed.filter(({ excludedElsewhere }) => excludedElsewhere >= 0.02);
    expect(held.length / missed.length).toBeGreaterThanOrEqual(OPTIONS.confidence);
  });

  test('where every packet is lost, the bound is that of the other links', () => {
    const passes = losing({ link: one, loss: 1 });
    const hole = (sent: number) =>
      localise(drawn(PATHS, { random: new Random(1), sent, passes }), OPTIONS);
    expect(hole(10).excludedElsewhere).toBeLessThan(0.3);
    expect(hole(60).excludedElsewhere).toBeLessThan(hole(10).excludedElsewhere / 2);
  });
});

describe('one link', () => {
  const link = [201, 302] as const;

  test.each(SEEDS)('that loses 10 % is named alone, with its size (seed %i)', (seed) => {
    const passes = losing({ link, loss: 0.1 });
    const found = localise(drawn(PATHS, { random: new Random(seed), sent: 60, passes }), OPTIONS);
    expect(lossesIn(found)).toEqual([['link 201 302']]);
    const [loss] = found.losses;
    expect(loss?.lossInterval[0]).toBeLessThanOrEqual(0.1);
    expect(loss?.lossInterval[1]).toBeGreaterThanOrEqual(0.1);
    expect(loss?.probability).toBeGreaterThanOrEqual(0.99);
    expect(loss?.flowsAcross).toEqual(crossing(PATHS, link));
    expect(found.leads).toEqual(expect.arrayContaining(crossing(PATHS, link)));
  });

  test('that loses everything is named by its near end', () => {
    const counts = countsOf(
      PATHS.map((path) =>
        path[1] === link[0] && path[2] === link[1]
          ? flowOf([...path.slice(0, 2), '*', '*', '*'], 20, [20, 20, 0, 0, 0])
          : flowOf(path, 20),
      ),
    );
    const [explanations = []] = lossesIn(localise(counts, OPTIONS));
    expect(explanations).toContain('link 201 unseen');
  });
});

describe('two places', () => {
  const [first, second] = [
    [200, 301],
    [203, 303],
  ] as const;

  test.each(SEEDS)('that lose 20 and 10 % are both named (seed %i)', (seed) => {
    const passes = losing({ link: first, loss: 0.2 }, { link: second, loss: 0.1 });
    const found = localise(drawn(PATHS, { random: new Random(seed), sent: 80, passes }), OPTIONS);
    expect(lossesIn(found).flat().sort()).toEqual(['link 200 301', 'link 203 303']);
  });
});

describe('a router', () => {
  test.each(SEEDS)('is named rather than its links (seed %i)', (seed) => {
    const passes = losing({ node: 202, loss: 0.1 });
    const found = localise(drawn(PATHS, { random: new Random(seed), sent: 60, passes }), OPTIONS);
    expect(lossesIn(found)).toEqual([['node 202']]);
  });

  test.each(SEEDS)('of several addresses is named by all of them (seed %i)', (seed) => {
    const paths = ingressPaths(FABRIC, 64);
    const passes = (path: readonly Hop[], position: number) => {
      const near = path[position - 1];
      const isFaulty = typeof near === 'number' && Math.floor(near / 10) === 301;
      return isFaulty ? 0.9 : healthy();
    };
    const found = localise(drawn(paths, { random: new Random(seed), sent: 60, passes }), OPTIONS);
    expect(lossesIn(found).flat()).toContain('node 3010+3011+3012+3013');
    expect(found.losses).toHaveLength(1);
  });

  test.each(SEEDS)('that limits its answers loses nothing (seed %i)', (seed) => {
    const answers = (path: readonly Hop[], position: number) => (path[position] === 202 ? 0.4 : 1);
    const random = new Random(seed);
    const found = localise(drawn(PATHS, { random, sent: 60, passes: healthy, answers }), OPTIONS);
    expect(found.losses).toEqual([]);
    expect(found.limited).toHaveLength(1);
    expect(found.limited[0]?.answerRatio).toBeCloseTo(0.4, 1);
  });

  test.each(SEEDS)('that limits hides no loss behind it (seed %i)', (seed) => {
    const answers = (path: readonly Hop[], position: number) => (path[position] === 202 ? 0.4 : 1);
    const passes = losing({ link: [202, 300], loss: 0.1 });
    const random = new Random(seed);
    const found = localise(drawn(PATHS, { random, sent: 80, passes, answers }), OPTIONS);
    expect(lossesIn(found)).toEqual([['link 202 300']]);
    expect(found.limited).toHaveLength(1);
  });

  test.each(SEEDS)('that limits is not counted for a loss before it (seed %i)', (seed) => {
    const answers = (path: readonly Hop[], position: number) => (path[position] === 202 ? 0.2 : 1);
    const passes = losing({ link: [100, 202], loss: 0.1 });
    const random = new Random(seed);
    const { losses } = localise(drawn(PATHS, { random, sent: 80, passes, answers }), OPTIONS);
    expect(losses).toHaveLength(1);
    const { probesAcross = 0, probesLost = 0, lossRatio = 0 } = losses[0] ?? {};
    expect(probesLost / probesAcross).toBeCloseTo(lossRatio, 2);
  });
});

test('loss at the target alone is the target’s, its last router’s or its last link’s', () => {
  const passes = losing({ link: [400, 'T'], loss: 0.1 });
  const found = localise(drawn(PATHS, { random: new Random(1), sent: 60, passes }), OPTIONS);
  expect(lossesIn(found)).toEqual([['target', 'node 400', 'link 400 target']]);
});

describe('where the target never answers', () => {
  const unanswered = (paths: readonly (readonly Hop[])[]) =>
    countsOf(paths.map((path) => flowOf([...path.slice(0, -1), '*'], 40)));

  test('a link whose far end alone shows its loss cannot be tested', () => {
    const { graph, losses, untestable } = localise(unanswered(ingressPaths(FABRIC, 64)), OPTIONS);
    expect(graph.isTargetReached).toBe(false);
    expect(losses).toEqual([]);
    const links = untestable.map(({ explanation }) => textOf(explanation, graph));
    expect(untestable.every(({ why }) => why === 'unanswering-target')).toBe(true);
    expect(links.sort()).toEqual([
      'link 3000+3001+3002+3003 4000',
      'link 3010+3011+3012+3013 4001',
      'link 3020+3021+3022+3023 4002',
      'link 3030+3031+3032+3033 4003',
    ]);
  });

  test('links that meet at one interface can be told from its limit, and tested', () => {
    expect(localise(unanswered(PATHS), OPTIONS)).toMatchObject({ losses: [], untestable: [] });
  });
});

describe('the order of flows', () => {
  test.each(SEEDS)('changes nothing (seed %i)', (seed) => {
    const passes = losing({ link: [201, 302], loss: 0.1 }, { node: 203, loss: 0.05 });
    const counts = drawn(PATHS, { random: new Random(seed), sent: 60, passes });
    const order = new Random(seed + 100).shuffle([...counts.flows.keys()]);
    const flows = order.map((flow) => counts.flows[flow] ?? flowOf([]));
    const [found, other] = [localise(counts, OPTIONS), localise({ ...counts, flows }, OPTIONS)];
    expect(lossesIn(other)).toEqual(lossesIn(found));
    for (const [i, loss] of found.losses.entries()) {
      expect(other.losses[i]?.lossRatio).toBeCloseTo(loss.lossRatio, 6);
      expect(other.losses[i]?.probability).toBeCloseTo(loss.probability, 4);
    }
    expect(other.excludedLossRatio).toBeCloseTo(found.excludedLossRatio, 4);
  });
});

function crossing(paths: readonly (readonly Hop[])[], link: readonly [Hop, Hop]): number[] {
  return paths.flatMap((path, flow) =>
    path.some((hop, i) => hop === link[1] && path[i - 1] === link[0]) ? [flow] : [],
  );
}
