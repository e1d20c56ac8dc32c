/**
 * Multipath discovery, without input or output of its own: it is told what becomes of its probes,
 * and says which ones it wants next, until every place has been crossed by enough flows or a limit
 * is reached.
 */

import type { PathsStopReason } from '../../model/paths-record.ts';
import { keptReply, type ProbeReply, type ProbeSink } from '../../model/probe.ts';
import { BalancerTests } from './balancer-tests.ts';
import type { BranchChange } from './constancy.ts';
import { probeFirstFlows } from './first-flows.ts';
import { LiveGraph } from './live-graph.ts';
import {
  controlNodes,
  flowsNeeded,
  probePredecessors,
  probeSuccessors,
  type Shortages,
} from './mda.ts';
import { flowsNeededLite, probeHops, TEST_FLOWS, unevenTtls } from './mda-lite.ts';
import { Observations } from './observations.ts';
import { Patience } from './patience.ts';
import { isMissedReply, placesOf } from './places.ts';
import { branchesOf, cellKey, type RouteGraph, type Vertex } from './route-graph.ts';
import type { SearchSettings, SearchView } from './search.ts';
import { failurePerBalancer, stoppingPoint } from './stopping-point.ts';
import { retriesWanted } from './waiting.ts';
import { probeWholeFlows } from './whole-flows.ts';

/** A route that changes more often is not one that could be drawn. */
const CHANGES_MAX = 3;

/** One search towards one target. */
export class Discovery implements ProbeSink {
  readonly observations: Observations = new Observations();
  readonly #graph = new LiveGraph(this.observations);
  #settings: SearchSettings;
  readonly #order: (flow: number, ttl: number, round: number) => void;
  readonly #startedAtUs: number;
  #tests = new BalancerTests();
  readonly #changes: BranchChange[] = [];
  #uneven: Set<number> = new Set();
  /** Whether a probe was wanted that `maxProbes` forbids: what is under way is still awaited. */
  #isSpent = false;
  #end: PathsStopReason | undefined;
  #isNews = true;
  readonly #patience = new Patience();
  /** When the next flow that waits for that has its turn. */
  #turnUs = Number.POSITIVE_INFINITY;
  /** Flows that wait for their turn: keys of flow and TTL. */
  readonly #waiting = new Set<number>();
  #probesOrdered = 0;

  /** @param order takes a probe: flows count from 0, rounds from 0 for each flow and TTL */
  constructor(
    settings: SearchSettings,
    order: (flow: number, ttl: number, round: number) => void,
    nowUs: number,
  ) {
    this.#settings = settings;
    this.#order = order;
    this.#startedAtUs = nowUs;
  }

  /** Why it is over; undefined while it is not. */
  get end(): PathsStopReason | undefined {
    return this.#end;
  }

  get changes(): readonly BranchChange[] {
    return this.#changes;
  }

  /** What is known of balancers. */
  get tests(): Pick<BalancerTests, 'sprayers' | 'steady'> {
    return this.#tests;
  }

  /** TTLs at which MDA-Lite gave way to the full search. */
  get uneven(): ReadonlySet<number> {
    return this.#uneven;
  }

  get probesOrdered(): number {
    return this.#probesOrdered;
  }

  /** There are no more flows than these to be had. */
  limitFlows(flowsMax: number): void {
    this.#settings = { ...this.#settings, flowsMax };
  }

  /** What is known by now. */
  graph(): RouteGraph {
    const { maxTtl, failureProbability } = this.#settings;
    const { sprayers } = this.#tests;
    const narrowFlows = stoppingPoint(2, failureProbability);
    return this.#graph.graph({ sprayers, maxTtl, narrowFlows });
  }

  /** With which probability a branch of one balancer may be missed. */
  failurePerBalancer({ vertices }: RouteGraph): number {
    const { failureProbability, promisedFor } = this.#settings;
    if (promisedFor === 'balancer') return failureProbability;
    const balancers = vertices.filter((vertex) => branchesOf(vertex) > 1).length;
    return failurePerBalancer(failureProbability, balancers);
  }

