/**
 * Places a layered graph on a plane, layers from left to right: a graph in, positions out, the
 * same for the same input. Knows nothing of networks; `graph-order.ts` decides who is above whom.
 */

import { type Joint, orderLayers } from './graph-order.ts';

export interface GraphNode {
  readonly id: string;
  /** Whole numbers; those that no node has take no room. */
  readonly layer: number;
  readonly width: number;
  readonly height: number;
}

/** From a node of a lower layer to one of a higher layer, which need not be the next one. */
export interface GraphEdge {
  readonly from: string;
  readonly to: string;
  /** Of the line. */
  readonly width: number;
  /** Room for a label in the middle of it, 0 for none. */
  readonly labelWidth: number;
}

/** Where the drawing leaves it open, what comes first here comes higher. */
export interface LayeredGraph {
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A box; x and y are its upper left corner. All boxes of a layer are as wide as the widest. */
export interface PlacedNode extends Point {
  readonly width: number;
  readonly height: number;
}

export interface PlacedLayer {
  readonly layer: number;
  readonly x: number;
  readonly width: number;
}

/** Lengths in the unit of the nodes' sizes. `nodes` and `edges` are in the order of the graph. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  readonly layers: readonly PlacedLayer[];
  readonly nodes: readonly PlacedNode[];
  /**
   * Their middle lines: from the right side of one box, level through each layer that they pass,
   * to the left side of the other.
   */
  readonly edges: readonly (readonly Point[])[];
}

const NODE_GAP = 10;
const PASSAGE_GAP = 6;
const LAYER_GAP = { min: 52, max: 104, perEdge: 1.6 };
const LABEL_MARGIN = 72;
const ROUNDS = 8;
/** Lines leave a box within this share of its side. */
const PORT_SHARE = 0.76;

/** @throws {RangeError} when an edge names no node, or does not lead to a higher layer */
export function layOutGraph(graph: LayeredGraph): GraphLayout {
  const net = threaded(graph);
  const order = orderLayers(net.layers, net.joints);
  const centres = levels(order, net);
  const top = Math.min(...net.items.map(({ height }, i) => (centres[i] ?? 0) - height / 2));
  const shifted = centres.map((centre) => centre - (Number.isFinite(top) ? top : 0));
  const layers = columns(net, graph);
  const nodes = graph.nodes.map((node, i): PlacedNode => {
    const { x = 0, width = 0 } = layers[net.items[i]?.column ?? 0] ?? {};
    return { x, y: (shifted[i] ?? 0) - node.height / 2, width, height: node.height };
  });
  const last = layers.at(-1);
  return {
    width: last === undefined ? 0 : last.x + last.width,
    height: Math.max(0, ...net.items.map(({ height }, i) => (shifted[i] ?? 0) + height / 2)),
    layers,
    nodes,
    edges: routes(graph, { net, centres: shifted, layers, nodes }),
  };
}

/** A node, or where an edge passes a layer: then it is as high as the line is wide. */
interface Item {
  readonly column: number;
  readonly height: number;
  readonly isNode: boolean;
}

interface Net {
  /** The nodes of the graph come first, in its order. */
  readonly items: readonly Item[];
  readonly numbers: readonly number[];
  readonly layers: readonly (readonly number[])[];
  readonly joints: readonly Joint[];
  /** For each edge, its items from end to end. */
  readonly chains: readonly (readonly number[])[];
}

/** The graph with every edge cut where it passes a layer. */
function threaded({ nodes, edges }: LayeredGraph): Net {
  const numbers = [...new Set(nodes.map(({ layer }) => layer))].sort((a, b) => a - b);
  const columnOf = new Map(numbers.map((layer, column) => [layer, column]));
  const items = nodes.map(
    ({ layer, height }): Item => ({ column: columnOf.get(layer) ?? 0, height, isNode: true }),
  );
  const indexes = new Map(nodes.map(({ id }, i) => [id, i]));
  const joints: Joint[] = [];
  const chains = edges.map(({ from, to, width }) => {
    const [near, far] = [indexes.get(from), indexes.get(to)];
    if (near === undefined || far === undefined) {
      throw new RangeError(`the edge ${from} → ${to} ends at no node`);
    }
    const [first, last] = [items[near]?.column ?? 0, items[far]?.column ?? 0];
    if (first >= last) throw new RangeError(`the edge ${from} → ${to} does not lead onwards`);
    const chain = [near];
    for (let column = first + 1; column < last; column++) {
      chain.push(items.push({ column, height: width, isNode: false }) - 1);
    }
    chain.push(far);
    for (const [i, item] of chain.slice(1).entries()) {
      joints.push({ from: chain[i] ?? 0, to: item, weight: width });
    }
    return chain;
  });
  const layers = numbers.map((): number[] => []);
  for (const [i, { column }] of items.entries()) layers[column]?.push(i);
  return { items, numbers, layers, joints, chains };
}

/** Centres of all items: near those of their neighbours, as far as order and distances allow. */
function levels(order: readonly number[][], { items, joints }: Net): number[] {
  const centres = items.map(() => 0);
  const around = items.map((): { item: number; weight: number }[] => []);
  for (const { from, to, weight } of joints) {
    around[from]?.push({ item: to, weight });
    around[to]?.push({ item: from, weight });
  }
  for (let round = 0; round < ROUNDS; round++) {
    const sweep = round % 2 === 0 ? order : order.toReversed();
    for (const layer of sweep) {
      const wishes = layer.map((item) => mean(around[item] ?? [], centres, centres[item] ?? 0));
      const heights = layer.map((item) => items[item] ?? { height: 0, isNode: true });
      for (const [i, centre] of spaced(wishes, heights).entries()) {
        centres[layer[i] ?? 0] = centre;
      }
    }
  }
  return centres;
}

