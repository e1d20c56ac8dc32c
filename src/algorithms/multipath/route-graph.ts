/**
 * The graph that observations show: interfaces by TTL, stars and clumps as places of their own, and
 * how many flows went from one place to the next.
 */

import { type Answer, type Cell, isEnd, type Observations } from './observations.ts';

/** `clump`: the next hops of a balancer that sends each packet another way. */
export type VertexKind = 'source' | 'interface' | 'star' | 'clump';

/** A place at one TTL. */
export interface Vertex {
  /** Index in the graph. */
  readonly index: number;
  /** The same in every graph of the same run. */
  readonly key: string;
  readonly kind: VertexKind;
  /** 0 for the source. */
  readonly ttl: number;
  /** Who answers: one for an interface, none for a star, any number for a clump. */
  readonly members: Set<number>;
  /** Flows that pass here, ascending. */
  readonly flows: number[];
  /** Whether paths end here: the target, who refuses, or the begin of a loop. */
  isEnd: boolean;
  /** Stars in a row up to here. */
  readonly starsInRow: number;
  /** Where its flows are seen next, with the number of flows. */
  readonly successors: Map<Vertex, number>;
  readonly predecessors: Set<Vertex>;
  /** Its flows that have an outcome at the next TTL; of a balancer by packets, their packets. */
  observed: number;
  /** Probes of its flows to the next TTL without an outcome. */
  awaited: number;
  star: Vertex | undefined;
  clump: Vertex | undefined;
}

export interface RouteGraph {
  readonly source: Vertex;
  /** The source first, then as they were met. */
  readonly vertices: readonly Vertex[];
  /** By TTL, from 0 on. */
  readonly byTtl: readonly (readonly Vertex[])[];
  /** Where a flow is at a TTL, as far as it is known. */
  vertexAt(flow: number, ttl: number): Vertex | undefined;
}

/**
 * Builds the graph.
 *
 * @param sprayers keys of places whose next hops are told apart by no flow
 */
export function buildGraph(
  observations: Observations,
  sprayers: ReadonlySet<string>,
  maxTtl: number,
): RouteGraph {
  const builder = new GraphBuilder(observations, sprayers);
  for (let flow = 0; flow < observations.flows; flow++) builder.walk(flow, maxTtl);
  return builder.graph();
}

/** How many next hops a place has shown. */
export function branchesOf(vertex: Vertex): number {
  const { clump, successors } = vertex;
  return clump === undefined ? successors.size : clump.members.size;
}

class GraphBuilder {
  readonly #observations: Observations;
  readonly #sprayers: ReadonlySet<string>;
  readonly #vertices: Vertex[] = [];
  readonly #interfaces: Map<number, Vertex>[] = [];
  readonly #walks: (Vertex | undefined)[][] = [];
  readonly #source: Vertex;

  constructor(observations: Observations, sprayers: ReadonlySet<string>) {
    this.#observations = observations;
    this.#sprayers = sprayers;
    this.#source = this.#vertex('source', 0, 'source');
  }

  graph(): RouteGraph {
    const byTtl: Vertex[][] = [];
    for (const vertex of this.#vertices) {
      byTtl[vertex.ttl] ??= [];
      byTtl[vertex.ttl]?.push(vertex);
    }
    for (let ttl = 0; ttl < byTtl.length; ttl++) byTtl[ttl] ??= [];
    const walks = this.#walks;
    return {
      source: this.#source,
      vertices: this.#vertices,
      byTtl,
      vertexAt: (flow, ttl) => (ttl === 0 ? this.#source : walks[flow]?.[ttl]),
    };
  }

  walk(flow: number, maxTtl: number): void {
    const walk: (Vertex | undefined)[] = [this.#source];
    this.#walks[flow] = walk;
    this.#source.flows.push(flow);
    const passed: number[] = [];
    let near: Vertex | undefined = this.#source;
    for (let ttl = 1; ttl <= maxTtl; ttl++) {
      const cell = this.#observations.cellAt(flow, ttl);
      if (near !== undefined && cell !== undefined) near.awaited += cell.pending;
      const far: Vertex | undefined = this.#placeOf({ flow, ttl, cell, near });
      if (near !== undefined && far !== undefined) link(near, far, cell);
      near = far;
      if (far === undefined) continue;
      far.flows.push(flow);
      walk[ttl] = far;
      far.isEnd ||= isReturn(far, passed) || (cell?.answers ?? []).some(isEndingAnswer);
      if (far.isEnd) return;
    }
  }

  #placeOf({
    flow,
    ttl,
    cell,
    near,
  }: {
    readonly flow: number;
    readonly ttl: number;
    readonly cell: Cell | undefined;
    readonly near: Vertex | undefined;
  }): Vertex | undefined {
    const state = this.#observations.stateAt(flow, ttl);
    if (state === 'star') {
      if (near === undefined) return undefined;
      near.star ??= this.#vertex('star', ttl, `${near.key}*`, near.starsInRow + 1);
      return near.star;
    }
    const answer = cell?.answers.at(-1);
    if (answer === undefined) return undefined;
    if (near === undefined || !this.#sprayers.has(near.key)) return this.#interface(ttl, answer);
    near.clump ??= this.#vertex('clump', ttl, `${near.key}#`);
    for (const { reply } of cell?.answers ?? []) near.clump.members.add(reply.responder);
    return near.clump;
  }

  #interface(ttl: number, { reply: { responder } }: Answer): Vertex {
    this.#interfaces[ttl] ??= new Map();
    const known = this.#interfaces[ttl].get(responder);
    if (known !== undefined) return known;
    const vertex = this.#vertex('interface', ttl, `${ttl}:${responder}`);
    vertex.members.add(responder);
    this.#interfaces[ttl].set(responder, vertex);
    return vertex;
  }

  #vertex(kind: VertexKind, ttl: number, key: string, starsInRow = 0): Vertex {
    const vertex: Vertex = {
      index: this.#vertices.length,
      key,
      kind,
      ttl,
      members: new Set(),
      flows: [],
      isEnd: false,
      starsInRow,
      successors: new Map(),
      predecessors: new Set(),
      observed: 0,
      awaited: 0,
      star: undefined,
      clump: undefined,
    };
    this.#vertices.push(vertex);
    return vertex;
  }
}

function link(near: Vertex, far: Vertex, cell: Cell | undefined): void {
  const packets = (cell?.answers.length ?? 0) + (cell?.lost ?? 0);
  near.observed += near.clump === undefined ? 1 : packets;
  near.successors.set(far, (near.successors.get(far) ?? 0) + 1);
  far.predecessors.add(near);
}

/** Whether a flow comes back to where it has been; twice in a row is no loop yet. */
function isReturn({ kind, ttl, members }: Vertex, passed: number[]): boolean {
  if (kind !== 'interface') return false;
  const [who = -1] = members;
  const before = passed.indexOf(who);
  passed[ttl] = who;
  return before !== -1 && before < ttl - 1;
}

function isEndingAnswer({ reply }: Answer): boolean {
  return isEnd(reply);
}