  /** Flows that a place still lacks, as the search was asked for. */
  flowsLacking(vertex: Vertex, graph: RouteGraph): number {
    return Math.max(0, this.#needed(vertex, this.#view(graph)) - vertex.observed);
  }

  replied(reply: ProbeReply): void {
    this.#isNews = true;
    const { flow, ttl } = reply;
    if (this.observations.isInTurn(flow, ttl)) this.#patience.settled(ttl, true);
    this.observations.replied(keptReply(reply));
  }

  repliedLate(reply: ProbeReply): void {
    if (this.observations.repliedLate(keptReply(reply))) this.#isNews = true;
  }

  lost(flow: number, ttl: number): void {
    this.#isNews = true;
    if (this.observations.isInTurn(flow, ttl)) this.#patience.settled(ttl, false);
    this.observations.lost(flow, ttl);
  }

  unsent(flow: number, ttl: number): void {
    this.#isNews = true;
    this.observations.unsent(flow, ttl);
  }

  /**
   * Asks for what is missing, or ends; to be called again after outcomes, and at `deadlineUs`.
   *
   * @param inRounds whether to wait for all that is under way (Vermeulen 2020): where many targets
   *   are searched at once nobody waits longer for it, and each plan costs as much as all before
   */
  advance(nowUs: number, { inRounds = false }: { readonly inRounds?: boolean } = {}): void {
    if (this.#end !== undefined) return;
    if (nowUs >= this.#startedAtUs + this.#settings.maxTimeUs) {
      this.#end = 'max-time';
      return;
    }
    if (this.#isSpent) {
      if (this.observations.pending === 0) this.#end = 'max-probes';
      return;
    }
    if (nowUs >= this.#turnUs) {
      this.#isNews = true;
      this.#turnUs = Number.POSITIVE_INFINITY; // what is awaited may come first
    }
    if (this.#isNews && !(inRounds && this.observations.pending > 0)) this.#plan(nowUs);
    if (this.#isSpent && this.observations.pending === 0) this.#end ??= 'max-probes';
  }

  /** When it is over, or has something to do, whatever comes; Infinity after its end. */
  deadlineUs(): number {
    if (this.#end !== undefined) return Number.POSITIVE_INFINITY;
    return Math.min(this.#turnUs, this.#startedAtUs + this.#settings.maxTimeUs);
  }

  abort(): void {
    this.#end ??= 'aborted';
  }

  #plan(nowUs: number): void {
    this.#isNews = false;
    this.#retry(nowUs);
    this.#testBalancers((vertex, view) => vertex.observed >= this.#needed(vertex, view));
    if (this.#end !== undefined) return;
    const begun = this.#view(this.graph());
    probeFirstFlows(begun);
    if (this.#settings.algorithm === 'mda-lite') {
      this.#uneven = unevenTtls(begun, this.#uneven);
      probeHops(begun);
    }
    // Drawn anew, so that what was just ordered counts as awaited.
    const view = this.#view(this.graph());
    probePredecessors(view, this.#settings.algorithm === 'mda' ? 1 : TEST_FLOWS);
    const shortages = probeSuccessors(view, (vertex) => this.#needed(vertex, view));
    controlNodes(shortages, view);
    if (this.#isSpent || this.#end !== undefined || this.observations.pending > 0) return;
    if (this.#turnUs < Number.POSITIVE_INFINITY) return;
    // Whatever is lacking now cannot be had: the tests need not wait for it.
    if (this.#testBalancers(() => true)) this.#plan(nowUs);
    else if (this.observations.pending === 0) {
      // Other tools, whose promise is each balancer's, do without.
      const isThorough = this.#settings.promisedFor === 'graph';
      const isShort = this.#isShort(shortages, view.graph);
      if (isThorough && !isShort && probeWholeFlows(view)) return;
      this.#end = isShort ? 'flows-max' : 'complete';
    }
  }

  /** Whether places lack flows; a star that stands for a missed reply is none. */
  #isShort(shortages: Shortages, graph: RouteGraph): boolean {
    if (shortages.size === 0) return false;
    const places = placesOf(graph, this.observations);
    return [...shortages.keys()].some((vertex) => !isMissedReply(vertex, places.placeOf(vertex)));
  }

  /** @returns whether the graph is another one now */
  #testBalancers(isReady: (vertex: Vertex, view: SearchView) => boolean): boolean {
    const view = this.#view(this.graph());
    const { sprayers, steady } = this.#tests;
    const before = sprayers.size + steady.size;
    const change = this.#tests.judge(view, (vertex) => isReady(vertex, view));
    if (change === undefined) return sprayers.size + steady.size > before;
    this.#startAnew(change);
    return true;
  }

  #needed(vertex: Vertex, view: SearchView): number {
    return this.#settings.algorithm === 'mda'
      ? flowsNeeded(vertex, view)
      : flowsNeededLite(vertex, view, this.#uneven);
  }

  #view(graph: RouteGraph): SearchView {
    return {
      settings: this.#settings,
      observations: this.observations,
      graph,
      sprayers: this.#tests.sprayers,
      failureProbability: this.failurePerBalancer(graph),
      controlledTtl: this.#tests.untestedTtl(graph),
      waiting: this.#waiting,
      probe: (flow, ttl) => this.#probe(flow, ttl),
    };
  }

  #probe(flow: number, ttl: number): void {
    if (this.#probesOrdered >= this.#settings.maxProbes) {
      this.#isSpent = true;
      return;
    }
    this.#probesOrdered++;
    this.#order(flow, ttl, this.observations.ordered(flow, ttl));
  }

  #retry(nowUs: number): void {
    const { observations } = this;
    this.#turnUs = Number.POSITIVE_INFINITY;
    this.#waiting.clear();
    const isWanted = this.#retriesWanted();
    for (let flow = 0; flow < observations.flows; flow++) {
      const last = Math.min(this.#settings.maxTtl, observations.endTtl(flow));
      for (let ttl = 1; ttl <= last; ttl++) {
        if (!observations.isToRetry(flow, ttl)) continue;
        if (!observations.isToRetryLater(flow, ttl)) this.#probe(flow, ttl);
        else if (isWanted(flow, ttl)) this.#retryInTurn(flow, ttl, nowUs);
      }
    }
  }

  #retriesWanted(): (flow: number, ttl: number) => boolean {
    if (this.observations.limitedTtls.length === 0) return () => true;
    const view = this.#view(this.graph());
    const needed = (vertex: Vertex): number => this.#needed(vertex, view);
    return retriesWanted({ graph: view.graph, observations: this.observations, needed });
  }

  #retryInTurn(flow: number, ttl: number, nowUs: number): void {
    const dueUs = this.#patience.dueUs(ttl);
    if (nowUs < dueUs) {
      this.#turnUs = Math.min(this.#turnUs, dueUs);
      this.#waiting.add(cellKey(flow, ttl));
      return;
    }
    this.#patience.asked(ttl, nowUs);
    this.#probe(flow, ttl);
  }

  /**
   * Begins anew: a route that has moved has often moved at other places, too, and what was seen
   * before cannot be told from what was seen since.
   */
  #startAnew(change: BranchChange): void {
    this.#changes.push(change);
    this.#tests = new BalancerTests();
    this.#uneven = new Set();
    this.observations.forgetAll();
    if (this.#changes.length > CHANGES_MAX) this.#end = 'unstable';
  }
}
