/** What routers and targets would send back for a TCP SYN probe, as bytes, true or tampered with. */

import { addWords, checksumOf } from '../../src/lib/checksum.ts';
import { type IpFamily, parseIpAddress } from '../../src/lib/ip-address.ts';
import { icmpErrorBytes, writeIcmpError } from '../../src/wire/icmp-error.ts';
import { ICMPV4 } from '../../src/wire/icmpv4.ts';
import { ICMPV6 } from '../../src/wire/icmpv6.ts';
import { decodeIpv4 } from '../../src/wire/ipv4.ts';
import { decodeIpv6 } from '../../src/wire/ipv6.ts';
import { isMalformed } from '../../src/wire/malformed.ts';
import { writeUint16 } from '../../src/wire/octets.ts';
import { pseudoHeaderSum } from '../../src/wire/pseudo-header.ts';
import { decodeTcp, TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment } from '../../src/wire/tcp.ts';
import { encodeIpv4, encodeIpv6, encodeTcp } from './encoded-packets.ts';

/** The bytes of an address that the test knows to be one. */
export function addressOf(text: string): Uint8Array {
  const bytes = parseIpAddress(text);
  if (bytes === undefined) throw new RangeError(`not an address: ${text}`);
  return bytes;
}

export interface SentProbe {
  readonly family: IpFamily;
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly ttl: number;
  /** TOS or traffic class. */
  readonly tos: number;
  /** 0 for IPv4. */
  readonly flowLabel: number;
  readonly segment: Required<TcpSegment>;
}

/** Takes a probe apart, checksums verified. */
export function readSynProbe(packet: Uint8Array): SentProbe {
  const { family, header, payload } = headerOf(packet);
  const { source, destination } = header;
  const segment = decodeTcp(payload, pseudoHeaderSum(source, destination, 6, payload.length));
  if (isMalformed(segment)) throw new Error(`${segment.malformed} at ${segment.offset}`);
  return { family, ...header, segment };
}

export interface ErrorTraits {
  /** Who sends it; a router's address of the family unless told. */
  readonly from?: Uint8Array;
  /** Time exceeded unless told. */
  readonly cause?: 'time-exceeded' | 'unreachable';
  readonly code?: number;
  /** Bytes of the probe's transport header in the quote; all unless told. */
  readonly quotedTransportBytes?: number;
  /** The source address in the quote, where a translator left its own. */
  readonly quotedSource?: Uint8Array;
  readonly quotedTtl?: number;
  readonly replyTtl?: number;
  readonly mpls?: readonly number[];
}

/** The ICMP error of a router about a probe. */
export function icmpErrorFor(probe: Uint8Array, traits: ErrorTraits = {}): Uint8Array {
  const { family, header } = headerOf(probe);
  const dialect = family === 4 ? ICMPV4 : ICMPV6;
  const from = traits.from ?? addressOf(family === 4 ? '10.1.0.2' : 'fdec:1::2');
  const type = traits.cause === 'unreachable' ? dialect.unreachable : dialect.timeExceeded;
  const error = {
    type,
    code: traits.code ?? 0,
    quote: quoteOf(probe, traits),
    mpls: traits.mpls ?? [],
  };
  const payload = new Uint8Array(icmpErrorBytes(error, dialect));
  const sum =
    family === 4 ? 0 : pseudoHeaderSum(from, header.source, dialect.protocol, payload.length);
  writeIcmpError(payload, 0, error, { dialect, pseudoHeaderSum: sum });
  const ends = { source: from, destination: header.source, ttl: traits.replyTtl ?? 250 };
  return ipPacket({ ...ends, protocol: dialect.protocol }, payload);
}

export interface SegmentTraits {
  readonly from?: Uint8Array;
  readonly fromPort?: number;
  readonly toPort?: number;
  readonly flags?: number;
  readonly acknowledgment?: number;
  readonly replyTtl?: number;
}

