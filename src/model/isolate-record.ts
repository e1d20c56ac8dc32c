/**
 * The record of one `isolate` run: `fantrace.isolate/1`. Reports, files and other programs read
 * this and nothing else. Addresses are canonical text; ratios and probabilities lie in 0–1.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { AsOrigin } from './as-origin.ts';
import type { RejectedCause, Suspect, UntestableLink, VerdictKind } from './verdict.ts';

export const ISOLATE_SCHEMA = 'fantrace.isolate/1';

/** What the probes of a run can be made of. */
export type IsolateProtocol = 'tcp' | 'udp' | 'icmp';

/** Packets that a network may treat alike, and otherwise than those of another class. */
export interface TrafficClass {
  /** TOS or traffic class, 0–255. */
  readonly tos: number;
  /** Of each whole probe. */
  readonly packetBytes: number;
}

/** A five-tuple that anybody can send from. */
export interface FiveTuple {
  readonly protocol: IsolateProtocol;
  readonly source: string;
  readonly sourcePort: number;
  readonly destination: string;
  readonly port: number;
  /** Of the class that is hit; left out where there is one class only. */
  readonly class?: TrafficClass;
}

export interface HopInterface {
  readonly address: string;
  /** From the DNS; null where it has none or was not asked. */
  readonly name: string | null;
  /** Whose network it is in; null where nobody knows or was asked. */
  readonly as: AsOrigin | null;
  readonly flows: number;
  readonly sent: number;
  readonly received: number;
  /** MPLS label stack entries (RFC 4950) as last seen, outermost first. */
  readonly mpls: readonly number[];
}

export interface FlowRecord {
  /** Index into `targets`. */
  readonly target: number;
  /** Of ICMP the identifier, and the checksum as well. */
  readonly sourcePort: number;
  /** Index into `classes`; left out where there is one class only. */
  readonly class?: number;
  /** Who answers at TTL `minTtl` + i; null for nobody. */
  readonly path: readonly (string | null)[];
  readonly sent: readonly number[];
  readonly received: readonly number[];
  readonly changedPath: boolean;
  readonly lossy: boolean;
}

/** How long our process waited for its turn. */
export type LoopDelays = Pick<Measurement, 'loopDelayP99Ms' | 'loopDelayMaxMs'>;

/** What could have spoiled the measurement on our own host, or was seen beside it. */
export interface Measurement {
  readonly socketDrops: number;
  readonly sendErrors: number;
  readonly foreignReplies: number;
  readonly malformed: number;
  readonly lateReplies: number;
  readonly duplicates: number;
  /** How long our process waited for its turn to run: all but a hundredth of its turns … */
  readonly loopDelayP99Ms: number;
  /** … and the longest. */
  readonly loopDelayMaxMs: number;
  /** How often the wall clock was set; replies near that may have wrong times. */
  readonly clockSteps: number;
  /** Source ports passed over because they were in use. */
  readonly skippedPorts: readonly number[];
  /** What the kernel granted less of than asked, a sentence each. */
  readonly notes: readonly string[];
}

export interface IsolateRecord {
  readonly schema: typeof ISOLATE_SCHEMA;
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Whether it was interrupted. */
  readonly partial: boolean;
  /** Name of the scenario; null on a real network. */
  readonly simulated: string | null;
  readonly targets: readonly {
    readonly name: string;
    readonly address: string;
    /** null with ICMP, which has none. */
    readonly port: number | null;
  }[];
  readonly source: string;
  readonly protocol: IsolateProtocol;
  /** Every class is probed on every flow's source port. */
  readonly classes: readonly TrafficClass[];
  readonly family: IpFamily;
  readonly seed: number;
  readonly minTtl: number;
  readonly maxTtl: number;
  /** The probability that every statement has. */
  readonly confidence: number;
  readonly stopReason: string;
  /** About how many more probes a sure answer would take; null where more would not help. */
  readonly probesNeeded: number | null;
  readonly probesSent: number;
  readonly repliesReceived: number;
  readonly verdict: VerdictKind;
  readonly excludedLossRatio: number | null;
  readonly untestable: readonly UntestableLink[];
  /** The answer in one sentence. */
  readonly summary: string;
  readonly suspects: readonly Suspect[];
  readonly rejected: readonly RejectedCause[];
  /**
   * Distinct paths seen; of these those with loss, and those on which no flow reaches its target.
   */
  readonly paths: { readonly found: number; readonly lossy: number; readonly broken: number };
  readonly hops: readonly { readonly ttl: number; readonly interfaces: readonly HopInterface[] }[];
  readonly links: readonly {
    readonly near: string;
    readonly far: string;
    readonly ttl: number;
    readonly flows: number;
  }[];
  readonly flows: readonly FlowRecord[];
  readonly reproduce: {
    readonly faulty: readonly FiveTuple[];
    readonly control: readonly FiveTuple[];
  };
  readonly measurement: Measurement;
  /** Files of others that all this was read from; left out where this program sent the probes. */
  readonly readFrom?: ReadFrom;
}

/** What was read instead of measured. */
export interface ReadFrom {
  /** As `--format` names it; several where files were of several. */
  readonly formats: readonly string[];
  readonly files: readonly string[];
  /** Traces in them; of a capture, its flows. */
  readonly traces: number;
}
