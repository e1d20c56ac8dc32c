/** What the parts of a multipath search share: its limits, its view of one moment, its orders. */

import type { Observations } from './observations.ts';
import type { RouteGraph, Vertex } from './route-graph.ts';

/** `mda-lite` spares probes where diamonds are even and not meshed (Vermeulen 2018). */
export type SearchAlgorithm = 'mda' | 'mda-lite';

export interface SearchSettings {
  readonly algorithm: SearchAlgorithm;
  /** The probability of missing a branch, were all branches of a balancer equal. */
  readonly failureProbability: number;
  /** What that is promised of: the whole graph, or each balancer on its own. */
  readonly promisedFor: 'graph' | 'balancer';
  /** 1 to 255. */
  readonly maxTtl: number;
  /** Flows at most. */
  readonly flowsMax: number;
  /** Probes at most. */
  readonly maxProbes: number;
  /** Microseconds from the start on. */
  readonly maxTimeUs: number;
  /** Stars in a row behind which nobody is looked for. */
  readonly gapLimit: number;
}

/** A moment of a search: all that is known, and a way to ask for more. */
export interface SearchView {
  readonly settings: SearchSettings;
  readonly observations: Observations;
  readonly graph: RouteGraph;
  readonly sprayers: ReadonlySet<string>;
  /** Of each balancer. */
  readonly failureProbability: number;
  /** Places at this TTL or before it may get more flows; behind it balancers are still tested. */
  readonly controlledTtl: number;
  /** Flows that are to be asked again in their turn: keys of flow and TTL. */
  readonly waiting: ReadonlySet<number>;
  /** Orders one probe. */
  readonly probe: (flow: number, ttl: number) => void;
}

/** Whether paths go on behind a place, as far as the search is to follow them. */
export function isOpenEnded({ isEnd, ttl, starsInRow }: Vertex, settings: SearchSettings): boolean {
  return !isEnd && ttl < settings.maxTtl && starsInRow < settings.gapLimit;
}

/** Flows that have not been probed at a TTL, lowest first, among those that may reach it. */
export function* freshFlows(
  ttl: number,
  { settings, observations }: Pick<SearchView, 'settings' | 'observations'>,
): Generator<number, void, undefined> {
  for (let flow = 0; flow < settings.flowsMax; flow++) {
    if (observations.stateAt(flow, ttl) !== 'none') continue;
    if (observations.endTtl(flow) >= ttl) yield flow;
  }
}