function mean(
  around: readonly { readonly item: number; readonly weight: number }[],
  centres: readonly number[],
  own: number,
): number {
  const weights = around.reduce((sum, { weight }) => sum + weight, 0);
  if (weights === 0) return own;
  return around.reduce((sum, { item, weight }) => sum + weight * (centres[item] ?? 0), 0) / weights;
}

/**
 * The centres nearest to the wished ones, in the sum of squares, that keep the order and the
 * distances: an isotonic regression, by pooling adjacent violators.
 */
function spaced(
  wishes: readonly number[],
  sizes: readonly { readonly height: number; readonly isNode: boolean }[],
): number[] {
  const offsets: number[] = [];
  for (const [i, size] of sizes.entries()) {
    const above = sizes[i - 1];
    const gap = above?.isNode === true && size.isNode ? NODE_GAP : PASSAGE_GAP;
    const step = above === undefined ? 0 : (above.height + size.height) / 2 + gap;
    offsets.push((offsets.at(-1) ?? 0) + step);
  }
  const pools: { sum: number; count: number }[] = [];
  for (const [i, wish] of wishes.entries()) {
    let pool = { sum: wish - (offsets[i] ?? 0), count: 1 };
    for (
      let above = pools.at(-1);
      above !== undefined && above.sum / above.count > pool.sum / pool.count;
      above = pools.at(-1)
    ) {
      pools.pop();
      pool = { sum: above.sum + pool.sum, count: above.count + pool.count };
    }
    pools.push(pool);
  }
  return pools
    .flatMap(({ sum, count }) => Array.from({ length: count }, () => sum / count))
    .map((base, i) => base + (offsets[i] ?? 0));
}

/** Between two layers there is more room the more lines go there, and enough for their labels. */
function columns(net: Net, { nodes, edges }: LayeredGraph): PlacedLayer[] {
  const crossing = net.numbers.map(() => 0);
  for (const { from } of net.joints) {
    const column = net.items[from]?.column ?? 0;
    crossing[column] = (crossing[column] ?? 0) + 1;
  }
  const labels = net.numbers.map(() => 0);
  for (const [i, { labelWidth }] of edges.entries()) {
    if (labelWidth === 0) continue;
    const column = net.items[labelledItem(net.chains[i] ?? [])]?.column ?? 0;
    labels[column] = Math.max(labels[column] ?? 0, labelWidth + LABEL_MARGIN);
  }
  let x = 0;
  return net.numbers.map((layer, column) => {
    const widths = nodes.filter((node) => node.layer === layer).map(({ width }) => width);
    const placed = { layer, x, width: Math.max(0, ...widths) };
    const wanted = LAYER_GAP.min + LAYER_GAP.perEdge * (crossing[column] ?? 0);
    x += placed.width + Math.max(Math.min(wanted, LAYER_GAP.max), labels[column] ?? 0);
    return placed;
  });
}

/** The item of an edge behind which its label stands. */
function labelledItem(chain: readonly number[]): number {
  return chain[Math.floor((chain.length - 2) / 2)] ?? 0;
}

interface Placed {
  readonly net: Net;
  readonly centres: readonly number[];
  readonly layers: readonly PlacedLayer[];
  readonly nodes: readonly PlacedNode[];
}

function routes({ edges }: LayeredGraph, { net, centres, layers, nodes }: Placed): Point[][] {
  const ports = net.chains.map((chain) => chain.map((item) => centres[item] ?? 0));
  for (const node of nodes.keys()) {
    for (const isStart of [true, false]) spreadPorts(node, isStart);
  }
  return net.chains.map((chain, edge) =>
    chain.flatMap((item, i): Point[] => {
      const { x = 0, width = 0 } = layers[net.items[item]?.column ?? 0] ?? {};
      const y = ports[edge]?.[i] ?? 0;
      const [enters, leaves] = [
        { x, y },
        { x: x + width, y },
      ];
      if (i === 0) return [leaves];
      return i === chain.length - 1 ? [enters] : [enters, leaves];
    }),
  );

  /** Side by side along the side of a box, in the order in which they go on. */
  function spreadPorts(node: number, isStart: boolean): void {
    const ends = net.chains
      .flatMap((chain, edge) => {
        const own = isStart ? 0 : chain.length - 1;
        if (chain[own] !== node) return [];
        const next = chain[isStart ? 1 : own - 1] ?? 0;
        return [{ edge, own, towards: centres[next] ?? 0, width: edges[edge]?.width ?? 0 }];
      })
      .sort((a, b) => a.towards - b.towards || a.edge - b.edge);
    const total = ends.reduce((sum, { width }) => sum + width, 0);
    const room = (nodes[node]?.height ?? 0) * PORT_SHARE;
    const scale = Math.min(1, room / Math.max(total, 1e-9));
    const spare = ends.length > 1 ? Math.min(3, (room - total * scale) / (ends.length - 1)) : 0;
    let y = (centres[node] ?? 0) - (total * scale + spare * (ends.length - 1)) / 2;
    for (const { edge, own, width } of ends) {
      const chain = ports[edge];
      if (chain !== undefined) chain[own] = y + (width * scale) / 2;
      y += width * scale + spare;
    }
  }
}
