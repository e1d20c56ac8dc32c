import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type GraphEdge, type GraphNode, type LayeredGraph, layOutGraph } from './graph-layout.ts';
import { type Joint, orderLayers } from './graph-order.ts';

/** Layers of boxes of mixed heights, and edges onwards, some of which pass layers. */
const graphs: fc.Arbitrary<LayeredGraph> = fc
  .array(fc.array(fc.integer({ min: 10, max: 60 }), { minLength: 1, maxLength: 8 }), {
    minLength: 2,
    maxLength: 7,
  })
  .chain((heights) => {
    const nodes = heights.flatMap((layer, i) =>
      layer.map((height, j): GraphNode => ({ id: `${i}.${j}`, layer: 2 * i, width: 50, height })),
    );
    const pair = fc.tuple(fc.nat(nodes.length - 1), fc.nat(nodes.length - 1), fc.nat(12));
    return fc.array(pair, { maxLength: 40 }).map((pairs) => ({
      nodes,
      edges: pairs.flatMap(([a, b, width]): GraphEdge[] => {
        const [from, to] = [nodes[a]!, nodes[b]!];
        if (from.layer >= to.layer) return [];
        return [{ from: from.id, to: to.id, width: width + 1, labelWidth: 0 }];
      }),
    }));
  });

describe('layOutGraph', () => {
  test('boxes never overlap, stay inside, and stand in the columns of their layers', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { nodes, layers, width, height } = layOutGraph(graph);
        for (const [i, a] of nodes.entries()) {
          const column = layers.find(({ layer }) => layer === graph.nodes[i]!.layer)!;
          expect(a.x).toBe(column.x);
          expect(a.y).toBeGreaterThanOrEqual(-1e-6);
          expect(a.y + a.height).toBeLessThanOrEqual(height + 1e-6);
          expect(a.x + a.width).toBeLessThanOrEqual(width);
          for (const b of nodes.slice(i + 1)) {
            if (a.x !== b.x) continue;
            const isApart = a.y + a.height < b.y || b.y + b.height < a.y;
            expect(isApart).toBe(true);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('edges lead from the right side of one box to the left side of the other', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { nodes, edges } = layOutGraph(graph);
        for (const [i, edge] of graph.edges.entries()) {
          const near = nodes[graph.nodes.findIndex(({ id }) => id === edge.from)]!;
          const far = nodes[graph.nodes.findIndex(({ id }) => id === edge.to)]!;
          const [first, last] = [edges[i]!.at(0)!, edges[i]!.at(-1)!];
          expect(first.x).toBe(near.x + near.width);
          expect(last.x).toBe(far.x);
          for (const [point, box] of [[first, near] as const, [last, far] as const]) {
            expect(point.y).toBeGreaterThan(box.y);
            expect(point.y).toBeLessThan(box.y + box.height);
          }
          const xs = edges[i]!.map(({ x }) => x);
          expect(xs).toEqual(xs.toSorted((a, b) => a - b));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('an edge that passes a layer crosses no box of it', () => {
    fc.assert(
      fc.property(graphs, (graph) => {
        const { nodes, edges } = layOutGraph(graph);
        for (const points of edges) {
          for (const point of points.slice(1, -1)) {
            const hit = nodes.find(
              ({ x, y, width, height }) =>
                point.x >= x && point.x <= x + width && point.y > y && point.y < y + height,
            );
            expect(hit).toBeUndefined();
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  test('an edge that ends nowhere or leads back is a mistake of the caller', () => {
    const box = { width: 10, height: 10 };
    const nodes = [
      { id: 'a', layer: 0, ...box },
      { id: 'b', layer: 1, ...box },
    ];
    const edge = { width: 1, labelWidth: 0 };
    expect(() => layOutGraph({ nodes, edges: [{ from: 'a', to: 'c', ...edge }] })).toThrow(
      new RangeError('the edge a → c ends at no node'),
    );
    expect(() => layOutGraph({ nodes, edges: [{ from: 'b', to: 'a', ...edge }] })).toThrow(
      RangeError,
    );
    expect(layOutGraph({ nodes: [], edges: [] })).toMatchObject({ width: 0, height: 0 });
  });
});

/** How many pairs of joints cross, each weighted with the product of both; pair by pair. */
function crossingWeight(layers: readonly (readonly number[])[], joints: readonly Joint[]): number {
  const placeOf = new Map(layers.flatMap((layer) => layer.map((item, place) => [item, place])));
  const ends = joints.map(({ from, to, weight }) => {
    return { near: placeOf.get(from) ?? 0, far: placeOf.get(to) ?? 0, weight };
  });
  let sum = 0;
  for (const [i, one] of ends.entries()) {
    for (const other of ends.slice(0, i)) {
      const isCrossing = (one.near - other.near) * (one.far - other.far) < 0;
      if (isCrossing) sum += one.weight * other.weight;
    }
  }
  return sum;
}

describe('orderLayers', () => {
  test('undoes crossings that need not be', () => {
    const joints = [0, 1, 2, 3].map((i) => ({ from: i, to: 7 - i, weight: 1 }));
    const layers = [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
    ];
    expect(crossingWeight(layers, joints)).toBe(6);
    expect(crossingWeight(orderLayers(layers, joints), joints)).toBe(0);
  });

  test('never makes it worse, and leaves a full mesh as it was', () => {
    const mesh = [0, 1, 2].flatMap((from) => [3, 4, 5].map((to) => ({ from, to, weight: 1 })));
    const layers = [
      [0, 1, 2],
      [3, 4, 5],
    ];
    expect(orderLayers(layers, mesh)).toEqual(layers);
    const joint = fc.record({
      from: fc.nat(4),
      to: fc.integer({ min: 5, max: 9 }),
      weight: fc.integer({ min: 1, max: 9 }),
    });
    const start = [
      [0, 1, 2, 3, 4],
      [5, 6, 7, 8, 9],
    ];
    fc.assert(
      fc.property(fc.array(joint, { maxLength: 15 }), (joints) => {
        const better = orderLayers(start, joints);
        expect(better.map((layer) => layer.toSorted())).toEqual(start);
        expect(crossingWeight(better, joints)).toBeLessThanOrEqual(crossingWeight(start, joints));
      }),
    );
  });
});
