/**
 * What a scenario is once it has been read: a network, what is wrong with it, and what a
 * measurement ought to find, every default filled in.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { Joined, LinkDirection } from './topology.ts';

/** A link or a router, by the names of a scenario. */
export type Place =
  | { readonly kind: 'link'; readonly near: string; readonly far: string }
  | { readonly kind: 'router'; readonly name: string };

/** Chances, from 0 to 1, that a packet is lost on its way to the target, and to the source. */
export interface Loss {
  readonly forwardLoss: number;
  readonly returnLoss: number;
}

/** When something is so, in milliseconds of virtual time; always, unless told. */
export interface When {
  readonly fromMs: number;
  readonly untilMs: number;
  /** Undefined: without a pause. Else for `duty` of every period, from its start on. */
  readonly periodMs: number | undefined;
  readonly duty: number;
}

/** Which packets a fault hits: all of these must hold of one, and what is undefined always does. */
export interface FaultFilter {
  /** Flows whose hash falls into this bucket of so many. */
  readonly hashBucket: { readonly of: number; readonly index: number } | undefined;
  /** The flow of this source port, the replies of the target to it included. */
  readonly sourcePort: number | undefined;
  /** Packets of at least this length, the IP header included. */
  readonly bytesMin: number | undefined;
  /** Packets of this DSCP (RFC 2474): the upper six bits of TOS or traffic class. */
  readonly dscp: number | undefined;
}

/** Loss at one place. */
export interface ScenarioFault extends Loss {
  readonly place: Place;
  /** Mean length of a burst of losses, in packets; undefined where each is lost on its own. */
  readonly burst: number | undefined;
  readonly only: FaultFilter;
  readonly when: When;
}

/** One link of a scenario. */
export interface ScenarioLink extends Joined, Loss {
  readonly direction: LinkDirection;
  /** Share of the packets that a balancer gives it, relative to its other next hops. */
  readonly weight: number;
  /** Towards the target, from 0 to 10 000 ms. */
  readonly delayMs: number;
  readonly returnDelayMs: number;
  /** Every packet takes up to this much longer, each duration as likely. */
  readonly jitterMs: number;
  readonly returnJitterMs: number;
  /** Longest packet that it carries towards the target, in bytes. */
  readonly mtu: number;
}

export type BalancingKind = 'per-flow' | 'per-packet' | 'per-destination';

/** How a router picks one of several next hops. */
export interface Balancing {
  readonly kind: BalancingKind;
  /** Size of its hash table, of which little changes when next hops change; 0: none. */
  readonly buckets: number;
  /** Whether it hashes with the seed that all such routers share, or with one of its own. */
  readonly hash: 'own' | 'polarised';
}

/**
 * Where a router's ICMP errors come from: the link the probe came in by, its own address, or its
 * end of the link to a neighbour.
 */
export type ErrorSource = 'ingress' | 'router';
export interface InterfaceTo {
  readonly interfaceTo: string;
}

/** Token bucket over ICMP errors or answers: `burst` tokens at first, then `perSecond`. */
export interface RateLimit {
  readonly perSecond: number;
  readonly burst: number;
}

/** A limit over all that a router sends, other probers' errors included. */
export interface IcmpLimit extends RateLimit {
  /** Errors that others ask the router for, at random times; none when absent. */
  readonly othersPerSecond?: number;
}

/** How much of a packet an error quotes. */
export type QuoteStyle = 'whole' | 'eight-bytes' | 'header-and-eight-bytes' | 'padded-128-bytes';

/** What a router changes in the packets that it forwards towards the target. */
export interface Rewrites {
  /** TTL or hop limit that they leave with; undefined: one less than they came with. */
  readonly ttl: number | undefined;
  /** TOS or traffic class that they leave with. */
  readonly tos: number | undefined;
  /** TCP sequence numbers are shifted by an offset of the flow's own, and acknowledgments back. */
  readonly sequence: boolean;
  /** Acknowledgments are shifted back on every way, or only where they pass the router. */
  readonly restoresAll: boolean;
}

