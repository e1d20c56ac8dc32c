/**
 * Everything that could explain missing replies, each with the cells in which its loss would show.
 * Candidates with the same cells cannot be told apart by these counts and form one class.
 *
 * A loss on a link shows from its far end on, in every flow that crosses it. A loss inside a router
 * shows behind it (on transit) or from it on (at its entrance). A limit on a responder's ICMP shows
 * at that responder alone, and so does the loss of its replies on their way back.
 */

import { aliasGroups } from './aliases.ts';
import {
  neighbours,
  type PathClass,
  type PathGraph,
  SOURCE_VERTEX,
  type Vertex,
} from './path-graph.ts';

/** One physical explanation. Vertices are ids of the path graph. */
export type Explanation =
  /** From any of `nears`, which are one router, to `far`. */
  | { readonly kind: 'link'; readonly nears: readonly number[]; readonly far: number }
  /** A router, by its interfaces; none of them where it has never been seen. */
  | { readonly kind: 'node'; readonly interfaces: readonly number[]; readonly ttl: number }
  /** The target itself, or the way back from it. */
  | { readonly kind: 'target' }
  /** An interface that answers less than it is asked: no loss of traffic. */
  | { readonly kind: 'responder'; readonly vertex: number };

export interface Candidate {
  /** Ascending ids of the cells that it covers. */
  readonly cells: readonly number[];
  /** Flows that cross it. */
  readonly flows: readonly number[];
  /** All that cover just these cells; the first is the most ordinary. */
  readonly explanations: readonly Explanation[];
  /** Whether it explains missing replies without any loss of traffic. */
  readonly isNuisance: boolean;
}

/** Every candidate class of a graph that covers at least one cell. */
export function candidatesOf(graph: PathGraph): readonly Candidate[] {
  return new CandidateCollector(graph).collect();
}

/** One explanation while its cells are being collected. */
interface Coverage {
  readonly explanation: Explanation;
  readonly cells: Set<number>;
  readonly flows: Set<number>;
}

/** A place on a path. */
interface Place {
  readonly path: PathClass;
  readonly position: number;
  readonly near: number;
  readonly vertex: number;
}

class CandidateCollector {
  readonly #graph: PathGraph;
  readonly #routers: readonly ReadonlySet<number>[];
  readonly #predecessors: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #coverages = new Map<string, Coverage>();

  constructor(graph: PathGraph) {
    this.#graph = graph;
    this.#routers = aliasGroups(graph);
    this.#predecessors = neighbours(graph, 'predecessors');
  }

  collect(): Candidate[] {
    for (const path of this.#graph.classes) {
      for (const [position, vertex] of path.vertices.entries()) {
        const near = path.vertices[position - 1] ?? SOURCE_VERTEX;
        const place = { path, position, near, vertex };
        this.#addLinks(place);
        this.#addNodes(place);
        this.#addEnd(place);
      }
    }
    return classesOf(this.#coverages.values());
  }

  #addLinks(place: Place): void {
    const { near, vertex: far } = place;
    const { kind } = this.#describe(far);
    const farKey = kind === 'silent' || kind === 'unseen' ? kind : `${far}`;
    const nearKey = this.#describe(near).kind === 'silent' ? 'silent' : `${near}`;
    this.#cover(`link ${nearKey} ${farKey}`, { kind: 'link', nears: [near], far }, place);
    const router = this.#routerOf(near);
    if (router === undefined) return;
    this.#cover(`link ${[...router]} ${farKey}`, { kind: 'link', nears: [...router], far }, place);
  }

