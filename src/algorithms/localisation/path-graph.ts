/**
 * The measured paths as a graph: vertices are interfaces, and places where none is known. Flows of
 * the same path are added up to one path class, which loses nothing under homogeneous loss.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';

export type Vertex =
  | { readonly kind: 'source' }
  | { readonly kind: 'interface'; readonly address: number; readonly ttl: number }
  /** A hop that never answered, known by its neighbours on the path. */
  | { readonly kind: 'silent'; readonly ttl: number }
  /** Where flows end without a trace: what comes next has never been seen. */
  | { readonly kind: 'unseen'; readonly ttl: number }
  | { readonly kind: 'target'; readonly address: number; readonly ttl: number };

/** One (path, position): how many probes were sent that far, and how many were answered. */
export interface Cell {
  readonly sent: number;
  readonly received: number;
}

/** Flows that share one path. */
export interface PathClass {
  readonly flows: readonly number[];
  /** Vertex ids from the first hop to the target, or to where the path is lost. */
  readonly vertices: readonly number[];
  /** Cell id of each position; −1 where the counts tell nothing, as nobody ever answered. */
  readonly cells: readonly number[];
  readonly isReached: boolean;
}

export interface PathGraph {
  readonly minTtl: number;
  /** By vertex id; 0 is the source. */
  readonly vertices: readonly Vertex[];
  readonly classes: readonly PathClass[];
  readonly cells: readonly Cell[];
  readonly isTargetReached: boolean;
}

export const SOURCE_VERTEX = 0;

/** Names the hops of every flow and adds up the flows of each path. */
export function buildPathGraph(counts: PathCounts): PathGraph {
  return new GraphBuilder(counts).build();
}

/** Successors (or predecessors) of every vertex over all paths. */
export function neighbours(
  graph: PathGraph,
  direction: 'successors' | 'predecessors',
): ReadonlyMap<number, ReadonlySet<number>> {
  const map = new Map<number, Set<number>>();
  for (const { vertices } of graph.classes) {
    for (const [position, vertex] of vertices.entries()) {
      const before = position === 0 ? SOURCE_VERTEX : (vertices[position - 1] ?? SOURCE_VERTEX);
      const [from, to] = direction === 'successors' ? [before, vertex] : [vertex, before];
      const set = map.get(from) ?? new Set();
      map.set(from, set.add(to));
    }
  }
  return map;
}

class GraphBuilder {
  readonly #counts: PathCounts;
  readonly #vertices: Vertex[] = [{ kind: 'source' }];
  readonly #idByKey = new Map<string, number>();
  readonly #cells: { sent: number; received: number }[] = [];
  readonly #classes = new Map<string, PathClass & { flows: number[] }>();
  readonly #isTargetReached: boolean;
  /** Length of the longest path that reaches the target. */
  readonly #targetHops: number;

  constructor(counts: PathCounts) {
    this.#counts = counts;
    const reached = counts.flows.filter((flow) => flow.isReached);
    this.#isTargetReached = reached.length > 0;
    this.#targetHops = Math.max(0, ...reached.map(({ responders }) => responders.length));
  }

  build(): PathGraph {
    for (const [index, flow] of this.#counts.flows.entries()) this.#addFlow(index, flow);
    return {
      minTtl: this.#counts.minTtl,
      vertices: this.#vertices,
      classes: [...this.#classes.values()],
      cells: this.#cells,
      isTargetReached: this.#isTargetReached,
    };
  }

  #addFlow(index: number, flow: FlowCounts): void {
    const known = flow.isReached ? flow.responders.length : lastKnown(flow.responders) + 1;
    if (!isProbedUpTo(flow, known)) return;
    const path = this.#verticesOf(flow, known);
    // A flow that ends while others reach the target has lost its probes to one place: behind the
    // last hop that answered. All that it sent to the target's distance is evidence for that.
    const hasGoneAsFar =
      flow.sent.length >= this.#targetHops && isProbedUpTo(flow, this.#targetHops);
    const isDead = !flow.isReached && this.#isTargetReached && known > 0 && hasGoneAsFar;
    if (isDead)
      path.push(this.#vertexId(`!${path.at(-1)}`, { kind: 'unseen', ttl: this.#ttl(known) }));
    if (path.length === 0) return;
    const sharing = this.#classOf(path, flow.isReached);
    sharing.flows.push(index);
    for (const [position, cellId] of sharing.cells.entries()) {
      const cell = this.#cells[cellId];
      if (cell === undefined) continue;
      const hop = isDead && position === known ? flow.sent.length - 1 : position;
      cell.sent += flow.sent[hop] ?? 0;
      cell.received += flow.received[hop] ?? 0;
    }
  }

  #verticesOf({ responders, isReached }: FlowCounts, known: number): number[] {
    const path: number[] = [];
    for (let position = 0; position < known; position++) {
      const address = responders[position] ?? STAR;
      const ttl = this.#ttl(position);
      if (address === STAR) {
        const key = `*${ttl}|${path[position - 1]}|${nextKnown(responders, position)}`;
        path.push(this.#vertexId(key, { kind: 'silent', ttl }));
      } else if (isReached && position === known - 1) {
        path.push(this.#vertexId('target', { kind: 'target', address, ttl }));
      } else {
        path.push(this.#vertexId(`${address}`, { kind: 'interface', address, ttl }));
      }
    }
    return path;
  }

  #classOf(vertices: number[], isReached: boolean): PathClass & { flows: number[] } {
    const key = vertices.join();
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const cells = vertices.map((vertex) => {
      if (this.#vertices[vertex]?.kind === 'silent') return -1;
      return this.#cells.push({ sent: 0, received: 0 }) - 1;
    });
    const created = { flows: [], vertices, cells, isReached };
    this.#classes.set(key, created);
    return created;
  }

  #vertexId(key: string, vertex: Vertex): number {
    const known = this.#idByKey.get(key);
    if (known !== undefined) return known;
    const id = this.#vertices.push(vertex) - 1;
    this.#idByKey.set(key, id);
    return id;
  }

  #ttl(position: number): number {
    return this.#counts.minTtl + position;
  }
}

/** Whether every hop has been asked: one that has not is no silent hop. */
function isProbedUpTo({ responders, sent }: FlowCounts, end: number): boolean {
  for (let position = 0; position < end; position++) {
    if (responders[position] === STAR && sent[position] === 0) return false;
  }
  return true;
}

function lastKnown(responders: readonly number[]): number {
  let position = responders.length - 1;
  while (position >= 0 && responders[position] === STAR) position--;
  return position;
}

/** What follows a silent hop on its path: with what precedes it, all that tells it from others. */
function nextKnown(responders: readonly number[], position: number): number {
  for (let next = position + 1; next < responders.length; next++) {
    const responder = responders[next] ?? STAR;
    if (responder !== STAR) return responder;
  }
  return STAR;
}
