/**
 * What a reply says about the probe that it answers, in one form for all protocols; nothing in it
 * is checked against any probe yet.
 */

import { uint32At } from '../wire/octets.ts';
import type { Quote } from '../wire/quote.ts';
import type { IcmpErrorReply, Reply } from '../wire/reply.ts';
import { TCP_ACK, TCP_FIN, TCP_RST } from '../wire/tcp.ts';
import { PAYLOAD_TOKEN_BYTES } from './probe-packet.ts';

export interface ProbeClaim {
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** Whom the probe was for. */
  readonly destination: Uint8Array;
  /** Whom it seemed to come from. */
  readonly source: Uint8Array;
  /** Of ICMP the identifier. */
  readonly sourcePort: number;
  /** −1 for ICMP. */
  readonly destinationPort: number;
  /** 32 bits; −1 where there is not as much of the probe. */
  readonly token: number;
  /** The same from another place of the probe, where it is quoted twice; −1 where it is not. */
  readonly spareToken: number;
  /** 16 bits, see `secondaryKey`; −1 where there is not as much of the probe. */
  readonly secondaryKey: number;
  /** Whether it is an answer of the target's that has no token by nature. */
  readonly isTokenless: boolean;
}

/** Code of a time exceeded that comes from an end host, not from a hop (RFC 792). */
const REASSEMBLY = 1;

/** @returns undefined for what cannot be an answer to a probe */
export function claimOf(reply: Reply): ProbeClaim | undefined {
  switch (reply.kind) {
    case 'icmp-error':
      return isReassembly(reply) ? undefined : claimOfQuote(reply.quote);
    case 'tcp': {
      const { flags, sequence, acknowledgment } = reply;
      // The answer to an ACK of no connection (RFC 9293 §3.10.7.1).
      if ((flags & (TCP_RST | TCP_ACK)) === TCP_RST) return directClaim('tcp', reply, sequence);
      // Without SYN and RST, what a half-open connection says to another SYN (RFC 5961 §4).
      if ((flags & TCP_ACK) === 0 || (flags & TCP_FIN) !== 0) return undefined;
      return directClaim('tcp', reply, (acknowledgment - 1) >>> 0);
    }
    case 'icmp-echo-reply': {
      const { payload, identifier: sourcePort, source: destination, destination: source } = reply;
      const token = payload.length < PAYLOAD_TOKEN_BYTES ? -1 : uint32At(payload, 0);
      const ports = { sourcePort, destinationPort: -1 };
      const secondaryKey = reply.sequence;
      const ends = { protocol: 'icmp', source, destination } as const;
      return { ...ends, ...ports, token, spareToken: -1, secondaryKey, isTokenless: false };
    }
    case 'udp':
      return directClaim('udp', reply, -1);
    default:
      return undefined;
  }
}

function isReassembly({ cause, code }: IcmpErrorReply): boolean {
  return cause === 'time-exceeded' && code === REASSEMBLY;
}

function directClaim(
  protocol: 'tcp' | 'udp',
  reply: Extract<Reply, { kind: 'tcp' | 'udp' }>,
  token: number,
): ProbeClaim {
  return {
    protocol,
    destination: reply.source,
    source: reply.destination,
    sourcePort: reply.destinationPort,
    destinationPort: reply.sourcePort,
    token,
    spareToken: -1,
    secondaryKey: -1,
    isTokenless: protocol === 'udp',
  };
}

function claimOfQuote(quote: Quote): ProbeClaim | undefined {
  const { transport, destination, source, identification } = quote;
  const isV4 = quote.family === 4;
  switch (transport.kind) {
    case 'tcp':
      return {
        protocol: 'tcp',
        destination,
        source,
        sourcePort: transport.sourcePort,
        destinationPort: transport.destinationPort,
        token: transport.sequence,
        spareToken: -1,
        secondaryKey: isV4 ? identification : transport.window,
        isTokenless: false,
      };
    case 'udp':
      return {
        protocol: 'udp',
        destination,
        source,
        sourcePort: transport.sourcePort,
        destinationPort: transport.destinationPort,
        token: isV4 ? joined(identification, transport.checksum) : tokenIn(transport.payload),
        spareToken: isV4 ? tokenIn(transport.payload) : -1,
        secondaryKey: transport.checksum,
        isTokenless: false,
      };
    case 'icmp-echo':
      return {
        protocol: 'icmp',
        destination,
        source,
        sourcePort: transport.identifier,
        destinationPort: -1,
        token: isV4 ? joined(identification, transport.sequence) : tokenIn(transport.payload),
        spareToken: isV4 ? tokenIn(transport.payload) : -1,
        secondaryKey: transport.sequence,
        isTokenless: false,
      };
    default:
      return undefined;
  }
}

function joined(high: number, low: number): number {
  return ((high << 16) | low) >>> 0;
}

function tokenIn(payload: Uint8Array): number {
  return payload.length < PAYLOAD_TOKEN_BYTES ? -1 : uint32At(payload, 0);
}