/** A router that gives the packets of the source its own address. */
export interface Nat {
  /** Source ports stay, are changed flow by flow, or packet by packet. */
  readonly ports: 'kept' | 'mapped' | 'random';
  /** Whether quotes in ICMP errors are translated back (RFC 5508 §4.2), or left as they are. */
  readonly restoresQuotes: boolean;
}

/** What a router does; the loss hits packets on transit, never its own answers. */
export interface RouterTraits extends Loss {
  readonly balancing: Balancing;
  /** Never sends ICMP errors. */
  readonly isSilent: boolean;
  readonly icmpLimit: IcmpLimit | undefined;
  readonly icmpLimitPerProber: RateLimit | undefined;
  /** Chance that it sends an error at all. */
  readonly answerRatio: number;
  /** Undefined: that of the scenario. */
  readonly errorSource: ErrorSource | InterfaceTo | undefined;
  readonly quote: QuoteStyle;
  /** Labels that its errors show (RFC 4950), outermost first. */
  readonly mplsLabels: readonly number[];
  /** Inside a tunnel that does not touch the TTL, so that no probe ever ends at it. */
  readonly isHidden: boolean;
  readonly rewrites: Rewrites | undefined;
  readonly nat: Nat | undefined;
  /** Answers every TCP SYN for the target, and passes none on. */
  readonly isSynProxy: boolean;
}

/** One router of a scenario. */
export interface ScenarioRouter extends RouterTraits {
  readonly name: string;
}

/** Next hops that a router has for some time instead of its usual ones. */
export interface ScenarioRoute {
  readonly router: string;
  readonly towards: 'target' | 'source';
  /** Neighbours; one that the packets came from makes a loop. */
  readonly nextHops: readonly string[];
  readonly when: When;
}

/** What the target does with a TCP SYN that reaches its port. */
export type TargetAnswer = 'refuse' | 'accept' | 'drop';

export interface ScenarioTarget {
  readonly port: number;
  readonly answer: TargetAnswer;
  /** Over all that it answers; absent where it has no limit. */
  readonly answerLimit?: RateLimit;
}

/** A further host that can be a target, with its links, which no fault hits. */
export interface OtherTarget extends ScenarioTarget {
  readonly name: string;
  readonly links: readonly ScenarioLink[];
}

/** What a measurement may conclude. */
export type TrueVerdict = (typeof VERDICTS)[number];

/** What a measurement of the scenario ought to find. */
export interface Truth {
  readonly verdict: TrueVerdict;
  /** What is at fault. A finding that has it among candidates it cannot tell apart is right. */
  readonly suspects: readonly Place[];
  /** The first of them; undefined where there is none. */
  readonly suspect: Place | undefined;
}

/** A scenario with every default filled in. Every router and every link is listed once. */
export interface Scenario {
  /** The claim that it makes, in one sentence. */
  readonly shows: string;
  readonly seed: number;
  readonly family: IpFamily;
  /** Undefined: that of Linux, which differs between the families (see `planNetwork`). */
  readonly errorSource: ErrorSource | undefined;
  /** Whether balancers by flow hash the flow label of IPv6 (RFC 6437), too. */
  readonly hashesFlowLabels: boolean;
  /** Of the hosts, and of routers that have no other. */
  readonly balancing: Balancing;
  readonly links: readonly ScenarioLink[];
  readonly routers: readonly ScenarioRouter[];
  /** As they were given; those that always hit every packet are part of `links` and `routers`. */
  readonly faults: readonly ScenarioFault[];
  readonly routes: readonly ScenarioRoute[];
  readonly target: ScenarioTarget;
  readonly otherTargets: readonly OtherTarget[];
  readonly truth: Truth;
}

export const VERDICTS = [
  'no-loss',
  'loss-located',
  'loss-suspected',
  'return-loss',
  'target-loss',
  'target-unreachable',
  'inconclusive',
] as const;
