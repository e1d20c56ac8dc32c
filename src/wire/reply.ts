/**
 * Reads what comes back to a prober: whole IP packets as a `PacketLink` hands them over. Matching a
 * reply to its probe is left to the engine.
 *
 * Checksums are verified here, in both families: kernels pass ICMPv4 and TCP to raw sockets
 * unverified. A link that rebuilds the IPv6 header must therefore know both addresses.
 */

import { addWordsOf } from '../lib/checksum.ts';
import type { IpFamily } from '../lib/ip-address.ts';
import { ICMP_HEADER_BYTES, type IcmpDialect, type IcmpErrorCause } from './icmp.ts';
import {
  decodeIcmpExtension,
  findIcmpExtension,
  type IcmpObject,
  mplsEntries,
} from './icmp-extension.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { type InterfaceInformation, interfaceInformation } from './interface-information.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { ipv4HeaderBytes } from './ipv4.ts';
import { IPV6_HEADER_BYTES, ipv6HeaderProblem, walkExtensionHeaders } from './ipv6.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { uint16At, uint32At } from './octets.ts';
import { isChecksumRight } from './pseudo-header.ts';
import { type Quote, readQuote } from './quote.ts';
import { tcpFlags, tcpHeaderBytes } from './tcp.ts';
import { isUdpChecksumRight, UDP_HEADER_BYTES, udpEnd } from './udp.ts';

export type Reply = IcmpErrorReply | TcpReply | UdpReply | EchoReply | OtherReply;

/** What every reply has. Addresses are views into the packet. */
export interface Envelope {
  readonly family: IpFamily;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL or hop limit left when it arrived. */
  readonly replyTtl: number;
}

export interface IcmpErrorReply extends Envelope {
  readonly kind: 'icmp-error';
  readonly cause: IcmpErrorCause;
  readonly type: number;
  /** Time exceeded with code 1 (reassembly) comes from an end host: it shows no hop. */
  readonly code: number;
  /** Of the next link, for `packet-too-big`: bytes, 0 when not told; 0 for other causes. */
  readonly mtu: number;
  readonly quote: Quote;
  /** Label stack entries, 32 bits each, outermost first; `decodeMplsEntry` takes one apart. */
  readonly mpls: readonly number[];
  readonly interfaces: readonly InterfaceInformation[];
}

export interface TcpReply extends Envelope {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  /** As in `TcpSegment`. */
  readonly flags: number;
}

export interface UdpReply extends Envelope {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** A view into the packet. */
  readonly payload: Uint8Array;
}

export interface EchoReply extends Envelope {
  readonly kind: 'icmp-echo-reply';
  readonly identifier: number;
  readonly sequence: number;
  /** A view into the packet. */
  readonly payload: Uint8Array;
}

/** A valid packet that answers no probe: echo request, redirect, neighbour discovery, fragment. */
export interface OtherReply extends Envelope {
  readonly kind: 'other';
  readonly protocol: number;
}

/**
 * Reads one received packet from its IP header on; the version nibble tells the family. Length
 * fields count as far as there are bytes. Views live as long as the packet's bytes stay as they
 * are: copy what must outlive the call that brought them.
 *
 * @returns the reply, or why the packet is none
 */
export function readReply(packet: Uint8Array): Reply | Malformed {
  const first = packet[0];
  if (first === undefined) return { malformed: 'truncated', offset: 0 };
  if (first >> 4 === 4) return readIpv4Reply(packet);
  if (first >> 4 === 6) return readIpv6Reply(packet);
  return { malformed: 'bad-version', offset: 0 };
}

/**
 * A transport header and payload in a packet, and what the IP header says of them. Replies copy the
 * envelope field by field: a spread takes V8 up to microseconds, more than all the rest.
 */
interface Section extends Envelope {
  readonly icmp: IcmpDialect;
  readonly protocol: number;
  readonly start: number;
  readonly end: number;
  readonly isFirstFragment: boolean;
  readonly pseudoHeaderSum: number;
}

function readIpv4Reply(packet: Uint8Array): Reply | Malformed {
  const start = ipv4HeaderBytes(packet, 0, packet.length);
  if (typeof start !== 'number') return start;
  const end = Math.min(uint16At(packet, 2), packet.length);
  if (end < start) return { malformed: 'bad-length', offset: 2 };
  const protocol = packet[9] ?? 0;
  return readSection(packet, {
    family: 4,
    source: packet.subarray(12, 16),
    destination: packet.subarray(16, 20),
    replyTtl: packet[8] ?? 0,
    icmp: ICMPV4,
    protocol,
    start,
    end,
    isFirstFragment: (uint16At(packet, 6) & 0x1fff) === 0,
    pseudoHeaderSum: addWordsOf(packet, 12, 20, protocol + end - start),
  });
}

function readIpv6Reply(packet: Uint8Array): Reply | Malformed {
  const problem = ipv6HeaderProblem(packet, 0, packet.length);
  if (problem !== undefined) return problem;
  const end = Math.min(IPV6_HEADER_BYTES + uint16At(packet, 4), packet.length);
  const upper = walkExtensionHeaders(packet, 0, end);
  if (isMalformed(upper)) return upper;
  const { protocol, offset: start, isFirstFragment } = upper;
  return readSection(packet, {
    family: 6,
    source: packet.subarray(8, 24),
    destination: packet.subarray(24, 40),
    replyTtl: packet[7] ?? 0,
    icmp: ICMPV6,
    protocol,
    start,
    end,
    isFirstFragment,
    pseudoHeaderSum: addWordsOf(packet, 8, 40, protocol + end - start),
  });
}

