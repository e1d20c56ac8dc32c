/**
 * The graph that observations show: interfaces by TTL, stars and clumps as places of their own, and
 * how many flows went from one place to the next.
 */

import type { ProbeReply } from '../../model/probe.ts';
import { type Cell, isEnd, type Observations } from './observations.ts';

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
  /** Flows that pass here, ascending; seen here, or behind a place that all of them pass. */
  readonly flows: number[];
  /** Whether paths end here: the target, who refuses, or the begin of a loop. */
  isEnd: boolean;
  /** Whether it is all there is at its TTL, so that flows pass here without having been seen. */
  isNarrow: boolean;
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

/** What a graph is built with. */
export interface GraphSettings {
  /** Keys of places whose next hops are told apart by no flow. */
  readonly sprayers: ReadonlySet<string>;
  readonly maxTtl: number;
  /** So many flows that all show one interface at a TTL make others pass there, too. */
  readonly narrowFlows: number;
}

/** A graph, and what it takes to go on from it. */
export interface DrawnGraph {
  readonly graph: RouteGraph;
  /** Where each flow is, by TTL; undefined where that is not known. */
  readonly walks: (Vertex | undefined)[][];
  /** Interfaces that each flow has passed, by TTL. */
  readonly passed: number[][];
  /** Vertices of each TTL by the index of their address. */
  readonly interfaces: readonly ReadonlyMap<number, Vertex>[];
  /** Flows that were not seen where they are, but must have come by: keys of flow and TTL. */
  readonly passers: Set<number>;
  readonly lastTtl: number;
  /** The nearest TTL at which paths end; Infinity for none. */
  readonly firstEndTtl: number;
}

const TTLS = 256;

/** A flow at a TTL as one number. */
export function cellKey(flow: number, ttl: number): number {
  return flow * TTLS + ttl;
}

/** Builds the graph, and keeps what it takes to go on from it. */
export function drawGraph(observations: Observations, settings: GraphSettings): DrawnGraph {
  const builder = new GraphBuilder(observations, settings);
  const lastTtl = Math.min(settings.maxTtl, observations.lastTtl);
  for (let ttl = 1; ttl <= lastTtl; ttl++) builder.hop(ttl);
  return builder.drawn(lastTtl);
}

/** How many next hops a place has shown. */
export function branchesOf(vertex: Vertex): number {
  const { clump, successors } = vertex;
  return clump === undefined ? successors.size : clump.members.size;
}

class GraphBuilder {
  readonly #observations: Observations;
  readonly #settings: GraphSettings;
  readonly #vertices: Vertex[] = [];
  readonly #walks: (Vertex | undefined)[][] = [];
  /** Interfaces that each flow has passed, by TTL. */
  readonly #passed: number[][] = [];
  readonly #source: Vertex;
  readonly #interfaces: Map<number, Vertex>[] = [];
  readonly #passers = new Set<number>();
  /** Flows whose paths have ended. */
  readonly #over = new Set<number>();
  #hasEnds = false;

  constructor(observations: Observations, settings: GraphSettings) {
    this.#observations = observations;
    this.#settings = settings;
    this.#source = this.#vertex('source', 0, 'source');
    for (let flow = 0; flow < observations.flows; flow++) {
      this.#source.flows.push(flow);
      this.#walks.push([this.#source]);
      this.#passed.push([]);
    }
  }

  drawn(lastTtl: number): DrawnGraph {
    const shared = {
      walks: this.#walks,
      passed: this.#passed,
      interfaces: this.#interfaces,
      passers: this.#passers,
    };
    const graph = this.#graph();
    const end = graph.byTtl.findIndex((vertices) =>
      vertices.some(({ isEnd: hasEnded }) => hasEnded),
    );
    return { graph, ...shared, lastTtl, firstEndTtl: end === -1 ? Number.POSITIVE_INFINITY : end };
  }

  #graph(): RouteGraph {
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

  /** Adds one TTL, nearest first. */
  hop(ttl: number): void {
    const before = this.#vertices.length;
    this.#interfaces[ttl] = new Map();
    for (const [flow, walk] of this.#walks.entries()) {
      const near = walk[ttl - 1];
      if (near?.isEnd === true) this.#over.add(flow);
      if (this.#over.has(flow)) continue;
      const cell = this.#observations.cellAt(flow, ttl);
      if (near !== undefined && cell !== undefined) near.awaited += cell.pending;
      const far = this.#placeOf({ flow, ttl, cell, near });
      if (far === undefined) continue;
      if (near !== undefined) link(near, far, cell);
      far.flows.push(flow);
      walk[ttl] = far;
      far.isEnd ||= isReturn(far, this.#passed[flow] ?? []) || (cell?.answers ?? []).some(isEnd);
    }
    this.#narrow(ttl, this.#vertices.slice(before));
  }

  /**
   * Where one interface is all there is at a TTL, flows that were only probed behind it have come
   * by it: as sure as there is no second one, which the places before it answer for.
   */
  #narrow(ttl: number, [only, ...others]: readonly Vertex[]): void {
    this.#hasEnds ||= only?.isEnd === true || others.some(({ isEnd: hasEnded }) => hasEnded);
    if (only === undefined || others.length > 0 || this.#hasEnds) return;
    if (only.kind !== 'interface') return;
    if (only.flows.length < this.#settings.narrowFlows) return;
    only.isNarrow = true;
    for (const [flow, walk] of this.#walks.entries()) {
      if (walk[ttl] !== undefined || this.#observations.stateAt(flow, ttl) !== 'none') continue;
      if (this.#observations.reachTtl(flow) <= ttl) continue;
      walk[ttl] = only;
      this.#passers.add(cellKey(flow, ttl));
      only.flows.push(flow);
    }
    only.flows.sort((a, b) => a - b);
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
    const isSprayed = near !== undefined && this.#settings.sprayers.has(near.key);
    if (near === undefined || !isSprayed) return this.#interface(ttl, answer);
    near.clump ??= this.#vertex('clump', ttl, `${near.key}#`);
    for (const { responder } of cell?.answers ?? []) near.clump.members.add(responder);
    return near.clump;
  }

  #interface(ttl: number, { responder }: ProbeReply): Vertex {
    const known = this.#interfaces[ttl]?.get(responder);
    if (known !== undefined) return known;
    const vertex = this.#vertex('interface', ttl, `${ttl}:${responder}`);
    vertex.members.add(responder);
    this.#interfaces[ttl]?.set(responder, vertex);
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
      isNarrow: false,
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
export function isReturn({ kind, ttl, members }: Vertex, passed: number[]): boolean {
  if (kind !== 'interface') return false;
  const [who = -1] = members;
  const before = passed.indexOf(who);
  passed[ttl] = who;
  return before !== -1 && before < ttl - 1;
}
