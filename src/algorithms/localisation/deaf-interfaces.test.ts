import { describe, expect, test } from 'vitest';
import { countsOf, flowOf, type Hop } from '../../../test/support/path-counts.ts';
import type { Explanation } from './candidates.ts';
import { localise } from './localise.ts';
import { buildPathGraph, type PathGraph } from './path-graph.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };

describe('an interface that answers little', () => {
  const asked = (answered: readonly number[]) => flowOf([1, 2, 3, 'T'], 20, answered);

  test('is deaf beside a hop behind it that answers', () => {
    const { deaf, quiet } = buildPathGraph(countsOf([asked([20, 4, 20, 16])]));
    expect([...deaf]).toEqual([[2, { sent: 20, answerRatio: 0.2 }]]);
    expect([...quiet]).toEqual([2]);
  });

  test('is not where the hops behind it answer no more', () => {
    expect(buildPathGraph(countsOf([asked([20, 8, 8, 8])])).deaf.size).toBe(0);
  });

  test('is not after a handful of probes', () => {
    const graph = buildPathGraph(countsOf([flowOf([1, 2, 'T'], 5, [5, 1, 5])]));
    expect(graph.deaf.size).toBe(0);
  });

  test('is where it answers by the clock, whatever is behind', () => {
    const counts = { ...countsOf([asked([20, 4, 4, 4])]), clocked: new Set([2, 1]) };
    expect([...buildPathGraph(counts).deaf]).toEqual([[2, { sent: 20, answerRatio: 0.2 }]]);
  });

  test('is beside one that answers by the clock, where no target answers', () => {
    const counts = countsOf([{ ...flowOf([1, 2, 3, 4], 20, [20, 4, 2, 3]), isReached: false }]);
    expect(buildPathGraph(counts).deaf.size).toBe(0);
    const { deaf } = buildPathGraph({ ...counts, clocked: new Set([3]) });
    expect([...deaf.keys()]).toEqual([2, 3, 4]);
  });

  test('says nothing of losses, but that it is limited', () => {
    // Flows that were asked in better times: its answers alone would show losses of the others.
    const early = [0, 1, 2, 3, 4, 5].map(() => flowOf([1, 2, 3, 'T'], 60, [60, 1, 60, 60]));
    const late = [0, 1, 2, 3, 4, 5].map(() => flowOf([1, 2, 4, 'T'], 60, [60, 40, 60, 60]));
    const { losses, limited } = localise(countsOf([...early, ...late]), OPTIONS);
    expect(losses).toEqual([]);
    expect(limited).toEqual([{ vertex: expect.any(Number), sent: 720, answerRatio: 246 / 720 }]);
  });
});

describe('flows that end at different hops', () => {
  const dead = (path: readonly Hop[], answered: readonly number[]) => ({
    ...flowOf(path, 20, answered),
    isReached: false,
  });

  test('are one black hole, where a quiet interface may lie before all of their ends', () => {
    const alive = [0, 1, 2, 3].map(() => flowOf([1, 3, 4, 'T'], 20));
    const seen = dead([1, 2, '*', '*'], [20, 2, 0, 0]);
    const unseen = dead([1, '*', '*', '*'], [20, 0, 0, 0]);
    const { losses, graph } = localise(
      countsOf([...alive, seen, seen, seen, unseen, unseen]),
      OPTIONS,
    );
    expect(losses).toHaveLength(1);
    expect(losses[0]?.explanations.some(isBehind(2, graph))).toBe(true);
    expect(losses[0]?.flowsAcross).toEqual([4, 5, 6, 7, 8]);
  });

  test('are one black hole, where an interface that lost flows alone show is behind them', () => {
    const alive = [0, 1, 2, 3].flatMap(() => [
      flowOf([1, 3, 6, 7, 'T'], 20, [20, 20, 3, 20, 20]),
      flowOf([1, 4, 6, 7, 'T'], 20, [20, 2, 3, 20, 20]),
    ]);
    // 4 leads to 5 as well: no flow has shown that link.
    const behind = dead([1, 2, 5, '*', '*'], [20, 20, 2, 0, 0]);
    const before = dead([1, 4, '*', '*', '*'], [20, 2, 0, 0, 0]);
    const { losses, graph } = localise(countsOf([...alive, behind, behind, before]), OPTIONS);
    expect(losses).toHaveLength(1);
    expect(losses[0]?.explanations.some(isBehind(5, graph))).toBe(true);
    expect(losses[0]?.flowsAcross).toEqual([8, 9, 10]);
  });
});

/** Whether an explanation is a link that starts at an address. */
function isBehind(address: number, { vertices }: PathGraph): (each: Explanation) => boolean {
  return (each) =>
    each.kind === 'link' &&
    each.nears.some((near) => {
      const vertex = vertices[near];
      return vertex?.kind === 'interface' && vertex.address === address;
    });
}
