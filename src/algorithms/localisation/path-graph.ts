/**
 * The measured paths as a graph: vertices are interfaces, and places where none is known. Flows of
 * the same path are added up to one path class, which loses nothing under homogeneous loss.
 */

import { type PathCounts, STAR } from '../../model/path-counts.ts';
import { type DeafInterfaces, deafInterfaces } from './deaf-interfaces.ts';
import { type FlowRow, flowRows } from './flow-rows.ts';

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
  /** Links that a probe and its answer cross: what loss needs no explanation grows with them. */
  readonly links: number;
}

/** Flows that share one path. */
export interface PathClass {
  readonly flows: readonly number[];
  /** Vertex ids from the first hop to the target, or to where the path is lost. */
  readonly vertices: readonly number[];
  /** Cell id of each position; −1 where the counts tell nothing, as hardly any answers come. */
  readonly cells: readonly number[];
  /**
   * Cell of the target's answers on their way back: of the probes that are known to have arrived,
   * those whose first answer came. −1 where the target is not known to repeat lost answers.
   */
  readonly returnCell: number;
  readonly isReached: boolean;
  /** Address index of the target that its flows are sent to. */
  readonly target: number;
}

export interface PathGraph extends DeafInterfaces {
  readonly minTtl: number;
  /** By vertex id; 0 is the source. */
  readonly vertices: readonly Vertex[];
  readonly classes: readonly PathClass[];
  readonly cells: readonly Cell[];
  /** What each flow measured, by flow; undefined where its path is not known yet. */
  readonly rows: readonly (FlowRow | undefined)[];
  /** Whether some flow gets to the target, or to each of them where there are several. */
  readonly isTargetReached: boolean;
  /** Whether a target has repeated an answer that was lost: then lost answers show as such. */
  readonly doesTargetRepeat: boolean;
  /** Rounds that the counts are of; undefined where nobody noted in which probes were lost. */
  readonly rounds: number | undefined;
}

export const SOURCE_VERTEX = 0;

/** Names the hops of every flow and adds up the flows of each path. */
export function buildPathGraph(counts: PathCounts): PathGraph {
  return new GraphBuilder(counts).build();
}

/** Whether there is a flow to every target that gets there. */
export function areTargetsReached({ flows, target: usual }: PathCounts): boolean {
  const reached = new Set(
    flows.flatMap(({ isReached, target = usual }) => (isReached ? [target] : [])),
  );
  return reached.size > 0 && flows.every(({ target = usual }) => reached.has(target));
}

/** The paths on which a router answered at this TTL, and nothing is known behind it. */
export function endsAt({ classes, vertices }: PathGraph, ttl: number): readonly PathClass[] {
  return classes.filter((path) => {
    const end = vertices[path.vertices.at(-1) ?? SOURCE_VERTEX];
    return end?.kind === 'interface' && end.ttl === ttl;
  });
}

/** Successors (or predecessors) of every vertex over all paths. */
export function neighbours(
  graph: PathGraph,
  direction: 'successors' | 'predecessors',
): ReadonlyMap<number, ReadonlySet<number>> {
  const map = new Map<number, Set<number>>();
  for (const { vertices } of graph.classes) {
    let before = SOURCE_VERTEX;
    for (const vertex of vertices) {
      const [from, to] = direction === 'successors' ? [before, vertex] : [vertex, before];
      const known = map.get(from);
      if (known === undefined) map.set(from, new Set([to]));
      else known.add(to);
      before = vertex;
    }
  }
  return map;
}

/**
 * Probes and answers of one flow at one position of its path, as its path class counts them: a
 * probe that the target answered late has arrived.
 */
export function flowCell(row: FlowRow, position: number): { sent: number; received: number } {
  const sent = row.sent[position] ?? 0;
  const received = row.received[position] ?? 0;
  const isAtTarget = row.end === 'target' && position === row.responders.length - 1;
  return { sent, received: isAtTarget ? Math.min(sent, received + row.answeredLate) : received };
}

/** The flow's part of the return cell of its path class. */
export function flowReturnCell(row: FlowRow): { sent: number; received: number } {
  const last = row.responders.length - 1;
  const { received: sent } = flowCell(row, last);
  return { sent, received: row.received[last] ?? 0 };
}

interface GrowingClass extends PathClass {
  readonly flows: number[];
}

