/**
 * The packet that an ICMP error quotes: a prefix of it, at times padded with zeros, with some
 * fields as the last router left them. RFC 792 promises the IP header and 8 bytes; RFC 1812
 * §4.3.2.3 and RFC 4443 §3 ask for more. So nothing behind those 8 bytes is needed here, and no
 * length field is believed.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { IcmpDialect } from './icmp.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { ipv4HeaderBytes } from './ipv4.ts';
import {
  IPV6_HEADER_BYTES,
  ipv6FlowLabel,
  ipv6HeaderProblem,
  ipv6TrafficClass,
  walkExtensionHeaders,
} from './ipv6.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { uint16At, uint32At } from './octets.ts';

/** A quoted packet: ours, if the error answers a probe. Fields are as quoted, not as sent. */
export interface Quote {
  readonly family: IpFamily;
  /** A view, like `destination`. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** TTL left when the packet was dropped: 1 or 0, unless something rewrote it. */
  readonly ttl: number;
  /** IPv4 TOS or IPv6 traffic class. */
  readonly tos: number;
  /** Protocol of the transport header, behind any IPv6 extension headers. */
  readonly protocol: number;
  /** IPv4 identification; 0 for IPv6. */
  readonly identification: number;
  /** 0 for IPv4. */
  readonly flowLabel: number;
  /** Length of the whole packet as its header tells it: not how much of it was quoted. */
  readonly totalLength: number;
  readonly transport: QuotedTransport;
}

/** What there is of the quoted transport header. */
export type QuotedTransport = QuotedTcp | QuotedUdp | QuotedEcho | NoTransport;

export interface QuotedTcp {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  /** −1 when the quote ends before it. */
  readonly window: number;
}

export interface QuotedUdp {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly checksum: number;
  /** A view of what there is, padding and all. */
  readonly payload: Uint8Array;
}

/** An echo request. */
export interface QuotedEcho {
  readonly kind: 'icmp-echo';
  readonly identifier: number;
  readonly sequence: number;
  readonly checksum: number;
  /** A view of what there is, padding and all. */
  readonly payload: Uint8Array;
}

/** Fewer than 8 bytes, a fragment that is not the first, or no protocol that we probe with. */
export interface NoTransport {
  readonly kind: 'truncated' | 'fragment' | 'other';
}

/**
 * Reads the quote `bytes[start, end)`, in which a whole IP header must be; of the transport header
 * there may be less than that.
 *
 * @returns the quote, or why its IP header cannot be read
 */
export function readQuote(
  bytes: Uint8Array,
  { start, end, family }: { start: number; end: number; family: IpFamily },
): Quote | Malformed {
  return family === 4 ? readIpv4Quote(bytes, start, end) : readIpv6Quote(bytes, start, end);
}

function readIpv4Quote(bytes: Uint8Array, start: number, end: number): Quote | Malformed {
  const headerBytes = ipv4HeaderBytes(bytes, start, end);
  if (typeof headerBytes !== 'number') return headerBytes;
  const protocol = bytes[start + 9] ?? 0;
  const isFirstFragment = (uint16At(bytes, start + 6) & 0x1fff) === 0;
  return {
    family: 4,
    source: bytes.subarray(start + 12, start + 16),
    destination: bytes.subarray(start + 16, start + 20),
    ttl: bytes[start + 8] ?? 0,
    tos: bytes[start + 1] ?? 0,
    protocol,
    identification: uint16At(bytes, start + 4),
    flowLabel: 0,
    totalLength: uint16At(bytes, start + 2),
    transport: isFirstFragment
      ? readTransport(bytes, { start: start + headerBytes, end, protocol, icmp: ICMPV4 })
      : FRAGMENT,
  };
}

function readIpv6Quote(bytes: Uint8Array, start: number, end: number): Quote | Malformed {
  const problem = ipv6HeaderProblem(bytes, start, end);
  if (problem !== undefined) return problem;
  const upper = walkExtensionHeaders(bytes, start, end);
  return {
    family: 6,
    source: bytes.subarray(start + 8, start + 24),
    destination: bytes.subarray(start + 24, start + 40),
    ttl: bytes[start + 7] ?? 0,
    tos: ipv6TrafficClass(bytes, start),
    protocol: isMalformed(upper) ? (bytes[start + 6] ?? 0) : upper.protocol,
    identification: 0,
    flowLabel: ipv6FlowLabel(bytes, start),
    totalLength: IPV6_HEADER_BYTES + uint16At(bytes, start + 4),
    transport: readIpv6Transport(bytes, upper, end),
  };
}

function readIpv6Transport(
  bytes: Uint8Array,
  upper: ReturnType<typeof walkExtensionHeaders>,
  end: number,
): QuotedTransport {
  if (isMalformed(upper)) return upper.malformed === 'truncated' ? TRUNCATED : OTHER;
  if (!upper.isFirstFragment) return FRAGMENT;
  const { offset: start, protocol } = upper;
  return readTransport(bytes, { start, end, protocol, icmp: ICMPV6 });
}

function readTransport(
  bytes: Uint8Array,
  at: { start: number; end: number; protocol: number; icmp: IcmpDialect },
): QuotedTransport {
  const { start, end } = at;
  if (start + TRANSPORT_BYTES_MIN > end) return TRUNCATED;
  switch (at.protocol) {
    case IP_PROTOCOL.tcp:
      return {
        kind: 'tcp',
        sourcePort: uint16At(bytes, start),
        destinationPort: uint16At(bytes, start + 2),
        sequence: uint32At(bytes, start + 4),
        window: start + 16 <= end ? uint16At(bytes, start + 14) : -1,
      };
    case IP_PROTOCOL.udp:
      return {
        kind: 'udp',
        sourcePort: uint16At(bytes, start),
        destinationPort: uint16At(bytes, start + 2),
        checksum: uint16At(bytes, start + 6),
        payload: bytes.subarray(start + TRANSPORT_BYTES_MIN, end),
      };
    case at.icmp.protocol:
      if (bytes[start] !== at.icmp.echoRequest) return OTHER;
      return {
        kind: 'icmp-echo',
        identifier: uint16At(bytes, start + 4),
        sequence: uint16At(bytes, start + 6),
        checksum: uint16At(bytes, start + 2),
        payload: bytes.subarray(start + TRANSPORT_BYTES_MIN, end),
      };
    default:
      return OTHER;
  }
}

/** RFC 792 promises 64 bits of the quoted datagram: ports and sequence number fit in. */
const TRANSPORT_BYTES_MIN = 8;

const TRUNCATED: NoTransport = { kind: 'truncated' };
const FRAGMENT: NoTransport = { kind: 'fragment' };
const OTHER: NoTransport = { kind: 'other' };