function readSection(packet: Uint8Array, section: Section): Reply | Malformed {
  if (!section.isFirstFragment) return otherReply(section);
  switch (section.protocol) {
    case section.icmp.protocol:
      return readIcmp(packet, section);
    case IP_PROTOCOL.tcp:
      return readTcp(packet, section);
    case IP_PROTOCOL.udp:
      return readUdp(packet, section);
    default:
      return otherReply(section);
  }
}

function otherReply({ family, source, destination, replyTtl, protocol }: Section): OtherReply {
  return { kind: 'other', family, source, destination, replyTtl, protocol };
}

function readIcmp(packet: Uint8Array, section: Section): Reply | Malformed {
  const { family, icmp, start, end } = section;
  if (start + ICMP_HEADER_BYTES > end) return { malformed: 'truncated', offset: end };
  const covered = family === 4 ? 0 : section.pseudoHeaderSum;
  if (!isChecksumRight(packet, { start, end, field: start + 2 }, covered)) {
    return { malformed: 'bad-checksum', offset: start + 2 };
  }
  const type = packet[start] ?? 0;
  if (type === icmp.echoReply) return readEchoReply(packet, section);
  const cause = icmp.causeOf(type, packet[start + 1] ?? 0);
  return cause === undefined ? otherReply(section) : readIcmpError(packet, section, cause);
}

function readEchoReply(packet: Uint8Array, section: Section): EchoReply {
  const { family, source, destination, replyTtl, start, end } = section;
  return {
    kind: 'icmp-echo-reply',
    family,
    source,
    destination,
    replyTtl,
    identifier: uint16At(packet, start + 4),
    sequence: uint16At(packet, start + 6),
    payload: packet.subarray(start + ICMP_HEADER_BYTES, end),
  };
}

function readIcmpError(
  packet: Uint8Array,
  section: Section,
  cause: IcmpErrorCause,
): IcmpErrorReply | Malformed {
  const { family, source, destination, replyTtl, start, end } = section;
  const quoteEnd = endOfQuote(packet, section);
  const quote = readQuote(packet, { start: start + ICMP_HEADER_BYTES, end: quoteEnd, family });
  if (isMalformed(quote)) return quote;
  const objects = quoteEnd === end ? NO_OBJECTS : readObjects(packet.subarray(quoteEnd, end));
  return {
    kind: 'icmp-error',
    family,
    source,
    destination,
    replyTtl,
    cause,
    type: packet[start] ?? 0,
    code: packet[start + 1] ?? 0,
    mtu: cause === 'packet-too-big' ? mtuAt(packet, start, family) : 0,
    quote,
    mpls: objects.length === 0 ? NO_ENTRIES : mplsEntries(objects),
    interfaces: objects.length === 0 ? NO_INTERFACES : interfaceInformation(objects),
  };
}

/** Where the quote ends: at an extension, or else with the error. */
function endOfQuote(packet: Uint8Array, { icmp, start, end }: Section): number {
  if (!icmp.isExtensible(packet[start] ?? 0)) return end;
  const declared = (packet[start + icmp.quoteLengthOffset] ?? 0) * icmp.quoteLengthUnitBytes;
  return findIcmpExtension(packet, { start: start + ICMP_HEADER_BYTES, end }, declared);
}

const NO_OBJECTS: readonly IcmpObject[] = [];
const NO_ENTRIES: readonly number[] = [];
const NO_INTERFACES: readonly InterfaceInformation[] = [];

function readObjects(extension: Uint8Array): readonly IcmpObject[] {
  const objects = decodeIcmpExtension(extension);
  return isMalformed(objects) ? NO_OBJECTS : objects;
}

/** ICMPv4 has 16 bits for the MTU (RFC 1191 §4), ICMPv6 has 32 (RFC 4443 §3.2). */
function mtuAt(packet: Uint8Array, start: number, family: IpFamily): number {
  return family === 4 ? uint16At(packet, start + 6) : uint32At(packet, start + 4);
}

function readTcp(packet: Uint8Array, section: Section): TcpReply | Malformed {
  const { family, source, destination, replyTtl, start, end } = section;
  const headerBytes = tcpHeaderBytes(packet, start, end);
  if (typeof headerBytes !== 'number') return headerBytes;
  const field = start + 16;
  if (!isChecksumRight(packet, { start, end, field }, section.pseudoHeaderSum)) {
    return { malformed: 'bad-checksum', offset: field };
  }
  return {
    kind: 'tcp',
    family,
    source,
    destination,
    replyTtl,
    sourcePort: uint16At(packet, start),
    destinationPort: uint16At(packet, start + 2),
    sequence: uint32At(packet, start + 4),
    acknowledgment: uint32At(packet, start + 8),
    flags: tcpFlags(packet, start),
  };
}

function readUdp(packet: Uint8Array, section: Section): UdpReply | Malformed {
  const { family, source, destination, replyTtl, start } = section;
  const end = udpEnd(packet, start, section.end);
  if (typeof end !== 'number') return end;
  // The pseudo header has the UDP length, which may leave padding out.
  const pseudoHeaderSum = section.pseudoHeaderSum - (section.end - end);
  if (!isUdpChecksumRight(packet, { start, end }, pseudoHeaderSum)) {
    return { malformed: 'bad-checksum', offset: start + 6 };
  }
  return {
    kind: 'udp',
    family,
    source,
    destination,
    replyTtl,
    sourcePort: uint16At(packet, start),
    destinationPort: uint16At(packet, start + 2),
    payload: packet.subarray(start + UDP_HEADER_BYTES, end),
  };
}
