/** A simulated network as it is told to people: what it is made of, and what is wrong with it. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { VerdictKind } from './verdict.ts';

/** Nodes go by the names of the scenario; sentences are whole. */
export interface ScenarioSummary {
  readonly shows: string;
  readonly family: IpFamily;
  readonly seed: number;
  readonly routers: number;
  readonly links: number;
  /** Every node with its usual next hops, from the source on. */
  readonly nextHops: readonly { readonly node: string; readonly to: readonly string[] }[];
  readonly faults: readonly string[];
  /** What else is special. */
  readonly traits: readonly string[];
  readonly target: { readonly port: number; readonly answer: string };
  readonly truth: {
    readonly verdict: VerdictKind;
    readonly suspects: readonly { readonly place: string; readonly flowsAcross: number }[];
  };
  /** What so many TCP flows of consecutive source ports do at the start. */
  readonly flows: {
    readonly count: number;
    readonly paths: number;
    /** Hops of the shortest and the longest path. */
    readonly hopsMin: number;
    readonly hopsMax: number;
  };
  readonly doubts: readonly string[];
}
