/**
 * What algorithms and the probing engine say to each other: which (flow, TTL) to probe, and what
 * came of it. Flows and addresses are small integers here, so that a probe costs no object;
 * `AddressBook` turns the latter into text.
 */

/** What answered a probe. */
export type ReplyKind =
  /** ICMP time exceeded in transit: a router on the path. */
  | 'time-exceeded'
  /** The target itself: SYN-ACK of an open port. */
  | 'accepted'
  /** The target itself: RST of a closed port. */
  | 'refused'
  /** ICMP unreachable from the target or a router before it. */
  | 'unreachable';

/** A reply that was matched to its probe. */
export interface ProbeReply {
  readonly flow: number;
  readonly ttl: number;
  readonly round: number;
  readonly kind: ReplyKind;
  /** Index in the address book of who answered. */
  readonly responder: number;
  readonly isTarget: boolean;
  /** ICMP code, or 0 for TCP replies. */
  readonly code: number;
  readonly rttUs: number;
  /** TTL left in the reply: tells the length of the way back. */
  readonly replyTtl: number;
  /** TTL left in the quoted probe: 1 unless something rewrote it; −1 for TCP replies. */
  readonly quotedTtl: number;
  /** MPLS label stack entries (RFC 4950), 32 bits each, outermost first. */
  readonly mpls: readonly number[];
}

/** Receives outcomes as they happen. A `ProbeReply` is valid only during the call. */
export interface ProbeSink {
  /** First reply to a probe that was still awaited. */
  replied(reply: ProbeReply): void;
  /** The probe's time is over without a reply. */
  lost(flow: number, ttl: number, round: number): void;
  /** A reply to a probe already counted as lost. */
  repliedLate(reply: ProbeReply): void;
  /** The kernel would not send the probe, also after retries: it tells nothing about the network. */
  unsent(flow: number, ttl: number, round: number): void;
}

/** One probe to send. */
export interface ProbeOrder {
  readonly flow: number;
  readonly ttl: number;
}
