import { describe, expect, test } from 'vitest';
import { locatedLoss } from '../../../test/support/located-loss.ts';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import { buildPathGraph } from '../localisation/path-graph.ts';
import { dependsOnLimitedStars } from './limited-stars.ts';

/** Flow 0 is known up to its second hop, flow 1 throughout, flow 2 up to its first hop. */
const GRAPH = buildPathGraph(
  countsOf([
    flowOf([11, 12, '*', 15, 'T']),
    flowOf([11, 12, 13, 15, 'T']),
    flowOf([11, '*', 14, 15, 'T']),
  ]),
);
const at = (wanted: number): number =>
  GRAPH.vertices.findIndex((vertex) => 'address' in vertex && vertex.address === wanted);
const limit = (address: number) => ({ vertex: at(address), answerRatio: 0.1, sent: 100 });
const AT_12 = locatedLoss({
  explanations: [
    { kind: 'node', interfaces: [at(12)], ttl: 2 },
    { kind: 'link', nears: [at(11)], far: at(12) },
  ],
});

describe('a place depends on stars that limited interfaces may have left', () => {
  test('where a flow across it has one beside it', () => {
    const found = { graph: GRAPH, limited: [limit(13)] };
    expect(dependsOnLimitedStars({ ...AT_12, flowsAcross: [0, 1] }, found)).toBe(true);
  });

  test.each([
    { shows: 'where nobody is limited', flowsAcross: [0, 1], limited: [] },
    { shows: 'where only others are limited', flowsAcross: [0, 1], limited: [limit(12)] },
    { shows: 'where its flows are known', flowsAcross: [1], limited: [limit(13), limit(12)] },
  ])('but not $shows', ({ flowsAcross, limited }) => {
    expect(dependsOnLimitedStars({ ...AT_12, flowsAcross }, { graph: GRAPH, limited })).toBe(false);
  });

  test('nor where they are far from it', () => {
    const explanations = [{ kind: 'node', interfaces: [at(15)], ttl: 4 }] as const;
    const loss = { ...AT_12, explanations, flowsAcross: [2] };
    const found = { graph: GRAPH, limited: [limit(12)] };
    expect(dependsOnLimitedStars(loss, found)).toBe(false);
  });
});
