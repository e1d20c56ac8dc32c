/**
 * The packets that routers and the target send back, written with `wire`. They are complete but
 * for the IP header: its TTL is known only once the way back is.
 */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import { ICMP_DIALECTS, IP_HEADER_BYTES } from '../wire/families.ts';
import { ICMP_HEADER_BYTES, type IcmpMessage, sealIcmp, writeIcmp } from '../wire/icmp.ts';
import { icmpErrorBytes, writeIcmpError } from '../wire/icmp-error.ts';
import { EXTENDED_QUOTE_BYTES_MIN } from '../wire/icmp-extension.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '../wire/ipv4.ts';
import { IPV6_HEADER_BYTES, writeIpv6Header } from '../wire/ipv6.ts';
import { uint16At, uint32At, writeUint16, writeUint32 } from '../wire/octets.ts';
import { icmpPseudoHeaderSum, pseudoHeaderSum } from '../wire/pseudo-header.ts';
import {
  TCP_ACK,
  TCP_FIN,
  TCP_HEADER_BYTES,
  TCP_RST,
  TCP_SYN,
  type TcpSegment,
  tcpFlags,
  writeTcpSegment,
} from '../wire/tcp.ts';
import type { FlowFields } from './flow-hash.ts';
import type { ProbeEnd } from './network.ts';
import type { ProbePacket } from './probe-packet.ts';
import { adjustedChecksum, quoteOf, rewriteQuote, wordSum } from './quotes.ts';

/** A reply to a probe, before it is sent. */
export interface Answer {
  readonly flow: FlowFields;
  /** The whole packet; its IP header is not written yet. */
  readonly packet: Uint8Array;
  /** TTL or hop limit that it is sent with. */
  readonly ttl: number;
  /** Whether it goes back within the flow of the probe; ICMP errors do not. */
  readonly isOfFlow: boolean;
  /** Whether the sender sends it again when it is lost. */
  readonly isRepeated: boolean;
}

/** Whole packet, the most that an ICMP error may have: RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c). */
const ERROR_BYTES_MAX: Readonly<Record<IpFamily, number>> = { 4: 576, 6: 1280 };

/** As most routers send their ICMP errors. */
const ROUTER_TTL = 255;
/** As Linux hosts send everything. */
const HOST_TTL = 64;
/** What Linux offers first: 44 segments of 1460 bytes. */
const WINDOW = 64_240;

/** A router's error about a probe whose TTL ran out there; the quote says what was left of it. */
export function timeExceeded(probe: ProbePacket, end: ProbeEnd): Answer {
  const { timeExceeded: type } = ICMP_DIALECTS[probe.family];
  return icmpError(probe, end, { type, code: 0, source: end.errorSource });
}

/** A router's error about a probe that is too long for the next link; it tells that link's MTU. */
export function packetTooBig(probe: ProbePacket, end: ProbeEnd): Answer {
  const { type, code } = ICMP_DIALECTS[probe.family].packetTooBig;
  return icmpError(probe, end, { type, code, source: end.errorSource, parameter: end.mtu });
}

/** The target's error about a datagram to a port where nothing listens. */
export function portUnreachable(probe: ProbePacket, end: ProbeEnd): Answer {
  const { unreachable: type, portUnreachableCode: code } = ICMP_DIALECTS[probe.family];
  return icmpError(probe, end, { type, code, source: probe.flow.destination });
}

/** The answer to an echo request: the same with another type. */
export function echoReply(probe: ProbePacket, request: IcmpMessage): Answer {
  const { family } = probe;
  const { source, destination } = probe.flow;
  const headerBytes = IP_HEADER_BYTES[family];
  const lengthBytes = ICMP_HEADER_BYTES + request.body.length;
  const packet = new Uint8Array(headerBytes + lengthBytes);
  const sum = icmpPseudoHeaderSum(destination, source, lengthBytes);
  writeIcmp(packet, headerBytes, { ...request, type: ICMP_DIALECTS[family].echoReply }, sum);
  return replyOf(probe, packet, false);
}

/** The answer to a SYN where a process listens (RFC 9293 §3.10.7.2). */
export function synAck(probe: ProbePacket, syn: TcpSegment, sequence: number): Answer {
  const acknowledgment = (syn.sequence + 1) >>> 0;
  const flags = TCP_SYN | TCP_ACK;
  return tcpAnswer(probe, syn, { flags, sequence, acknowledgment, window: WINDOW });
}

/**
 * The answer to a SYN of a flow that is in a handshake already: what began that is acknowledged
 * once more (RFC 9293 §3.10.7.4).
 *
 * @param first sequence number of the SYN that began it
 */
export function acknowledgmentOf(
  probe: ProbePacket,
  syn: TcpSegment,
  { first, sequence }: { readonly first: number; readonly sequence: number },
): Answer {
  const fields = { sequence: (sequence + 1) >>> 0, acknowledgment: (first + 1) >>> 0 };
  return tcpAnswer(probe, syn, { ...fields, flags: TCP_ACK, window: WINDOW });
}

