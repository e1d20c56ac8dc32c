/**
 * What the algorithms and the probing engine say to each other: which (flow, TTL) to probe, and
 * what came of it. Flows and addresses are small integers here, so that a probe costs no object;
 * an `AddressBook` turns the latter into text.
 */

/** What answered a probe. */
export type ReplyKind =
  /** ICMP time exceeded in transit: a router on the path. */
  | 'time-exceeded'
  /** SYN-ACK: the target, port open. */
  | 'accepted'
  /**
   * A bare ACK of an earlier probe of the flow: the target, which still awaits the end of that
   * handshake, and so has received both (RFC 9293 §3.10.7.4). It names the earlier probe.
   */
  | 'acknowledged'
  /** RST: the target, port closed. */
  | 'refused'
  /** ICMP unreachable: from the target, or from a router that ends the path there. */
  | 'unreachable'
  /** ICMP echo reply: the target. */
  | 'echo-reply'
  /** A UDP datagram: a service of the target. */
  | 'datagram';

/**
 * By what a reply was matched to its probe, the surest first. Addresses, ports and protocol must
 * fit as well, always.
 */
export type MatchKey =
  /** All 32 bits that nobody who has not seen the probe can know. */
  | 'token'
  /** The same, shifted by as much as something on the way is known to shift those of its flow. */
  | 'shifted-token'
  /** The 16 bits of it that were left, as something rewrote the others. */
  | 'half-token'
  /** Nothing else, as such a reply has no room for a token: the nearest probe that was awaited. */
  | 'addresses';

/** What a router says of one of its interfaces (RFC 5837 §4.1). */
export interface InterfaceInfo {
  /** Which interface: the probe came in by it, a sub-IP part of it, would leave by it, next hop. */
  readonly role: 'incoming' | 'sub-ip' | 'outgoing' | 'next-hop';
  /** As in SNMP; undefined where not told, like the others. */
  readonly index: number | undefined;
  readonly address: string | undefined;
  /** As the router wrote it: printable only after escaping. */
  readonly name: string | undefined;
  readonly mtu: number | undefined;
}

/** What a reply shows beyond what path and loss need. */
export interface ReplyDetails {
  /** When its probe was sent, in microseconds of the run's clock. */
  readonly sentAtUs: number;
  /** Whether the kernel told that time; else it is estimated. */
  readonly isStamped: boolean;
  /** ICMP type; −1 for replies that are not ICMP. */
  readonly icmpType: number;
  /** Of the next link, for packets too big: bytes; 0 when not told. */
  readonly mtu: number;
  /** TOS or traffic class that the quote shows; −1 without a quote. */
  readonly quotedTos: number;
  /** Whether the quote has another source address or port than the probe was sent with. */
  readonly isTranslated: boolean;
  readonly matchedBy: MatchKey;
  /** Of the reply as its IP header tells it; in IPv6 the TOS may be unknown, and is then 0. */
  readonly replyBytes: number;
  readonly replyTos: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly replyIdentification: number;
  /** Length of the probe as the quote tells it; 0 without a quote. */
  readonly quotedBytes: number;
  /** −1 for replies that are not TCP. */
  readonly tcpFlags: number;
  readonly interfaces: readonly InterfaceInfo[];
}

/** Of replies that show nothing beyond what path and loss need. */
export const NO_DETAILS: ReplyDetails = {
  sentAtUs: 0,
  isStamped: false,
  icmpType: -1,
  mtu: 0,
  quotedTos: -1,
  isTranslated: false,
  matchedBy: 'token',
  replyBytes: 0,
  replyTos: 0,
  replyIdentification: 0,
  quotedBytes: 0,
  tcpFlags: -1,
  interfaces: [],
};

/**
 * A reply that was matched to its probe. Whoever hands one to a sink may fill the same object for
 * the next reply: `keptReply` makes one to keep.
 */
export interface ProbeReply {
  readonly flow: number;
  readonly ttl: number;
  readonly round: number;
  readonly kind: ReplyKind;
  /** Who answered: index in the address book. */
  readonly responder: number;
  /** Whether the target itself answered. */
  readonly isTarget: boolean;
  /** ICMP code; 0 for TCP replies. */
  readonly code: number;
  readonly rttUs: number;
  /** TTL left in the reply: tells the length of the way back. */
  readonly replyTtl: number;
  /** TTL left in the quoted probe: 1 unless something rewrote it; 0 for TCP replies. */
  readonly quotedTtl: number;
  /** MPLS label stack entries (RFC 4950 §3), 32 bits each, outermost first. */
  readonly mpls: readonly number[];
  readonly details?: ReplyDetails;
}

/** The same reply in an object of its own, which stays as it is. */
export function keptReply(reply: ProbeReply): ProbeReply {
  const { details } = reply;
  return details === undefined ? { ...reply } : { ...reply, details: { ...details } };
}

/** Receives what becomes of probes, as it happens. A `ProbeReply` is valid only during the call. */
export interface ProbeSink {
  /** The first reply to a probe that was still awaited. */
  replied(reply: ProbeReply): void;
  /** The probe's time is over without a reply. */
  lost(flow: number, ttl: number, round: number, sentAtUs?: number): void;
  /** A reply to a probe that was already given up as lost. */
  repliedLate(reply: ProbeReply): void;
  /**
   * The probe was not sent, because the kernel would not, also after retries, or because its
   * interface is to be spared: it tells nothing about the network.
   *
   * @param error the kernel's reason, an errno name
   */
  unsent(flow: number, ttl: number, round: number, error?: string): void;
  /** The probe went out. */
  sent?(flow: number, ttl: number, round: number, sentAtUs: number): void;
}

/** For flows whose outcomes are nobody's business. */
export const DEAF_SINK: ProbeSink = { replied() {}, repliedLate() {}, lost() {}, unsent() {} };

/** Sends probes at the pace that the answering interfaces bear. */
export interface Prober {
  /** Queues one probe; probes for one interface leave in the order in which they were queued. */
  order(flow: number, ttl: number, round: number): void;
  /** Orders that have not been sent yet. */
  readonly queued: number;
  /**
   * Asks an interface for fewer replies from now on, because it seems to limit them. What was
   * queued for it is not sent.
   */
  slowDown(responder: number): void;
  /** Asks a slowed interface for twice as many replies, but never for more than at first. */
  speedUp(responder: number): void;
}
