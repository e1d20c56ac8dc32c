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
  /** RST: the target, port closed. */
  | 'refused'
  /** ICMP unreachable: from the target, or from a router that ends the path there. */
  | 'unreachable';

/** A reply that was matched to its probe. */
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
}

/** Receives what becomes of probes, as it happens. A `ProbeReply` is valid only during the call. */
export interface ProbeSink {
  /** The first reply to a probe that was still awaited. */
  replied(reply: ProbeReply): void;
  /** The probe's time is over without a reply. */
  lost(flow: number, ttl: number, round: number): void;
  /** A reply to a probe that was already given up as lost. */
  repliedLate(reply: ProbeReply): void;
  /**
   * The probe was not sent, because the kernel would not, also after retries, or because its
   * interface is to be spared: it tells nothing about the network.
   */
  unsent(flow: number, ttl: number, round: number): void;
}

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
}
