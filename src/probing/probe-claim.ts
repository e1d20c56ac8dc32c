/**
 * What a reply says about the probe that it answers, in one form for all protocols; nothing in it
 * is checked against any probe yet.
 */

import type { Mutable } from '../lib/mutable.ts';
import { NO_BYTES } from '../wire/octets.ts';
import type { PacketPart } from '../wire/packet-part.ts';
import type { Quote } from '../wire/quote.ts';
import type { IcmpErrorReply, Reply, TcpReply, UdpReply } from '../wire/reply.ts';
import { TCP_ACK, TCP_FIN, TCP_RST } from '../wire/tcp.ts';
import { PAYLOAD_TOKEN_BYTES } from './probe-packet.ts';

export interface ProbeClaim {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** Whom the probe was for; the bytes are those of the reply that it was read from. */
  readonly destination: Uint8Array;
  /** Whom it seemed to come from. */
  readonly source: Uint8Array;
  /** Of ICMP the identifier. */
  readonly sourcePort: number;
  /** −1 for ICMP. */
  readonly destinationPort: number;
  /** Whether there is as much of the probe. */
  readonly hasToken: boolean;
  /** 32 bits, signed. */
  readonly token: number;
  /** Whether the probe has it in another place as well, and that is there. */
  readonly hasSpareToken: boolean;
  /** What is in the other place. */
  readonly spareToken: number;
  /** 16 bits, see `secondaryKey`; −1 where there is not as much of the probe. */
  readonly secondaryKey: number;
  /** Whether it is an answer of the target's that has no token by nature. */
  readonly isTokenless: boolean;
}

/** Code of a time exceeded that comes from an end host, not from a hop (RFC 792). */
const REASSEMBLY = 1;

/** What a claim is read into. */
export function newClaim(): Mutable<ProbeClaim> {
  return {
    protocol: 'tcp',
    destination: NO_BYTES,
    source: NO_BYTES,
    sourcePort: 0,
    destinationPort: -1,
    hasToken: false,
    token: 0,
    hasSpareToken: false,
    spareToken: 0,
    secondaryKey: -1,
    isTokenless: false,
  };
}

/**
 * Reads a reply's claim.
 *
 * @param into is filled and returned, for whoever reads many; as long-lived as the reply
 * @returns undefined for what cannot be an answer to a probe
 */
export function claimOf(
  reply: Reply,
  into: Mutable<ProbeClaim> = newClaim(),
): ProbeClaim | undefined {
  switch (reply.kind) {
    case 'icmp-error':
      return isReassembly(reply) ? undefined : claimOfQuote(reply.quote, into);
    case 'tcp': {
      const { flags, sequence, acknowledgment } = reply;
      // The answer to an ACK of no connection (RFC 9293 §3.10.7.1).
      if ((flags & (TCP_RST | TCP_ACK)) === TCP_RST)
        return claimOfSegment(reply, sequence | 0, into);
      // Without SYN and RST, what a half-open connection says to another SYN (RFC 5961 §4).
      if ((flags & TCP_ACK) === 0 || (flags & TCP_FIN) !== 0) return undefined;
      return claimOfSegment(reply, (acknowledgment - 1) | 0, into);
    }
    case 'icmp-echo-reply':
      begin(into, 'icmp', reply.destination, reply.source);
      into.sourcePort = reply.identifier;
      into.hasToken = holdsToken(reply.payload);
      if (into.hasToken) into.token = tokenIn(reply.payload);
      into.secondaryKey = reply.sequence;
      return into;
    case 'udp':
      directClaim(reply, into);
      into.isTokenless = true;
      return into;
    default:
      return undefined;
  }
}

function isReassembly({ cause, code }: IcmpErrorReply): boolean {
  return cause === 'time-exceeded' && code === REASSEMBLY;
}

/** Who sent the probe to whom, and nothing more as yet. */
function begin(
  into: Mutable<ProbeClaim>,
  protocol: ProbeClaim['protocol'],
  source: Uint8Array,
  destination: Uint8Array,
): void {
  into.protocol = protocol;
  into.source = source;
  into.destination = destination;
  into.destinationPort = -1;
  into.hasToken = false;
  into.hasSpareToken = false;
  into.secondaryKey = -1;
  into.isTokenless = false;
}

/** Of an answer of the target: its ends are those of the probe, the other way round. */
function directClaim(reply: TcpReply | UdpReply, into: Mutable<ProbeClaim>): void {
  begin(into, reply.kind, reply.destination, reply.source);
  into.sourcePort = reply.destinationPort;
  into.destinationPort = reply.sourcePort;
}

function claimOfSegment(reply: TcpReply, token: number, into: Mutable<ProbeClaim>): ProbeClaim {
  directClaim(reply, into);
  into.hasToken = true;
  into.token = token;
  return into;
}

function claimOfQuote(quote: Quote, into: Mutable<ProbeClaim>): ProbeClaim | undefined {
  const { transport, destination, source, identification } = quote;
  const isV4 = quote.family === 4;
  switch (transport.kind) {
    case 'tcp':
      begin(into, 'tcp', source, destination);
      into.sourcePort = transport.sourcePort;
      into.destinationPort = transport.destinationPort;
      into.hasToken = true;
      into.token = transport.sequence | 0;
      into.secondaryKey = isV4 ? identification : transport.window;
      return into;
    case 'udp':
      begin(into, 'udp', source, destination);
      into.sourcePort = transport.sourcePort;
      into.destinationPort = transport.destinationPort;
      into.secondaryKey = transport.checksum;
      break;
    case 'icmp-echo':
      begin(into, 'icmp', source, destination);
      into.sourcePort = transport.identifier;
      into.secondaryKey = transport.sequence;
      break;
    default:
      return undefined;
  }
  const isInPayload = holdsToken(transport.payload);
  const inPayload = isInPayload ? tokenIn(transport.payload) : 0;
  into.hasToken = isV4 || isInPayload;
  into.token = isV4 ? (identification << 16) | into.secondaryKey : inPayload;
  into.hasSpareToken = isV4 && isInPayload;
  into.spareToken = inPayload;
  return into;
}

function holdsToken(payload: PacketPart): boolean {
  return payload.length >= PAYLOAD_TOKEN_BYTES;
}

/** Of a payload that holds one. */
function tokenIn(payload: PacketPart): number {
  return payload.int32At(0);
}
