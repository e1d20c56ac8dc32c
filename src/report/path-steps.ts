/**
 * The flows of a record as walks over a graph: who follows whom, where nobody answered in between,
 * and where a flow ends. Unlike the record's links, it keeps the places that nobody answers for.
 */

import { parseIpAddress } from '../lib/ip-address.ts';
import type { FlowRecord, IsolateRecord } from '../model/isolate-record.ts';

/** Stands in for an address where a probe was sent and nobody answered. */
export const SILENT = '*';

/** A TTL and who answered there: an address, or `SILENT`. */
export interface Step {
  readonly ttl: number;
  readonly who: string;
}

/** One place of the graph. */
export interface StepNode extends Step {
  /** Flows that pass here or end here. */
  readonly flows: number;
  readonly sent: number;
  readonly received: number;
  /** Flows on which nobody answers any more behind here, although this is not the target. */
  readonly ending: number;
  /** Who answers one TTL further, by how many flows. */
  readonly next: ReadonlyMap<string, number>;
}

/** What flows pass, in order: from the source on where the first TTL is 1. */
export function stepsOf(flow: FlowRecord, { source, minTtl }: IsolateRecord): Step[] {
  const last = lastAnswer(flow);
  const answered = flow.path.slice(0, last + 1).flatMap((who, i): Step[] => {
    if (who === null && (flow.sent[i] ?? 0) === 0) return [];
    return [{ ttl: minTtl + i, who: who ?? SILENT }];
  });
  return minTtl === 1 ? [{ ttl: 0, who: source }, ...answered] : answered;
}

/** Whether nobody answers at the end of a flow, although probes went there. */
export function endsEarly(flow: FlowRecord, { targets }: IsolateRecord): boolean {
  const last = lastAnswer(flow);
  if (flow.path[last] === targets[flow.target]?.address) return false;
  return flow.sent.slice(last + 1).some((sent) => sent > 0);
}

/** All places by TTL, neighbours together: by what is before them, then by address. */
export function stepLayers(record: IsolateRecord): StepNode[][] {
  const layers = new Map<number, Map<string, MutableNode>>();
  for (const flow of record.flows) {
    let before: MutableNode | undefined;
    const steps = stepsOf(flow, record);
    for (const step of steps) {
      const node = nodeAt(layers, step);
      const hop = step.ttl - record.minTtl;
      node.flows++;
      node.sent += flow.sent[hop] ?? 0;
      node.received += flow.received[hop] ?? 0;
      const isNext = before?.ttl === step.ttl - 1;
      if (isNext) before?.next.set(step.who, (before.next.get(step.who) ?? 0) + 1);
      before = node;
    }
    if (before !== undefined && endsEarly(flow, record)) before.ending++;
  }
  const ordered: StepNode[][] = [];
  for (const ttl of [...layers.keys()].sort((a, b) => a - b)) {
    const layer = [...(layers.get(ttl)?.values() ?? [])];
    ordered.push(arranged(layer, ordered.at(-1) ?? []));
  }
  return ordered;
}

/** In the order of their numbers; what is no address comes last. */
export function compareAddresses(a: string, b: string): number {
  const [left, right] = [sortKey(a), sortKey(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

interface MutableNode extends Step {
  flows: number;
  sent: number;
  received: number;
  ending: number;
  readonly next: Map<string, number>;
}

function lastAnswer({ path }: FlowRecord): number {
  return path.findLastIndex((who) => who !== null);
}

function nodeAt(layers: Map<number, Map<string, MutableNode>>, { ttl, who }: Step): MutableNode {
  const layer = layers.get(ttl) ?? new Map<string, MutableNode>();
  layers.set(ttl, layer);
  const node = layer.get(who) ?? {
    ttl,
    who,
    flows: 0,
    sent: 0,
    received: 0,
    ending: 0,
    next: new Map(),
  };
  layer.set(who, node);
  return node;
}

/**
 * By the first place before them: that draws trees as trees, and in a mesh leaves the order of the
 * addresses alone, whichever flows happen to be probed.
 */
function arranged(layer: readonly StepNode[], before: readonly StepNode[]): StepNode[] {
  const rank = ({ who, ttl }: StepNode): number => {
    if (who === SILENT) return before.length + 1;
    const parent = before.findIndex((node) => node.ttl === ttl - 1 && node.next.has(who));
    return parent < 0 ? before.length : parent;
  };
  return layer
    .map((node) => ({ node, rank: rank(node) }))
    .sort((a, b) => a.rank - b.rank || compareAddresses(a.node.who, b.node.who))
    .map(({ node }) => node);
}

function sortKey(address: string): string {
  const bytes = parseIpAddress(address);
  if (bytes === undefined) return '~';
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
