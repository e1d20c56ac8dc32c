/** What a scenario file says once its keys are read: names that nobody has looked up yet. */

import type { IpFamily } from '../lib/ip-address.ts';
import type {
  Balancing,
  ErrorSource,
  FaultFilter,
  Loss,
  RouterTraits,
  ScenarioTarget,
  TrueVerdict,
  When,
} from './scenario-model.ts';
import type { Fabric, LinkDirection } from './topology.ts';

/** A link or a router. */
export interface WrittenPlace {
  readonly link: readonly string[] | undefined;
  readonly router: string | undefined;
}

/** What a link may be told about itself, in the list of links or for one of a fabric. */
export interface WrittenLinkTraits extends Loss {
  readonly direction: LinkDirection | undefined;
  readonly weight: number | undefined;
  readonly delayMs: number | undefined;
  readonly returnDelayMs: number | undefined;
  readonly jitterMs: number | undefined;
  readonly returnJitterMs: number | undefined;
  readonly mtu: number | undefined;
}

export interface WrittenLink extends WrittenLinkTraits {
  readonly near: string;
  readonly far: string;
}

/** A router's traits as written; `balancing` may be left to the scenario. */
export type WrittenRouter = Omit<RouterTraits, 'balancing'> & {
  readonly balancing: Balancing | undefined;
};

/** A further host that can be a target. */
export interface WrittenOtherTarget extends ScenarioTarget {
  readonly name: string;
  /** Routers that are joined to it. */
  readonly behind: readonly string[];
}

/** The share of a period may be left out. */
export interface WrittenWhen extends Omit<When, 'duty'> {
  readonly duty: number | undefined;
}

export interface WrittenFault extends WrittenPlace, Loss, WrittenWhen {
  readonly burst: number | undefined;
  readonly only: FaultFilter;
}

export interface WrittenRoute extends WrittenWhen {
  readonly router: string;
  readonly towards: 'target' | 'source';
  readonly nextHops: readonly string[];
}

export interface WrittenTruth {
  readonly verdict: TrueVerdict;
  readonly suspect: WrittenPlace | undefined;
  readonly suspects: readonly WrittenPlace[] | undefined;
}

/** The file, with every default that does not depend on the network. */
export interface WrittenScenario {
  readonly shows: string;
  readonly seed: number;
  readonly family: IpFamily;
  readonly errorSource: ErrorSource | undefined;
  readonly balancing: Balancing;
  readonly hashesFlowLabels: boolean;
  readonly fabric: Fabric | undefined;
  readonly links: readonly WrittenLink[] | undefined;
  readonly linkDelayMs: number;
  readonly linkJitterMs: number;
  readonly linkTraits: readonly (WrittenLinkTraits & { readonly link: readonly string[] })[];
  readonly routers: ReadonlyMap<string, WrittenRouter>;
  readonly faults: readonly WrittenFault[];
  readonly routes: readonly WrittenRoute[];
  readonly target: ScenarioTarget;
  readonly otherTargets: readonly WrittenOtherTarget[];
  readonly truth: WrittenTruth;
}
