/** What the sentence of a verdict is made of. */

import type { Suspect, VerdictKind } from '../../model/verdict.ts';
import type { UnprobedFacts } from './unprobed-sentences.ts';

export interface SummaryFacts {
  readonly verdict: VerdictKind;
  readonly suspects: readonly Suspect[];
  readonly excludedLossRatio: number | null;
  /** Beside the suspects of a run that located a loss: no other link loses more than this. */
  readonly excludedElsewhere?: number;
  /** Whether the target and all routers limit their replies, so that no link could be tested. */
  readonly isAllLimited?: boolean;
  readonly confidence: number;
  /** As the user named it; several as a list. */
  readonly target: string;
  /** Addresses of the targets: a suspect may be one. */
  readonly targetAddresses?: readonly string[];
  /** Of several targets: the one that the first suspect is; empty where it is none. */
  readonly blamedTarget?: string;
  /** Of several targets: those that answer no flow, how many flows go there, and the others. */
  readonly unreached?: { readonly target: string; readonly flows: number; readonly others: string };
  readonly flows: number;
  readonly pathsFound: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  /** What sets the packets apart that alone are lost, as `of 1400 bytes`; undefined for all. */
  readonly onlyPackets?: string | undefined;
  /** Interfaces over which a balancer sprays the packets of one flow, by balancer. */
  readonly sprayed?: readonly (readonly string[])[];
  /** Routers that say that they do not forward some flows, and how many flows that are. */
  readonly refusing: readonly { readonly address: string; readonly flows: number }[];
  /** Routers that send packets back, and to whom. */
  readonly loops?: readonly { readonly from: string; readonly to: string }[];
  /** Addresses behind which no flow goes on, where the target does not answer. */
  readonly lastHops: readonly string[];
  /** About how many more probes would make a statement sure that is not; null where it is. */
  readonly probesNeeded?: number | null;
  /** The loss that a clean run was to rule out. */
  readonly exclude?: number;
  /** The largest TTL, when even there routers answered; else undefined. */
  readonly tooSmallMaxTtl: number | undefined;
  /** Probes to those routers, and how many of them were not answered. */
  readonly atMaxTtl?: { readonly sent: number; readonly unanswered: number };
  /** Set where the first TTLs are not probed, or no router answers. */
  readonly unprobed?: UnprobedFacts | undefined;
  /** What the flags are called that sentences name; as `fantrace isolate` has them unless told. */
  readonly flagNames?: FlagNames | undefined;
}

/** Names of flags on the command line that the user wrote. */
export interface FlagNames {
  readonly minTtl: string;
  readonly maxTtl: string;
  readonly maxProbes: string;
}

export const FLAG_NAMES: FlagNames = {
  minTtl: '--min-ttl',
  maxTtl: '--max-ttl',
  maxProbes: '--max-probes',
};