class GraphBuilder {
  readonly #counts: PathCounts;
  readonly #rows: readonly FlowRow[];
  readonly #deaf: DeafInterfaces;
  readonly #vertices: Vertex[] = [{ kind: 'source' }];
  readonly #idByAddress = new Map<number, number>();
  readonly #idByKey = new Map<string, number>();
  readonly #cells: { sent: number; received: number; links: number }[] = [];
  readonly #classes = new Map<string, GrowingClass>();
  /** Targets that repeat lost answers. */
  readonly #repeating: ReadonlySet<number>;

  constructor(counts: PathCounts) {
    this.#counts = counts;
    this.#rows = flowRows(counts);
    this.#deaf = deafInterfaces(this.#rows, counts.clocked);
    this.#repeating = new Set(
      this.#rows.flatMap(({ answeredLate, target }) => (answeredLate > 0 ? [target] : [])),
    );
  }

  build(): PathGraph {
    const byFlow = new Array<FlowRow | undefined>(this.#counts.flows.length).fill(undefined);
    for (const row of this.#rows) {
      this.#addRow(row);
      byFlow[row.flow] = row;
    }
    return {
      minTtl: this.#counts.minTtl,
      vertices: this.#vertices,
      classes: [...this.#classes.values()],
      cells: this.#cells,
      rows: byFlow,
      isTargetReached: areTargetsReached(this.#counts),
      doesTargetRepeat: this.#repeating.size > 0,
      ...this.#deaf,
      rounds: this.#counts.rounds,
    };
  }

  #addRow(row: FlowRow): void {
    const sharing = this.#classOf(this.#verticesOf(row), row);
    sharing.flows.push(row.flow);
    for (const [position, id] of sharing.cells.entries()) {
      if (id >= 0) this.#count(id, flowCell(row, position));
    }
    if (sharing.returnCell >= 0) this.#count(sharing.returnCell, flowReturnCell(row));
  }

  #count(id: number, { sent, received }: { sent: number; received: number }): void {
    const cell = this.#cells[id];
    if (cell === undefined) return;
    cell.sent += sent;
    cell.received += received;
  }

  #verticesOf({ responders, end }: FlowRow): number[] {
    const path: number[] = [];
    const last = responders.length - 1;
    for (const [position, address] of responders.entries()) {
      const ttl = this.#counts.minTtl + position;
      if (position === last && end === 'target') {
        path.push(this.#vertexId(`target ${address}`, { kind: 'target', address, ttl }));
      } else if (position === last && end === 'unseen') {
        path.push(this.#vertexId(`!${path[position - 1]}`, { kind: 'unseen', ttl }));
      } else if (address === STAR) {
        const key = `*${ttl}|${path[position - 1]}|${nextKnown(responders, position)}`;
        path.push(this.#vertexId(key, { kind: 'silent', ttl }));
      } else {
        path.push(this.#interfaceId(address, ttl));
      }
    }
    return path;
  }

  #classOf(vertices: number[], { end, target }: FlowRow): GrowingClass {
    const key = `${target}: ${vertices.join()}`;
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    const links = (position: number): number => 2 * (this.#counts.minTtl + position);
    const cells = vertices.map((vertex, position) =>
      this.#isTelling(vertex) ? this.#newCell(links(position)) : -1,
    );
    const isReached = end === 'target';
    const isSplit = isReached && this.#repeating.has(target);
    const returnCell = isSplit ? this.#newCell(links(vertices.length - 1) / 2) : -1;
    const created = { flows: [], vertices, cells, returnCell, isReached, target };
    this.#classes.set(key, created);
    return created;
  }

  #isTelling(id: number): boolean {
    const vertex = this.#vertices[id];
    if (vertex?.kind === 'interface') return !this.#deaf.deaf.has(vertex.address);
    return vertex?.kind !== 'silent';
  }

  #newCell(links: number): number {
    return this.#cells.push({ sent: 0, received: 0, links }) - 1;
  }

  #interfaceId(address: number, ttl: number): number {
    const known = this.#idByAddress.get(address);
    if (known !== undefined) return known;
    const id = this.#vertices.push({ kind: 'interface', address, ttl }) - 1;
    this.#idByAddress.set(address, id);
    return id;
  }

  #vertexId(key: string, vertex: Vertex): number {
    const known = this.#idByKey.get(key);
    if (known !== undefined) return known;
    const id = this.#vertices.push(vertex) - 1;
    this.#idByKey.set(key, id);
    return id;
  }
}

/** What follows a silent hop on its path: with what precedes it, all that tells it from others. */
function nextKnown(responders: readonly number[], position: number): number {
  for (let next = position + 1; next < responders.length; next++) {
    const responder = responders[next] ?? STAR;
    if (responder !== STAR) return responder;
  }
  return STAR;
}
