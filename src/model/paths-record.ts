/** The record of a multipath search: all that reports of it read, and what `--json` writes. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { AsOrigin } from './as-origin.ts';
import type { SpoilCounts } from './spoil-counts.ts';
import type { TraceLabel, TraceRung } from './trace-record.ts';

export type PathsProtocol = 'udp' | 'tcp' | 'icmp';

/** Which header field tells one flow from another; all others are the same in every probe. */
export type FlowField = 'source-port' | 'destination-port' | 'checksum' | 'flow-label';

/** Why a search ended; `complete` when its promise is kept everywhere. */
export type PathsStopReason =
  | 'complete'
  /** Flows ran out before every place had enough of them. */
  | 'flows-max'
  | 'max-probes'
  | 'max-time'
  /** Paths kept changing. */
  | 'unstable'
  | 'aborted';

/** Milliseconds. */
export interface RoundTrips {
  readonly min: number;
  readonly median: number;
  readonly max: number;
}

/** An interface, a silent hop, or the next hops of a balancer by packets. */
export interface PathsPlace {
  /** Unique in the record. */
  readonly id: string;
  readonly kind: 'source' | 'interface' | 'silent' | 'clump';
  readonly ttl: number;
  /** One for an interface, none for a silent hop. */
  readonly addresses: readonly {
    readonly address: string;
    readonly name: string | null;
    /** Whose network it is in; null where nobody knows or was asked. */
    readonly as: AsOrigin | null;
  }[];
  readonly flows: number;
  readonly rttMs: RoundTrips | null;
  /** Single round trips in milliseconds, evenly chosen where there are more than 64. */
  readonly roundTripsMs: readonly number[];
  /** Labels of an MPLS stack (RFC 4950), outermost first. */
  readonly mpls: readonly number[];
  /** Whether a quote had another source than we sent from. */
  readonly nat: boolean;
  /** Where paths end here: how. */
  readonly end: 'target' | 'refused' | 'loop' | 'silent' | null;
}

/** Two places at consecutive TTLs of one flow. */
export interface PathsLink {
  /** Ids of places. */
  readonly from: string;
  readonly to: string;
  /** Addresses; null for silent hops and clumps. */
  readonly near: string | null;
  readonly far: string | null;
  /** Of the far end. */
  readonly ttl: number;
  readonly flows: number;
  /** Of the flows that were seen at the near end and at the next TTL. */
  readonly share: number;
  /** Difference of the shortest round trips to its ends; may be below 0. */
  readonly rttMs: number | null;
}

/** A place with several next hops. */
export interface PathsBalancer {
  readonly place: string;
  readonly address: string | null;
  readonly ttl: number;
  /** `untested` where the search ended before. */
  readonly kind: 'per-flow' | 'per-packet' | 'untested';
  readonly branches: number;
  /** Flows that showed them; of a balancer by packets, packets. */
  readonly flows: number;
  /** One more branch of this share or more would have been missed too rarely. */
  readonly excludedShare: number;
}

/** Where paths part and meet again, with the measures that the field has for it. */
export interface PathsDiamond {
  /** Ids of places. */
  readonly divergence: string | null;
  readonly convergence: string | null;
  /** The most places at one TTL. */
  readonly width: number;
  /** Links from end to end. */
  readonly length: number;
  /** Whether a place has several neighbours on the narrower side, between two wide hops. */
  readonly meshed: boolean;
  /** The largest difference between the fans of two places of one TTL; 0 for an even diamond. */
  readonly asymmetry: number;
}

/** What is known of interfaces that may be one router; the graph is not changed by it. */
export interface PathsAliases {
  /** `complete`: all was tried that there was to try. */
  readonly stopReason: 'complete' | 'max-probes' | 'max-time' | 'aborted';
  /** Beside those of the search. */
  readonly probesSent: number;
  /** Interfaces that are one router, with the probability that all of them are. */
  readonly routers: readonly {
    readonly addresses: readonly string[];
    readonly probability: number;
    readonly evidence: readonly {
      readonly between: readonly [string, string];
      /** Identifications from one counter; an answer for another address; one limit of errors. */
      readonly kind: 'ip-id' | 'reply-source' | 'icmp-limit';
      readonly probability: number;
    }[];
  }[];
  /** Pairs of interfaces of one hop that number their packets by two counters. */
  readonly pairsApart: number;
  /** Interfaces of which nothing is told, and why identifications do not: few, or no counter. */
  readonly untestable: readonly {
    readonly address: string;
    readonly why: 'few' | 'constant' | 'random';
  }[];
}