/** The target's answer to a probe: a RST of a closed port unless told otherwise. */
export function segmentFor(probe: Uint8Array, traits: SegmentTraits = {}): Uint8Array {
  const { source, destination, segment } = readSynProbe(probe);
  const from = traits.from ?? destination;
  const answer = {
    sourcePort: traits.fromPort ?? segment.destinationPort,
    destinationPort: traits.toPort ?? segment.sourcePort,
    sequence: 0,
    acknowledgment: traits.acknowledgment ?? (segment.sequence + 1) >>> 0,
    flags: traits.flags ?? TCP_RST | TCP_ACK,
    window: 0,
  };
  const payload = encodeTcp(answer, pseudoHeaderSum(from, source, 6, 20));
  const ends = { source: from, destination: source, ttl: traits.replyTtl ?? 60 };
  return ipPacket({ ...ends, protocol: 6 }, payload);
}

/** The SYN-ACK of an open port. */
export function synAckFor(probe: Uint8Array): Uint8Array {
  return segmentFor(probe, { flags: TCP_SYN | TCP_ACK });
}

/** Makes the transport checksum of a changed packet right again, so that the change gets through. */
export function resealed(packet: Uint8Array): Uint8Array {
  const { family, header, payload: view } = headerOf(packet);
  const { source, destination, protocol } = header;
  const payload = view.slice();
  const field = protocol === 6 ? 16 : 2;
  writeUint16(payload, field, 0);
  const isPlain = family === 4 && protocol !== 6;
  const covered = isPlain ? 0 : pseudoHeaderSum(source, destination, protocol, payload.length);
  writeUint16(payload, field, checksumOf(addWords(covered, payload)));
  const copy = packet.slice();
  copy.set(payload, packet.length - payload.length);
  return copy;
}

interface Header {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly ttl: number;
  readonly tos: number;
  readonly flowLabel: number;
  readonly protocol: number;
}

function headerOf(packet: Uint8Array): { family: IpFamily; header: Header; payload: Uint8Array } {
  if ((packet[0] ?? 0) >> 4 === 4) {
    const decoded = decodeIpv4(packet);
    if (isMalformed(decoded)) throw new Error(`${decoded.malformed} at ${decoded.offset}`);
    return { family: 4, header: { ...decoded, flowLabel: 0 }, payload: decoded.payload };
  }
  const decoded = decodeIpv6(packet);
  if (isMalformed(decoded)) throw new Error(`${decoded.malformed} at ${decoded.offset}`);
  const { hopLimit: ttl, trafficClass: tos, nextHeader: protocol } = decoded;
  return { family: 6, header: { ...decoded, ttl, tos, protocol }, payload: decoded.payload };
}

/** The probe as a router quotes it: its TTL spent, its end perhaps cut off. */
function quoteOf(probe: Uint8Array, traits: ErrorTraits): Uint8Array {
  const isIpv4 = (probe[0] ?? 0) >> 4 === 4;
  const headerBytes = isIpv4 ? 20 : 40;
  const { quotedTransportBytes = probe.length - headerBytes, quotedSource, quotedTtl = 1 } = traits;
  const quote = probe.slice(0, headerBytes + quotedTransportBytes);
  quote[isIpv4 ? 8 : 7] = quotedTtl;
  if (quotedSource !== undefined) quote.set(quotedSource, isIpv4 ? 12 : 8);
  return quote;
}

function ipPacket(
  header: Pick<Header, 'source' | 'destination' | 'ttl' | 'protocol'>,
  payload: Uint8Array,
): Uint8Array {
  const { source, destination, ttl, protocol } = header;
  if (source.length === 16) {
    const fields = { trafficClass: 0, flowLabel: 0, nextHeader: protocol, hopLimit: ttl };
    return encodeIpv6({ ...fields, source, destination, payload });
  }
  const fields = {
    tos: 0,
    identification: 9,
    flags: 0,
    fragmentOffset: 0,
    options: new Uint8Array(0),
  };
  return encodeIpv4({ ...fields, ttl, protocol, source, destination, payload });
}
