/**
 * Graphs to search, without packets or time: every flow takes each balancer's branches by a draw of
 * its own, and every probe is answered at once.
 */

import { Discovery } from '../../src/algorithms/multipath/discovery.ts';
import type { SearchSettings } from '../../src/algorithms/multipath/search.ts';
import type { Random } from '../../src/lib/random.ts';
import type { ProbeReply } from '../../src/model/probe.ts';

/** By node: its next nodes, by weight. A node without next nodes is the target. */
export interface DrawnGraph {
  readonly next: readonly (readonly Branch[])[];
}

export interface Branch {
  readonly to: number;
  /** Relative to the others. */
  readonly weight: number;
}

/** What befalls probes. */
export interface Behaviour {
  /** Nodes that never answer. */
  readonly silent?: ReadonlySet<number>;
  /** Nodes that send each packet another way. */
  readonly sprays?: ReadonlySet<number>;
  /** From this probe on, flows draw their ways anew. */
  readonly changesAtProbe?: number;
  /** Share of probes that go unanswered. */
  readonly lossRatio?: number;
}

export const SETTINGS: SearchSettings = {
  algorithm: 'mda',
  failureProbability: 0.05,
  promisedFor: 'balancer',
  maxTtl: 30,
  flowsMax: 4096,
  maxProbes: 100_000,
  maxTimeUs: Number.POSITIVE_INFINITY,
  gapLimit: 5,
};

/** Searches a graph to the end; node 0 is the source. */
export function searched(
  graph: DrawnGraph,
  random: Random,
  {
    settings = SETTINGS,
    behaviour = {},
  }: { settings?: SearchSettings; behaviour?: Behaviour } = {},
): Discovery {
  const queue: { readonly flow: number; readonly ttl: number; readonly round: number }[] = [];
  const order = (flow: number, ttl: number, round: number): void => {
    queue.push({ flow, ttl, round });
  };
  const discovery = new Discovery(settings, order, 0);
  const ways = new Ways(graph, random, behaviour);
  let [probes, waitedUs] = [0, 0];
  for (;;) {
    discovery.advance(waitedUs + probes); // a microsecond each
    if (discovery.end !== undefined) return discovery;
    if (queue.length === 0) waitedUs = dueUs(discovery) - probes;
    for (const { flow, ttl, round } of queue.splice(0)) {
      const node = ways.nodeAt(flow, ttl, probes++);
      const isLost = random.unit() < (behaviour.lossRatio ?? 0);
      if (node === undefined || isLost) discovery.lost(flow, ttl);
      else discovery.replied(replyOf({ flow, ttl, round, ...node }));
    }
  }
}

function dueUs(discovery: Discovery): number {
  const atUs = discovery.deadlineUs();
  if (atUs === Number.POSITIVE_INFINITY) throw new Error('the search waits for nothing');
  return atUs;
}

class Ways {
  readonly #graph: DrawnGraph;
  readonly #random: Random;
  readonly #behaviour: Behaviour;
  readonly #draws = new Map<number, number>();

  constructor(graph: DrawnGraph, random: Random, behaviour: Behaviour) {
    this.#graph = graph;
    this.#random = random;
    this.#behaviour = behaviour;
  }

  /** Who answers; undefined for nobody. */
  nodeAt(
    flow: number,
    ttl: number,
    probe: number,
  ): { readonly responder: number; readonly isTarget: boolean } | undefined {
    const { silent, sprays, changesAtProbe = Number.POSITIVE_INFINITY } = this.#behaviour;
    let node = 0;
    for (let hop = 0; hop < ttl; hop++) {
      const branches = this.#graph.next[node] ?? [];
      if (branches.length === 0) break;
      const key = (flow * 1024 + node) * 2 + (probe >= changesAtProbe ? 1 : 0);
      const draw = sprays?.has(node) ? this.#random.unit() : this.#drawOf(key);
      node = chosen(branches, draw);
    }
    if (silent?.has(node)) return undefined;
    return { responder: node, isTarget: (this.#graph.next[node] ?? []).length === 0 };
  }

  #drawOf(key: number): number {
    const draw = this.#draws.get(key) ?? this.#random.unit();
    this.#draws.set(key, draw);
    return draw;
  }
}

function chosen(branches: readonly Branch[], draw: number): number {
  if (branches.length === 1) return branches[0]?.to ?? 0;
  const total = branches.reduce((sum, { weight }) => sum + weight, 0);
  let left = draw * total;
  for (const { to, weight } of branches) {
    left -= weight;
    if (left < 0) return to;
  }
  return branches.at(-1)?.to ?? 0;
}

function replyOf(
  parts: Pick<ProbeReply, 'flow' | 'ttl' | 'round' | 'responder' | 'isTarget'>,
): ProbeReply {
  return {
    ...parts,
    kind: parts.isTarget ? 'echo-reply' : 'time-exceeded',
    code: 0,
    rttUs: 1000 * parts.ttl,
    replyTtl: 64 - parts.ttl,
    quotedTtl: 1,
    mpls: [],
  };
}

/** Layers of nodes, each joined with all of the next or with its share of it; then the target. */
export function layered(
  widths: readonly number[],
  { isMeshed = false, weightOfFirst = 1 }: { isMeshed?: boolean; weightOfFirst?: number } = {},
): DrawnGraph {
  const layers: number[][] = [[0]];
  let count = 1;
  for (const width of [...widths, 1]) layers.push(Array.from({ length: width }, () => count++));
  const next: Branch[][] = Array.from({ length: count }, () => []);
  for (const [i, layer] of layers.slice(0, -1).entries()) {
    const far = layers[i + 1] ?? [];
    const isFull = isMeshed || layer.length === 1 || far.length === 1;
    for (const [index, node] of layer.entries()) {
      const targets = isFull ? far : shareOf(far, { index, of: layer.length });
      const first = targets.length > 1 ? weightOfFirst : 1;
      next[node]?.push(...targets.map((to, n) => ({ to, weight: n === 0 ? first : 1 })));
    }
  }
  return { next };
}

/** One by one where there are as many; else in equal runs, or one for several. */
function shareOf(
  nodes: readonly number[],
  { index, of }: { readonly index: number; readonly of: number },
): number[] {
  if (nodes.length <= of) return [nodes[index % nodes.length] ?? 0];
  const each = Math.floor(nodes.length / of);
  return nodes.slice(index * each, index === of - 1 ? nodes.length : (index + 1) * each);
}

/** Links of a graph as text, the source's own included. */
export function linksOf({ next }: DrawnGraph): Set<string> {
  return new Set(next.flatMap((branches, near) => branches.map(({ to }) => `${near}>${to}`)));
}

/** Links that a search has found; stars and clumps are left out. */
export function foundLinks(discovery: Discovery): Set<string> {
  const links = new Set<string>();
  for (const near of discovery.graph().vertices) {
    const [from = 0] = near.members;
    for (const far of near.successors.keys()) {
      const [to] = far.members;
      if (to !== undefined && near.kind !== 'clump' && far.kind === 'interface') {
        links.add(`${from}>${to}`);
      }
    }
  }
  return links;
}

/** Links between places, the source's own included, with their flows. */
export function foundFlowLinks(
  discovery: Discovery,
): { readonly near: string; readonly far: string; readonly flows: number }[] {
  const name = (key: string): string => key.replace(/^\d+:/, '');
  return discovery
    .graph()
    .vertices.flatMap(({ key, successors }) =>
      [...successors].map(([far, flows]) => ({ near: name(key), far: name(far.key), flows })),
    );
}
