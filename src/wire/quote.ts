/**
 * The packet that an ICMP error quotes: a prefix of it, at times padded with zeros, with some
 * fields as the last router left them. RFC 792 promises the IP header and 8 bytes; RFC 1812
 * §4.3.2.3 and RFC 4443 §3 ask for more. So nothing behind those 8 bytes is needed here, and no
 * length field is believed.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { Mutable } from '../lib/mutable.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { ipv4HeaderBytes } from './ipv4.ts';
import {
  IPV6_HEADER_BYTES,
  ipv6FlowLabel,
  ipv6HeaderProblem,
  ipv6TrafficClass,
  type UpperLayer,
  walkExtensionHeaders,
} from './ipv6.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { NO_BYTES, readOctets, uint16At, uint32At } from './octets.ts';
import { PacketPart } from './packet-part.ts';

/** A quoted packet: ours, if the error answers a probe. Fields are as quoted, not as sent. */
export interface Quote {
  readonly family: IpFamily;
  /** 4 or 16 bytes of the reader's, filled anew by its next quote. */
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
  /** What there is of it, padding and all. */
  readonly payload: PacketPart;
}

/** An echo request. */
export interface QuotedEcho {
  readonly kind: 'icmp-echo';
  readonly identifier: number;
  readonly sequence: number;
  readonly checksum: number;
  /** What there is of it, padding and all. */
  readonly payload: PacketPart;
}

/** Fewer than 8 bytes, a fragment that is not the first, or no protocol that we probe with. */
export interface NoTransport {
  readonly kind: 'truncated' | 'fragment' | 'other';
}

/** RFC 792 promises 64 bits of the quoted datagram: ports and sequence number fit in. */
const TRANSPORT_BYTES_MIN = 8;

const TRUNCATED: NoTransport = { kind: 'truncated' };
const FRAGMENT: NoTransport = { kind: 'fragment' };
const OTHER: NoTransport = { kind: 'other' };

/** What a record has before the first quote. */
export const NO_QUOTE: Quote = {
  family: 4,
  source: NO_BYTES,
  destination: NO_BYTES,
  ttl: 0,
  tos: 0,
  protocol: 0,
  identification: 0,
  flowLabel: 0,
  totalLength: 0,
  transport: OTHER,
};

/**
 * Reads quotes into one record, which the next quote fills anew. A whole IP header must be there,
 * of the transport header there may be less than that.
 */
