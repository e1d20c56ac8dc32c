import { describe, expect, test } from 'vitest';
import { countsOf, flowOf, type Hop, TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import { buildPathGraph, neighbours, type PathGraph } from './path-graph.ts';

/** Each path class as text: its vertices, and whether the target ends it. */
function pathsIn({ classes, vertices }: PathGraph): string[] {
  return classes.map(({ vertices: ids }) => ids.map((id) => nameOf(vertices[id])).join(' '));
}

function nameOf(vertex: PathGraph['vertices'][number] | undefined): string {
  if (vertex === undefined || vertex.kind === 'source') return 'source';
  if (vertex.kind === 'interface') return `${vertex.address}@${vertex.ttl}`;
  return `${vertex.kind}@${vertex.ttl}`;
}

function graphOf(...paths: Hop[][]): PathGraph {
  return buildPathGraph(countsOf(paths.map((path) => flowOf(path))));
}

test('flows of one path are added up', () => {
  const graph = buildPathGraph(
    countsOf([flowOf([1, 2, 'T'], 10, [10, 9, 8]), flowOf([1, 2, 'T'], 5, [5, 5, 1])]),
  );
  expect(pathsIn(graph)).toEqual(['1@1 2@2 target@3']);
  expect(graph.classes[0]?.flows).toEqual([0, 1]);
  expect(graph.cells).toEqual([
    { sent: 15, received: 15, links: 2 },
    { sent: 15, received: 14, links: 4 },
    { sent: 15, received: 9, links: 6 },
  ]);
});

test('paths of unequal lengths end at one target', () => {
  const graph = graphOf([1, 2, 'T'], [1, 3, 4, 'T']);
  const ends = graph.classes.map(({ vertices }) => vertices.at(-1));
  expect(new Set(ends).size).toBe(1);
  expect(graph.vertices[ends[0] ?? -1]).toMatchObject({ kind: 'target', address: TARGET_ADDRESS });
});

test('the first TTL counts', () => {
  const graph = buildPathGraph({ ...countsOf([flowOf([1, 'T'])]), minTtl: 4 });
  expect(pathsIn(graph)).toEqual(['1@4 target@5']);
});

describe('a hop that never answered', () => {
  test('is one place where its neighbours are the same', () => {
    const graph = graphOf([1, '*', 3, 'T'], [1, '*', 3, 'T']);
    expect(pathsIn(graph)).toEqual(['1@1 silent@2 3@3 target@4']);
    expect(graph.classes[0]?.flows).toEqual([0, 1]);
  });

  test('is another place before or behind another interface', () => {
    const graph = graphOf([1, '*', 3, 'T'], [1, '*', 4, 'T'], [2, '*', 3, 'T']);
    const silent = graph.vertices.filter(({ kind }) => kind === 'silent');
    expect(silent).toHaveLength(3);
  });

  test('has no cell, since its counts tell nothing', () => {
    const graph = graphOf([1, '*', '*', 4, 'T']);
    expect(graph.classes[0]?.cells).toEqual([0, -1, -1, 1, 2]);
    expect(graph.cells).toHaveLength(3);
  });
});

describe('a flow that ends while others reach the target', () => {
  const dead = { ...flowOf([1, 3, '*', '*'], 7, [7, 6, 0, 0]), sent: [7, 7, 9, 5] };
  const graph = buildPathGraph(countsOf([flowOf([1, 2, 'T'], 10), dead]));

  test('leads to what was never seen, behind the last hop that answered', () => {
    expect(pathsIn(graph)).toEqual(['1@1 2@2 target@3', '1@1 3@2 unseen@3']);
    expect(graph.classes[1]?.isReached).toBe(false);
  });

  test('has what it sent as far as the target and beyond as evidence for that', () => {
    const [unseen = -1] = graph.classes[1]?.cells.slice(-1) ?? [];
    expect(graph.cells[unseen]).toEqual({ sent: 14, received: 0, links: 6 });
  });

  test('ends in different places behind different interfaces', () => {
    const ends = graphOf([1, 2, 'T'], [1, 3, '*'], [1, 4, '*'], [1, 3, '*', '*']);
    const unseen = ends.vertices.filter(({ kind }) => kind === 'unseen');
    expect(unseen).toHaveLength(2);
  });

  test('whose first hops were not asked is left out', () => {
    expect(pathsIn(graphOf([1, 'T'], []))).toEqual(['1@1 target@2']);
  });
});

test('a flow with a hop that nobody was asked for yet is left out', () => {
  const asked = [10, 0, 10];
  const flow = { ...flowOf([1, '*', 'T']), sent: asked, received: asked };
  expect(pathsIn(buildPathGraph(countsOf([flow, flowOf([1, 2, 'T'])])))).toEqual([
    '1@1 2@2 target@3',
  ]);
});

describe('where no flow reaches the target', () => {
  test('paths end at the last hop that answered, and nothing is unseen', () => {
    const graph = graphOf([1, 2, '*', '*'], [1, 3, '*']);
    expect(graph.isTargetReached).toBe(false);
    expect(pathsIn(graph)).toEqual(['1@1 2@2', '1@1 3@2']);
  });

  test('flows without any answer leave no path', () => {
    expect(graphOf(['*', '*'], []).classes).toEqual([]);
  });
});

test('neighbours are those before and behind over all paths', () => {
  const graph = graphOf([1, 2, 'T'], [1, 3, 'T']);
  const named = (direction: 'successors' | 'predecessors') =>
    Object.fromEntries(
      [...neighbours(graph, direction)].map(([id, others]) => [
        nameOf(graph.vertices[id]),
        [...others].map((other) => nameOf(graph.vertices[other])),
      ]),
    );
  expect(named('successors')).toEqual({
    source: ['1@1'],
    '1@1': ['2@2', '3@2'],
    '2@2': ['target@3'],
    '3@2': ['target@3'],
  });
  expect(named('predecessors')).toEqual({
    '1@1': ['source'],
    '2@2': ['1@1'],
    '3@2': ['1@1'],
    'target@3': ['2@2', '3@2'],
  });
});
