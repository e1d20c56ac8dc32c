/** The record of one trace: everything that reports of it read, and what `--json` writes. */

import type { IpFamily } from '../lib/ip-address.ts';
import type { AsOrigin } from './as-origin.ts';
import type { InterfaceInfo, MatchKey, ReplyKind } from './probe.ts';
import type { SpoilCounts } from './spoil-counts.ts';

/** What probes are made of. */
export type TraceProtocol = 'tcp' | 'tcp-ack' | 'udp' | 'udp-classic' | 'icmp';

/**
 * How probes are sent and replies received: raw sockets, or without rights UDP sockets with an
 * error queue, and ping sockets for ICMP. Those show less of replies, and nothing of quotes.
 */
export type TraceRung = 'raw' | 'udp-errors' | 'ping-socket' | 'simulated';

/** Whether whole packets are seen, and written as asked. */
export function isWholeRung(rung: TraceRung): boolean {
  return rung === 'raw' || rung === 'simulated';
}

/** Why a trace ended. */
export type TraceStopReason =
  | 'reached'
  /** A router said that it goes no further. */
  | 'unreachable'
  /** The same routers in the same order, twice. */
  | 'loop'
  /** Too many silent hops in a row. */
  | 'gap-limit'
  | 'max-ttl'
  /** The time for the whole trace was over. */
  | 'timeout'
  | 'aborted';

/** One label of an MPLS stack (RFC 4950). */
export interface TraceLabel {
  readonly label: number;
  readonly trafficClass: number;
  readonly isBottomOfStack: boolean;
  readonly ttl: number;
}

/** An answer to one probe. */
export interface TraceReply {
  readonly address: string;
  /** Safe to print; null where it has none or none was asked for. */
  readonly name: string | null;
  /** Whose network the address is in; null where nobody knows or was asked. */
  readonly as: AsOrigin | null;
  readonly rttMs: number;
  /** RFC 3339, microseconds. */
  readonly sentAt: string;
  /** Who tells when the probe left: the kernel that sent it, or our clock around the call. */
  readonly sendTime: 'kernel' | 'estimated';
  /** What kind of answer it is. */
  readonly kind: ReplyKind;
  readonly isTarget: boolean;
  /**
   * TTL of the probe, where that is not the hop's: who limits its answers may leave the nearest
   * probes without one, and what it quotes of a farther one tells which TTL was enough.
   */
  readonly probeTtl?: number;
  /** Null for TCP and UDP answers. `mark` as traceroute writes it: `!H`, `!F-1400`. */
  readonly icmp: { readonly type: number; readonly code: number; readonly mark: string } | null;
  /** As in RFC 9293 §3.1, for TCP answers. */
  readonly tcpFlags: number | null;
  readonly replyTtl: number;
  /** In IPv6 0 where the kernel does not tell. */
  readonly replyTos: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly replyId: number;
  /** Of the whole packet. */
  readonly replyBytes: number;
  /** Routers on the way back, as far as the usual first TTLs tell. */
  readonly returnLength: number;
  /** Null where nothing was quoted, like the next. */
  readonly quotedTtl: number | null;
  readonly quotedTos: number | null;
  /** Length of the probe as the quote tells it. */
  readonly quotedBytes: number | null;
  readonly mpls: readonly TraceLabel[];
  readonly interfaceInfo: readonly InterfaceInfo[];
  /** Whether the quote has a source that we did not send from: an address translator. */
  readonly nat: boolean;
  /** How surely it answers this probe: whether the whole token came back, or a weaker key. */
  readonly matchedBy: MatchKey;
}

/** No answer. */
export interface TraceStar {
  readonly star: true;
  /** The kernel's reason for not sending it at all, an errno name. */
  readonly unsent?: string;
}

/** All probes of one TTL, in the order in which they were sent. */
export interface TraceHopRecord {
  readonly ttl: number;
  readonly replies: readonly (TraceReply | TraceStar)[];
}

/** One trace, over or cut short. */
export interface TraceRecord {
  readonly schema: 'fantrace.trace/1';
  /** Of fantrace. */
  readonly version: string;
  /** RFC 3339, microseconds. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** Whether it was ended before it was complete: by a signal or by its time limit. */
  readonly partial: boolean;
  readonly target: {
    readonly name: string;
    readonly address: string;
    readonly port: number | null;
  };
  readonly source: { readonly address: string; readonly port: number };
  readonly family: IpFamily;
  readonly protocol: TraceProtocol;
  /** Of ICMP probes, all alike: balancers hash it. */
  readonly icmpChecksum: number | null;
  readonly rung: TraceRung;
  readonly tos: number;
  /** Of each probe, from the IP header on. */
  readonly packetBytes: number;
  readonly firstTtl: number;
  readonly maxTtl: number;
  readonly queries: number;
  readonly retries: number;
  readonly timeoutMs: number;
  /** 0 for none. */
  readonly gapLimit: number;
  /** Where autonomous systems were looked up; null where they were not. */
  readonly asSource: 'database' | 'dns' | null;
  /** Whether the target answered. */
  readonly reached: boolean;
  readonly stopReason: TraceStopReason;
  /** From the first TTL to where the trace ended, one for each. */
  readonly hops: readonly TraceHopRecord[];
  readonly measurement: {
    readonly probesSent: number;
    readonly repliesReceived: number;
    /** Replies to probes of this trace alone that it had given up already. */
    readonly lateReplies: number;
    /** What the kernel granted less of than asked. */
    readonly notes: readonly string[];
  } & SpoilCounts;
}

/** Whether there was an answer. */
export function isReply(reply: TraceReply | TraceStar): reply is TraceReply {
  return !('star' in reply);
}
