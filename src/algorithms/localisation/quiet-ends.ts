/**
 * Where a flow may have got to that goes on unanswered. One that loses everything shows the last
 * hop that answered it; the routers behind it may only have kept silent, as those do that answer
 * one probe a second. So flows that end at different hops may all have been lost at one place.
 */

import type { PathGraph, Vertex } from './path-graph.ts';

/** The quiet interfaces of a graph, and who may have passed them. */
export class QuietEnds {
  readonly #graph: PathGraph;
  readonly #successors: ReadonlyMap<number, ReadonlySet<number>>;
  /** By TTL: the quiet interfaces there that flows pass which lose everything. */
  readonly #onLostPaths = new Map<number, Set<number>>();
  /** The TTLs at which some interface is quiet, or some hop silent. */
  readonly #mayBeUnanswered = new Set<number>();

  constructor(graph: PathGraph, successors: ReadonlyMap<number, ReadonlySet<number>>) {
    this.#graph = graph;
    this.#successors = successors;
    for (const { vertices } of graph.classes) {
      const isLost = this.#describe(vertices.at(-1))?.kind === 'unseen';
      for (const vertex of vertices) this.#add(vertex, isLost);
    }
  }

  /**
   * The quiet interfaces that a flow may have passed whose last answer came from `start`: itself,
   * those that others went on to, and those of other flows that are lost. Which links lead there
   * few such flows show, and none need have shown this one.
   */
  onwardFrom(start: number): readonly number[] {
    const found = new Set([start]);
    for (const next of this.#lostBehind(start)) found.add(next);
    for (const vertex of found) {
      for (const next of this.#successors.get(vertex) ?? [])
        if (this.#isQuiet(next)) found.add(next);
    }
    return [...found].filter((vertex) => this.#isQuiet(vertex));
  }

  #lostBehind(start: number): number[] {
    const found: number[] = [];
    let ttl = this.#ttlOf(start) + 1;
    while (this.#mayBeUnanswered.has(ttl)) found.push(...(this.#onLostPaths.get(ttl++) ?? []));
    return found;
  }

  #add(vertex: number, isLost: boolean): void {
    const isQuiet = this.#isQuiet(vertex);
    if (!isQuiet && this.#describe(vertex)?.kind !== 'silent') return;
    const ttl = this.#ttlOf(vertex);
    this.#mayBeUnanswered.add(ttl);
    if (!isQuiet || !isLost) return;
    this.#onLostPaths.set(ttl, (this.#onLostPaths.get(ttl) ?? new Set()).add(vertex));
  }

  #isQuiet(vertex: number): boolean {
    const described = this.#describe(vertex);
    return described?.kind === 'interface' && this.#graph.quiet.has(described.address);
  }

  /** The source comes before the first TTL that is probed. */
  #ttlOf(vertex: number): number {
    const described = this.#describe(vertex);
    return described === undefined || described.kind === 'source'
      ? this.#graph.minTtl - 1
      : described.ttl;
  }

  #describe(vertex: number | undefined): Vertex | undefined {
    return vertex === undefined ? undefined : this.#graph.vertices[vertex];
  }
}
