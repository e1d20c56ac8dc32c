/**
 * A network with every address assigned and every default filled in: what both the simulated
 * network and the kernel lab are built from.
 */

import type { IpFamily } from '../lib/ip-address.ts';

/** What the target does with a probe that reaches it. */
export type TargetAnswer = 'refuse' | 'accept' | 'drop';

/** Which address a router's ICMP errors come from: that of the link the probe came in by, or one of its own. */
export type ErrorSource = 'ingress' | 'router';

export interface PlannedRouter {
  readonly name: string;
  /** The router's own address (loopback), by family: text. */
  readonly address: Readonly<Record<IpFamily, string>>;
  readonly isSilent: boolean;
  /** Token bucket over all ICMP errors it sends; undefined where it has no limit. */
  readonly icmpLimit: { readonly perSecond: number; readonly burst: number } | undefined;
  /** Chance that it drops a packet on transit towards the target, after its TTL check. */
  readonly forwardLoss: number;
  /** The same towards the source. */
  readonly returnLoss: number;
}

/** One point-to-point link; `near` is the end towards the source. */
export interface PlannedLink {
  readonly near: string;
  readonly far: string;
  readonly nearAddress: Readonly<Record<IpFamily, string>>;
  readonly farAddress: Readonly<Record<IpFamily, string>>;
  readonly delayUs: number;
  /** Chance that a packet towards the target is lost on the link. */
  readonly forwardLoss: number;
  /** The same towards the source. */
  readonly returnLoss: number;
}

/** Hosts are the nodes `source` and `target`; every other node is a router. */
export interface NetworkPlan {
  readonly family: IpFamily;
  readonly errorSource: ErrorSource;
  /** Seeds every router's own hash seed and every loss. */
  readonly seed: number;
  readonly source: Readonly<Record<IpFamily, string>>;
  readonly target: {
    readonly address: Readonly<Record<IpFamily, string>>;
    readonly port: number;
    readonly answer: TargetAnswer;
  };
  readonly routers: readonly PlannedRouter[];
  readonly links: readonly PlannedLink[];
}