/** The answer to a segment that belongs to no connection (RFC 9293 §3.10.7.1). */
export function reset(probe: ProbePacket, segment: Required<TcpSegment>): Answer {
  const { flags, sequence, acknowledgment, payload } = segment;
  if ((flags & TCP_ACK) !== 0) {
    const fields = { flags: TCP_RST, sequence: acknowledgment, acknowledgment: 0, window: 0 };
    return tcpAnswer(probe, segment, fields);
  }
  const taken = payload.length + Number((flags & TCP_SYN) !== 0) + Number((flags & TCP_FIN) !== 0);
  const acked = (sequence + taken) >>> 0;
  const fields = { flags: TCP_RST | TCP_ACK, sequence: 0, acknowledgment: acked, window: 0 };
  return tcpAnswer(probe, segment, fields);
}

/** Makes an answer of the target's acknowledge what came to it: so much more than was sent. */
export function shiftAcknowledgment({ flow, packet }: Answer, shift: number): void {
  const start = IP_HEADER_BYTES[familyOf(flow.source)];
  if (flow.protocol !== IP_PROTOCOL.tcp || (tcpFlags(packet, start) & TCP_ACK) === 0) return;
  const before = uint32At(packet, start + 8);
  const after = (before + shift) >>> 0;
  writeUint32(packet, start + 8, after);
  const checksum = adjustedChecksum(uint16At(packet, start + 16), wordSum(after) - wordSum(before));
  writeUint16(packet, start + 16, checksum);
}

/** Writes the IP header of an answer as it arrives, and returns the packet. */
export function seal(
  { flow: { source, destination, protocol }, packet }: Answer,
  { ttl, identification }: { readonly ttl: number; readonly identification: number },
): Uint8Array {
  if (source.length === 4) {
    writeIpv4Header(packet, 0, {
      tos: 0,
      identification,
      flags: 0,
      fragmentOffset: 0,
      ttl,
      protocol,
      source,
      destination,
      payloadLength: packet.length - IPV4_HEADER_BYTES,
    });
  } else {
    writeIpv6Header(packet, 0, {
      trafficClass: 0,
      flowLabel: 0,
      nextHeader: protocol,
      hopLimit: ttl,
      source,
      destination,
      payloadLength: packet.length - IPV6_HEADER_BYTES,
    });
  }
  return packet;
}

interface ErrorTraits {
  readonly type: number;
  readonly code: number;
  readonly source: Uint8Array;
  readonly parameter?: number;
}

function icmpError(
  probe: ProbePacket,
  { node, ttl, packet: traveller }: ProbeEnd,
  { type, code, source, parameter = 0 }: ErrorTraits,
): Answer {
  const { family } = probe;
  const { source: destination } = probe.flow;
  const dialect = ICMP_DIALECTS[family];
  const headerBytes = IP_HEADER_BYTES[family];
  const start = headerBytes + ICMP_HEADER_BYTES;
  const entries = node.icmp?.mplsEntries ?? NO_ENTRIES;
  const mpls = dialect.isExtensible(type) ? entries : NO_ENTRIES;
  const quote = quoteOf(probe, {
    style: node.icmp?.quote ?? 'whole',
    // RFC 4884 §5.1: what reads no extension takes 128 bytes of quote for granted.
    bytesMax: mpls.length > 0 ? EXTENDED_QUOTE_BYTES_MIN : ERROR_BYTES_MAX[family] - start,
  });
  const error = { type, code, parameter, quote, mpls };
  const packet = new Uint8Array(headerBytes + icmpErrorBytes(error, dialect));
  const sum = icmpPseudoHeaderSum(source, destination, packet.length - headerBytes);
  writeIcmpError(packet, headerBytes, error, { dialect, pseudoHeaderSum: sum });
  rewriteQuote(packet.subarray(start, start + quote.length), probe, { ttl, traveller });
  sealIcmp(packet, headerBytes, packet.length, sum);
  const flow = { source, destination, protocol: dialect.protocol, leadingBits: 0 };
  const isRouter = node.icmp !== undefined;
  return {
    flow,
    packet,
    ttl: isRouter ? ROUTER_TTL : HOST_TTL,
    isOfFlow: false,
    isRepeated: false,
  };
}

const NO_ENTRIES: readonly number[] = [];

/** A segment of the target's without options or payload. */
function tcpAnswer(
  probe: ProbePacket,
  { sourcePort, destinationPort }: TcpSegment,
  fields: Pick<TcpSegment, 'flags' | 'sequence' | 'acknowledgment' | 'window'>,
): Answer {
  const headerBytes = IP_HEADER_BYTES[probe.family];
  const { source, destination, protocol } = probe.flow;
  const packet = new Uint8Array(headerBytes + TCP_HEADER_BYTES);
  const { flags, sequence, acknowledgment, window } = fields; // a spread costs more than the rest
  const segment = {
    sourcePort: destinationPort,
    destinationPort: sourcePort,
    flags,
    sequence,
    acknowledgment,
    window,
  };
  const sum = pseudoHeaderSum(destination, source, protocol, TCP_HEADER_BYTES);
  writeTcpSegment(packet, headerBytes, segment, sum);
  return replyOf(probe, packet, (fields.flags & TCP_SYN) !== 0);
}

function replyOf(probe: ProbePacket, packet: Uint8Array, isRepeated: boolean): Answer {
  return { flow: flowBack(probe, packet), packet, ttl: HOST_TTL, isOfFlow: true, isRepeated };
}

/** The flow of what the target answers with the same protocol. */
function flowBack(probe: ProbePacket, packet: Uint8Array): FlowFields {
  const { source, destination, protocol } = probe.flow;
  const leadingBits = uint32At(packet, IP_HEADER_BYTES[probe.family]);
  return { source: destination, destination: source, protocol, leadingBits };
}