/** How to send along one path. */
export interface PathsFlow {
  readonly flow: number;
  /** Of ICMP the identifier. */
  readonly sourcePort: number;
  /** Null for ICMP. */
  readonly destinationPort: number | null;
  /** Of ICMP, which routers hash in place of ports; else null. */
  readonly checksum: number | null;
  /** IPv6 only; null where the kernel chose it, too. */
  readonly flowLabel: number | null;
  /** From TTL 1 on: ids of places, null where it is not known by which the flow comes. */
  readonly path: readonly (string | null)[];
  readonly reached: boolean;
}

/** One reply, for formats that list them. */
export interface PathsReply {
  readonly flow: number;
  readonly ttl: number;
  readonly attempt: number;
  readonly address: string;
  /** Microseconds since the epoch. */
  readonly sentAtUs: number;
  readonly rttMs: number;
  readonly replyTtl: number;
  /** Of the whole packet. */
  readonly replyBytes: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly replyId: number;
  /** Null for replies that are not ICMP; `mark` as traceroute writes it. */
  readonly icmp: { readonly type: number; readonly code: number; readonly mark: string } | null;
  /** Null for replies that are not TCP. */
  readonly tcpFlags: number | null;
  /** Null without a quote. */
  readonly quotedTtl: number | null;
  readonly quotedTos: number | null;
  readonly mpls: readonly TraceLabel[];
}

/** One search, over or cut short. */
export interface PathsRecord {
  readonly schema: 'fantrace.paths/1';
  readonly version: string;
  readonly startedAt: string;
  readonly durationMs: number;
  readonly partial: boolean;
  readonly stopReason: PathsStopReason;
  readonly target: {
    readonly name: string;
    readonly address: string;
    readonly port: number | null;
  };
  readonly source: string;
  readonly family: IpFamily;
  readonly protocol: PathsProtocol;
  /** Of those without rights the kernel chooses the flow label, and tells nothing of quotes. */
  readonly rung: TraceRung;
  readonly flowField: FlowField;
  readonly algorithm: 'mda' | 'mda-lite';
  readonly confidence: number;
  readonly confidenceOf: 'graph' | 'balancer';
  readonly seed: number;
  readonly simulated: string | null;
  readonly maxTtl: number;
  /** Stars in a row behind which nobody was looked for. */
  readonly gapLimit: number;
  /** More than these would not have been sent. */
  readonly maxProbes: number;
  /** Of every probe. */
  readonly tos: number;
  /** Bytes behind the transport header of every probe. */
  readonly payloadBytes: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  readonly reached: boolean;
  /** The answer in one sentence. */
  readonly summary: string;
  /** Ways through the graph; `unexplored`: their next hop no probe has shown. */
  readonly paths: {
    readonly found: number;
    readonly broken: number;
    readonly unexplored: number;
  };
  /**
   * No place on the way has one more branch of `share`, but for `1 − probability` at each. Promised
   * of balancers, it leaves out places that led straight to the target.
   */
  readonly excluded: { readonly share: number; readonly probability: number } | null;
  /** Probability of having missed one of several equal branches. */
  readonly failureProbability: { readonly perBalancer: number; readonly graph: number };
  readonly hops: readonly { readonly ttl: number; readonly places: readonly PathsPlace[] }[];
  readonly links: readonly PathsLink[];
  readonly balancers: readonly PathsBalancer[];
  readonly diamonds: readonly PathsDiamond[];
  /** Places that fewer flows crossed than the confidence asks for. */
  readonly unexplored: readonly {
    readonly place: string;
    readonly address: string | null;
    readonly ttl: number;
    readonly flowsLacking: number;
  }[];
  /** Flows that left one next hop for another: what was seen before is left out. */
  readonly changes: readonly {
    readonly flow: number;
    readonly ttl: number;
    readonly before: string;
    readonly after: string;
  }[];
  readonly flows: readonly PathsFlow[];
  /** Null unless asked for. */
  readonly aliases: PathsAliases | null;
  readonly measurement: SpoilCounts & { readonly notes: readonly string[] };
}
