/**
 * The graph of a search that goes on: drawn once, and kept up with what is observed, as one of a
 * thousand flows costs too much to be drawn anew for each reply. Only what happens most is kept up,
 * one more flow on a link that is known; after anything else the graph is drawn anew. Either way it
 * is the graph that `drawGraph` would make, down to the order of its places.
 */

import { type Cell, type CellChange, isEnd, type Observations } from './observations.ts';
import {
  cellKey,
  type DrawnGraph,
  drawGraph,
  type GraphSettings,
  isReturn,
  type RouteGraph,
  type Vertex,
} from './route-graph.ts';

/** One graph; a graph that was handed out changes with the next call. */
export class LiveGraph {
  readonly #observations: Observations;
  #drawn: DrawnGraph | undefined;
  #sprayers = '';

  constructor(observations: Observations) {
    this.#observations = observations;
  }

  /** What is known by now. */
  graph(settings: GraphSettings): RouteGraph {
    const changes = this.#observations.takeChanges();
    const sprayers = [...settings.sprayers].join(' ');
    const drawn = sprayers === this.#sprayers ? this.#drawn : undefined;
    this.#sprayers = sprayers;
    if (drawn !== undefined && changes?.every((each) => this.#keepsUp(each, drawn, settings))) {
      return drawn.graph;
    }
    this.#drawn = drawGraph(this.#observations, settings);
    return this.#drawn.graph;
  }

  /** Takes one change in. @returns whether that was possible; if not, the graph is spoilt */
  #keepsUp(change: CellChange, drawn: DrawnGraph, settings: GraphSettings): boolean {
    const { flow, ttl, pending } = change;
    const cell = this.#observations.cellAt(flow, ttl);
    if (cell === undefined || ttl > drawn.lastTtl) return false;
    if (cell.lost + cell.unsent > 0 || this.#observations.hasLossAt(ttl)) return false;
    this.#addFlows(flow, drawn);
    const walk = drawn.walks[flow] ?? [];
    for (let before = 1; before < ttl; before++) if (walk[before]?.isEnd === true) return true;
    if (!this.#passesNarrowHops(flow, ttl, drawn)) return false;
    const near = walk[ttl - 1];
    if (near !== undefined && settings.sprayers.has(near.key)) return false;
    if (near !== undefined) near.awaited += pending;
    if (cell.answers.length === 0) return walk[ttl] === undefined;
    return this.#arrives(change, { cell, drawn, settings });
  }

  #addFlows(flow: number, { walks, passed, graph }: DrawnGraph): void {
    for (let each = walks.length; each <= flow; each++) {
      walks.push([graph.source]);
      passed.push([]);
      graph.source.flows.push(each);
    }
  }

  /** A flow that is probed behind the only place of a hop has come by it. */
  #passesNarrowHops(flow: number, ttl: number, { walks, graph, passers }: DrawnGraph): boolean {
    const walk = walks[flow] ?? [];
    for (let before = 1; before < ttl; before++) {
      const [only] = graph.byTtl[before] ?? [];
      if (only?.isNarrow !== true || walk[before] !== undefined) continue;
      if (this.#observations.stateAt(flow, before) !== 'none') continue;
      // What is behind a place that was not known yet would have to be linked to it now.
      if (this.#isProbedFrom(flow, before + 1, ttl)) return false;
      walk[before] = only;
      passers.add(cellKey(flow, before));
      insert(only.flows, flow);
    }
    return true;
  }

  /** Whether a flow has been probed at a TTL from `first` on, but for `last`. */
  #isProbedFrom(flow: number, first: number, last: number): boolean {
    for (let ttl = first; ttl <= this.#observations.lastTtl; ttl++) {
      if (ttl !== last && this.#observations.cellAt(flow, ttl) !== undefined) return true;
    }
    return false;
  }

  /** One more flow, or one more answer to it, at a place that is known. */
  #arrives({ flow, ttl }: Where, { cell, drawn, settings }: Arrival): boolean {
    const walk = drawn.walks[flow] ?? [];
    const [near, known] = [walk[ttl - 1], walk[ttl]];
    const far = drawn.interfaces[ttl]?.get(cell.answers.at(-1)?.responder ?? -1);
    if (far === undefined || (!far.isEnd && cell.answers.some(isEnd))) return false;
    // Where it was only known to pass, it was not counted on a link.
    if (known !== undefined) return known === far && !drawn.passers.has(cellKey(flow, ttl));
    if (!this.#fits({ flow, ttl }, far, { cell, drawn, settings })) return false;
    if (near !== undefined && !this.#follows(flow, [near, far], drawn)) return false;
    walk[ttl] = far;
    insert(far.flows, flow);
    return true;
  }

  /** Whether a flow that is seen at a place changes nothing else. */
  #fits({ flow, ttl }: Where, far: Vertex, { drawn, settings }: Arrival): boolean {
    // A lower flow would change the order of places.
    if (this.#isProbedFrom(flow, ttl + 1, ttl) || flow < (far.flows[0] ?? 0)) return false;
    if (mayTurnNarrow(far, drawn, settings)) return false;
    return !isReturn(far, drawn.passed[flow] ?? []) || far.isEnd;
  }

  /** Takes a link that a lower flow has shown. @returns whether it is one */
  #follows(flow: number, [near, far]: readonly [Vertex, Vertex], { walks }: DrawnGraph): boolean {
    const flows = near.successors.get(far);
    const first = far.flows.find((each) => walks[each]?.[near.ttl] === near) ?? flow;
    if (flows === undefined || first >= flow) return false;
    near.observed++;
    near.successors.set(far, flows + 1);
    return true;
  }
}

type Where = Pick<CellChange, 'flow' | 'ttl'>;

interface Arrival {
  readonly cell: Cell;
  readonly drawn: DrawnGraph;
  readonly settings: GraphSettings;
}

/** Whether with one more flow a place is all there is at its TTL. */
function mayTurnNarrow(
  { ttl, isNarrow, flows }: Vertex,
  { graph, firstEndTtl }: DrawnGraph,
  { narrowFlows }: GraphSettings,
): boolean {
  if (isNarrow || ttl >= firstEndTtl || flows.length + 1 < narrowFlows) return false;
  return graph.byTtl[ttl]?.length === 1;
}

/** Into an ascending list. */
function insert(flows: number[], flow: number): void {
  let at = flows.length;
  while (at > 0 && (flows[at - 1] ?? 0) > flow) at--;
  flows.splice(at, 0, flow);
}