  #addNodes(place: Place): void {
    const { vertex, near } = place;
    const { kind, ttl } = this.#describe(vertex);
    const behind = { ...place, position: place.position + 1 };
    if (kind === 'interface') {
      this.#cover(`transit ${vertex}`, { kind: 'node', interfaces: [vertex], ttl }, behind);
      this.#addEntrance(`entrance ${vertex}`, [vertex], place);
      const interfaces = [...(this.#routerOf(vertex) ?? [])];
      if (interfaces.length > 0) {
        this.#cover(`transit ${interfaces}`, { kind: 'node', interfaces, ttl }, behind);
        this.#addEntrance(`entrance ${interfaces}`, interfaces, place);
      }
    } else if (kind === 'unseen') {
      this.#cover(`unseen ${ttl}`, { kind: 'node', interfaces: [], ttl }, place);
    }
    const before = this.#describe(near);
    if (before.kind !== 'silent') return;
    const silent: Explanation = { kind: 'node', interfaces: [], ttl: before.ttl };
    this.#cover(`silent ${before.ttl} ${vertex}`, silent, place);
  }

  /** Loss at a router's entrance: only where it has several, since one is the link before it. */
  #addEntrance(key: string, interfaces: readonly number[], place: Place): void {
    const nears = new Set<number | ReadonlySet<number>>();
    for (const vertex of interfaces) {
      for (const near of this.#predecessors.get(vertex) ?? []) {
        nears.add(this.#routerOf(near) ?? near);
      }
    }
    if (nears.size < 2) return;
    const { ttl } = this.#describe(place.vertex);
    this.#cover(key, { kind: 'node', interfaces, ttl }, place);
  }

  /** What can withhold a reply at this place alone. */
  #addEnd(place: Place): void {
    const { path, position, vertex } = place;
    const kind = this.#graph.vertices[vertex]?.kind;
    if (kind === 'target' || kind === 'unseen') {
      this.#cover('target', { kind: 'target' }, place);
    } else if (kind === 'interface') {
      const cells = path.cells.slice(position, position + 1);
      this.#coverCells(`responder ${vertex}`, { kind: 'responder', vertex }, path, cells);
    }
  }

  #cover(key: string, explanation: Explanation, { path, position }: Place): void {
    this.#coverCells(key, explanation, path, path.cells.slice(position));
  }

  #coverCells(
    key: string,
    explanation: Explanation,
    { flows }: PathClass,
    cells: readonly number[],
  ): void {
    const known = this.#coverages.get(key);
    const coverage = known ?? { explanation, cells: new Set(), flows: new Set() };
    if (known === undefined) this.#coverages.set(key, coverage);
    for (const cell of cells) if (cell >= 0) coverage.cells.add(cell);
    for (const flow of flows) coverage.flows.add(flow);
  }

  #routerOf(vertex: number): ReadonlySet<number> | undefined {
    return this.#routers.find((router) => router.has(vertex));
  }

  #describe(vertex: number): { kind: Vertex['kind']; ttl: number } {
    const described = this.#graph.vertices[vertex] ?? { kind: 'source' };
    return { kind: described.kind, ttl: described.kind === 'source' ? 0 : described.ttl };
  }
}

/** Merges the coverages that have the same cells. */
function classesOf(coverages: Iterable<Coverage>): Candidate[] {
  const classes = new Map<
    string,
    { cells: number[]; flows: number[]; explanations: Explanation[] }
  >();
  for (const { explanation, cells: cellSet, flows } of coverages) {
    if (cellSet.size === 0) continue;
    const cells = [...cellSet].sort((a, b) => a - b);
    const key = cells.join();
    const known = classes.get(key);
    if (known === undefined) {
      classes.set(key, { cells, flows: [...flows], explanations: [explanation] });
    } else {
      known.explanations.push(explanation);
    }
  }
  return [...classes.values()].map((candidate) => ({
    ...candidate,
    explanations: ranked(candidate.explanations.filter(isWhole).filter(isSeen)),
    isNuisance: candidate.explanations.some(({ kind }) => kind === 'responder'),
  }));
}

/**
 * Whether no other explanation of the class says the same of more interfaces of the same router.
 */
function isWhole(explanation: Explanation, _: number, all: readonly Explanation[]): boolean {
  const mine = interfacesOf(explanation);
  return !all.some((other) => {
    const theirs = interfacesOf(other);
    const isSameFar =
      explanation.kind !== 'link' || (other.kind === 'link' && other.far === explanation.far);
    return (
      other.kind === explanation.kind &&
      isSameFar &&
      theirs.length > mine.length &&
      mine.every((vertex) => theirs.includes(vertex))
    );
  });
}

/** Whether it says more than that there is a router that nobody has seen, or nothing else does. */
function isSeen(explanation: Explanation, _: number, all: readonly Explanation[]): boolean {
  const isUnseen = explanation.kind === 'node' && explanation.interfaces.length === 0;
  return !isUnseen || all.every(({ kind }) => kind !== 'link');
}

function interfacesOf(explanation: Explanation): readonly number[] {
  if (explanation.kind === 'link') return explanation.nears;
  return explanation.kind === 'node' ? explanation.interfaces : [];
}

/** The order in which equal explanations are named. */
function ranked(explanations: readonly Explanation[]): readonly Explanation[] {
  const rank = (explanation: Explanation): number => {
    if (explanation.kind === 'target') return 0;
    if (explanation.kind === 'node') return explanation.interfaces.length > 0 ? 1 : 3;
    return explanation.kind === 'link' ? 2 : 4;
  };
  return [...explanations].sort((a, b) => rank(a) - rank(b));
}
