/**
 * TCP SYN probes: the token is the sequence number, so it comes back in the first 8 bytes of every
 * ICMP quote (RFC 792) and, plus one, as the acknowledgment of the target (RFC 9293 §3.10.7).
 *
 * Everything that a per-flow balancer may hash stays constant within a flow: addresses, protocol,
 * ports, TOS, flow label.
 */

import { isSameAddress } from '../lib/ip-address.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_DONT_FRAGMENT, writeIpv4Header } from '../wire/ipv4.ts';
import { writeIpv6Header } from '../wire/ipv6.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import type { Reply } from '../wire/reply.ts';
import { TCP_ACK, TCP_HEADER_BYTES, TCP_RST, TCP_SYN, writeTcpSegment } from '../wire/tcp.ts';

/** What Linux offers first; a SYN that looks ordinary meets fewer filters. */
const WINDOW = 64_240;
/** Code of a time exceeded that comes from an end host, not from a hop (RFC 792). */
const REASSEMBLY = 1;

/** The header fields that all probes of a run share. */
export interface ProbeEndpoints {
  /** 4 or 16 bytes, both of one family. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** TOS or traffic class, 0–255. */
  readonly tos: number;
}

/** The header fields that make a flow. */
export interface FlowId {
  readonly sourcePort: number;
  /** IPv6 only: 0–0xfffff. */
  readonly flowLabel: number;
}

export interface ProbeFields extends FlowId {
  readonly ttl: number;
  readonly token: number;
}

/** Writes one probe at `offset`; returns the offset past it. */
export function writeTcpSynProbe(
  into: Uint8Array,
  offset: number,
  endpoints: ProbeEndpoints,
  probe: ProbeFields,
): number {
  const { source, destination } = endpoints;
  const past = writeIpHeader(into, offset, endpoints, probe);
  const segment = {
    sourcePort: probe.sourcePort,
    destinationPort: endpoints.destinationPort,
    sequence: probe.token,
    acknowledgment: 0,
    flags: TCP_SYN,
    window: WINDOW,
  };
  const sum = pseudoHeaderSum(source, destination, IP_PROTOCOL.tcp, TCP_HEADER_BYTES);
  return writeTcpSegment(into, past, segment, sum);
}

/** What a reply says about the probe it answers, not yet checked against any probe. */
export interface ProbeClaim {
  readonly token: number;
  readonly sourcePort: number;
}

/**
 * Reads which probe a reply claims to answer.
 *
 * @returns undefined for what cannot be an answer to a SYN probe of these endpoints. The quoted
 *   source address is not compared: an address translator on the way may have left its own there.
 */
export function claimOfTcpReply(reply: Reply, endpoints: ProbeEndpoints): ProbeClaim | undefined {
  if (reply.kind === 'icmp-error') {
    const { quote, cause, code } = reply;
    if (quote.transport.kind !== 'tcp' || (cause === 'time-exceeded' && code === REASSEMBLY)) {
      return undefined;
    }
    const { sourcePort, destinationPort, sequence } = quote.transport;
    if (destinationPort !== endpoints.destinationPort) return undefined;
    if (!isSameAddress(quote.destination, endpoints.destination)) return undefined;
    return { token: sequence, sourcePort };
  }
  if (reply.kind !== 'tcp') return undefined;
  if (reply.sourcePort !== endpoints.destinationPort) return undefined;
  if (!isSameAddress(reply.source, endpoints.destination)) return undefined;
  const isAnswerToSyn = (reply.flags & TCP_ACK) !== 0 && (reply.flags & (TCP_SYN | TCP_RST)) !== 0;
  if (!isAnswerToSyn) return undefined;
  return { token: (reply.acknowledgment - 1) >>> 0, sourcePort: reply.destinationPort };
}

function writeIpHeader(
  into: Uint8Array,
  offset: number,
  { source, destination, tos }: ProbeEndpoints,
  { ttl, token, flowLabel }: ProbeFields,
): number {
  if (source.length === 4) {
    return writeIpv4Header(into, offset, {
      tos,
      // Never 0, which the kernel would replace; not constant, which marks a naive sender.
      identification: (token ^ (token >>> 16)) & 0xffff || 1,
      flags: IPV4_DONT_FRAGMENT,
      fragmentOffset: 0,
      ttl,
      protocol: IP_PROTOCOL.tcp,
      source,
      destination,
      payloadLength: TCP_HEADER_BYTES,
    });
  }
  return writeIpv6Header(into, offset, {
    trafficClass: tos,
    flowLabel,
    nextHeader: IP_PROTOCOL.tcp,
    hopLimit: ttl,
    source,
    destination,
    payloadLength: TCP_HEADER_BYTES,
  });
}