export class QuoteReader {
  readonly #quote: Mutable<Quote> = { ...NO_QUOTE };
  readonly #addresses = {
    4: { source: new Uint8Array(4), destination: new Uint8Array(4) },
    6: { source: new Uint8Array(16), destination: new Uint8Array(16) },
  };
  readonly #upper: UpperLayer = { protocol: 0, offset: 0, isFirstFragment: true };
  readonly #tcp: Mutable<QuotedTcp> = {
    kind: 'tcp',
    sourcePort: 0,
    destinationPort: 0,
    sequence: 0,
    window: 0,
  };
  readonly #udp: Mutable<QuotedUdp> = {
    kind: 'udp',
    sourcePort: 0,
    destinationPort: 0,
    checksum: 0,
    payload: new PacketPart(),
  };
  readonly #echo: Mutable<QuotedEcho> = {
    kind: 'icmp-echo',
    identifier: 0,
    sequence: 0,
    checksum: 0,
    payload: new PacketPart(),
  };

  /** Reads `bytes[start, end)`. @returns the quote, or why its IP header cannot be read */
  readIpv4(bytes: Uint8Array, start: number, end: number): Quote | Malformed {
    const headerBytes = ipv4HeaderBytes(bytes, start, end);
    if (typeof headerBytes !== 'number') return headerBytes;
    const quote = this.#quote;
    quote.family = 4;
    this.#readAddresses(bytes, start + 12);
    quote.ttl = bytes[start + 8] ?? 0;
    quote.tos = bytes[start + 1] ?? 0;
    quote.protocol = bytes[start + 9] ?? 0;
    quote.identification = uint16At(bytes, start + 4);
    quote.flowLabel = 0;
    quote.totalLength = uint16At(bytes, start + 2);
    const isFirstFragment = (uint16At(bytes, start + 6) & 0x1fff) === 0;
    quote.transport = isFirstFragment
      ? this.#readTransport(bytes, start + headerBytes, end)
      : FRAGMENT;
    return quote;
  }

  /** As `readIpv4`. */
  readIpv6(bytes: Uint8Array, start: number, end: number): Quote | Malformed {
    const problem = ipv6HeaderProblem(bytes, start, end);
    if (problem !== undefined) return problem;
    const quote = this.#quote;
    quote.family = 6;
    this.#readAddresses(bytes, start + 8);
    quote.ttl = bytes[start + 7] ?? 0;
    quote.tos = ipv6TrafficClass(bytes, start);
    quote.protocol = bytes[start + 6] ?? 0;
    quote.identification = 0;
    quote.flowLabel = ipv6FlowLabel(bytes, start);
    quote.totalLength = IPV6_HEADER_BYTES + uint16At(bytes, start + 4);
    quote.transport = this.#readIpv6Transport(bytes, start, end);
    return quote;
  }

  /** From where the source is; the destination follows. */
  #readAddresses(bytes: Uint8Array, at: number): void {
    const { source, destination } = this.#addresses[this.#quote.family];
    readOctets(bytes, at, source);
    readOctets(bytes, at + source.length, destination);
    this.#quote.source = source;
    this.#quote.destination = destination;
  }

  #readIpv6Transport(bytes: Uint8Array, start: number, end: number): QuotedTransport {
    const upper = walkExtensionHeaders(bytes, start, end, this.#upper);
    if (isMalformed(upper)) return upper.malformed === 'truncated' ? TRUNCATED : OTHER;
    this.#quote.protocol = upper.protocol;
    if (!upper.isFirstFragment) return FRAGMENT;
    return this.#readTransport(bytes, upper.offset, end);
  }

  #readTransport(bytes: Uint8Array, start: number, end: number): QuotedTransport {
    if (start + TRANSPORT_BYTES_MIN > end) return TRUNCATED;
    const icmp = this.#quote.family === 4 ? ICMPV4 : ICMPV6;
    switch (this.#quote.protocol) {
      case IP_PROTOCOL.tcp:
        return this.#readTcp(bytes, start, end);
      case IP_PROTOCOL.udp:
        return this.#readUdp(bytes, start, end);
      case icmp.protocol:
        return bytes[start] === icmp.echoRequest ? this.#readEcho(bytes, start, end) : OTHER;
      default:
        return OTHER;
    }
  }

  #readTcp(bytes: Uint8Array, start: number, end: number): QuotedTcp {
    const tcp = this.#tcp;
    tcp.sourcePort = uint16At(bytes, start);
    tcp.destinationPort = uint16At(bytes, start + 2);
    tcp.sequence = uint32At(bytes, start + 4);
    tcp.window = start + 16 <= end ? uint16At(bytes, start + 14) : -1;
    return tcp;
  }

  #readUdp(bytes: Uint8Array, start: number, end: number): QuotedUdp {
    const udp = this.#udp;
    udp.sourcePort = uint16At(bytes, start);
    udp.destinationPort = uint16At(bytes, start + 2);
    udp.checksum = uint16At(bytes, start + 6);
    udp.payload.place(bytes, start + TRANSPORT_BYTES_MIN, end);
    return udp;
  }

  #readEcho(bytes: Uint8Array, start: number, end: number): QuotedEcho {
    const echo = this.#echo;
    echo.identifier = uint16At(bytes, start + 4);
    echo.sequence = uint16At(bytes, start + 6);
    echo.checksum = uint16At(bytes, start + 2);
    echo.payload.place(bytes, start + TRANSPORT_BYTES_MIN, end);
    return echo;
  }
}
