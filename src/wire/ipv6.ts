/**
 * IPv6 headers (RFC 8200 §3) and the chain of extension headers behind them (§4), which are walked
 * over, never interpreted. In octets, each row 32 bits:
 *
 * |  0 version, traffic class, flow label (4, 8 and 20 bits) |
 * |  4 payload length          | 6 next header | 7 hop limit |
 * |  8 source, four rows                                     |
 * | 24 destination, four rows                                |
 */

import { IP_PROTOCOL } from './ip-protocol.ts';
import type { Malformed } from './malformed.ts';
import {
  requireRoom,
  uint16At,
  uint32At,
  writeOctets,
  writeUint16,
  writeUint32,
} from './octets.ts';

/** What the sender decides; the payload length is told apart. */
export interface Ipv6Header {
  /** DSCP (6 bits) and ECN (2 bits): 0–255. */
  readonly trafficClass: number;
  /** 20 bits. */
  readonly flowLabel: number;
  /** Type of what follows: an extension header or the transport protocol. */
  readonly nextHeader: number;
  readonly hopLimit: number;
  /** 16 bytes. */
  readonly source: Uint8Array;
  /** 16 bytes. */
  readonly destination: Uint8Array;
}

export interface Ipv6Packet extends Ipv6Header {
  /** All that follows the 40-byte header, extension headers included. */
  readonly payload: Uint8Array;
}

/** The end of a chain of extension headers. */
export interface UpperLayer {
  protocol: number;
  /** Where its header starts. */
  offset: number;
  /** False behind a fragment header whose offset is not 0: what follows is no transport header. */
  isFirstFragment: boolean;
}

export const IPV6_HEADER_BYTES = 40;
/** More than any sane packet has; a longer chain is an attack on whoever walks it. */
export const IPV6_EXTENSION_HEADERS_MAX = 8;

/**
 * Reads one packet. Addresses and payload are views. The payload ends where the payload length
 * says, or where the bytes do if that is sooner.
 */
export function decodeIpv6(bytes: Uint8Array): Ipv6Packet | Malformed {
  const problem = ipv6HeaderProblem(bytes, 0, bytes.length);
  if (problem !== undefined) return problem;
  return {
    trafficClass: ipv6TrafficClass(bytes, 0),
    flowLabel: ipv6FlowLabel(bytes, 0),
    nextHeader: bytes[6] ?? 0,
    hopLimit: bytes[7] ?? 0,
    source: bytes.subarray(8, 24),
    destination: bytes.subarray(24, 40),
    payload: bytes.subarray(IPV6_HEADER_BYTES, IPV6_HEADER_BYTES + uint16At(bytes, 4)),
  };
}

/**
 * Writes a header and allocates nothing. Numbers are cut to their field's width.
 *
 * @param header `payloadLength` counts the bytes that will follow the header
 * @returns the offset past the header
 * @throws {RangeError} when `into` is too short, an address has not 16 bytes, or the payload
 *   exceeds 65535 bytes
 */
export function writeIpv6Header(
  into: Uint8Array,
  offset: number,
  header: Ipv6Header & { readonly payloadLength: number },
): number {
  const { source, destination, payloadLength } = header;
  if (source.length !== 16 || destination.length !== 16) {
    throw new RangeError(
      `IPv6 needs 16-byte addresses, got ${source.length}, ${destination.length}`,
    );
  }
  if (payloadLength > 0xffff) throw new RangeError(`no IPv6 payload has ${payloadLength} bytes`);
  const end = offset + IPV6_HEADER_BYTES;
  requireRoom(into, end);
  const classAndLabel = ((header.trafficClass & 0xff) << 20) | (header.flowLabel & 0xfffff);
  writeUint32(into, offset, 0x6000_0000 | classAndLabel);
  writeUint16(into, offset + 4, payloadLength);
  into[offset + 6] = header.nextHeader;
  into[offset + 7] = header.hopLimit;
  writeOctets(into, offset + 8, source);
  writeOctets(into, offset + 24, destination);
  return end;
}

/**
 * Follows the chain of extension headers to the transport header (RFC 8200 §4), across at most
 * `IPV6_EXTENSION_HEADERS_MAX`. Stops at the first type that it does not know, ESP and "no next
 * header" among them.
 *
 * @param start where the IPv6 header is
 * @param end where the packet, or what there is of it, ends
 * @param into is filled and returned: for whoever reads many packets
 * @returns where the transport header starts: at most `end`
 */
export function walkExtensionHeaders(
  bytes: Uint8Array,
  start: number,
  end: number,
  into: UpperLayer = { protocol: 0, offset: 0, isFirstFragment: true },
): UpperLayer | Malformed {
  let protocol = bytes[start + 6] ?? 0;
  let offset = start + IPV6_HEADER_BYTES;
  let isFirstFragment = true;
  for (let walked = 0; isFirstFragment && isExtensionHeader(protocol); walked++) {
    if (walked === IPV6_EXTENSION_HEADERS_MAX) {
      return { malformed: 'too-many-extension-headers', offset };
    }
    if (offset + 8 > end) return { malformed: 'truncated', offset: end };
    if (protocol === IP_PROTOCOL.fragment) isFirstFragment = uint16At(bytes, offset + 2) >> 3 === 0;
    const headerBytes = extensionHeaderBytes(protocol, bytes[offset + 1] ?? 0);
    protocol = bytes[offset] ?? 0;
    offset += headerBytes;
  }
  if (offset > end) return { malformed: 'truncated', offset: end };
  into.protocol = protocol;
  into.offset = offset;
  into.isFirstFragment = isFirstFragment;
  return into;
}

/** Whether a header of this type is one to walk over. */
function isExtensionHeader(type: number): boolean {
  switch (type) {
    case IP_PROTOCOL.hopByHop:
    case IP_PROTOCOL.routing:
    case IP_PROTOCOL.fragment:
    case IP_PROTOCOL.authentication:
    case IP_PROTOCOL.destinationOptions:
      return true;
    default:
      return false;
  }
}

function extensionHeaderBytes(type: number, lengthField: number): number {
  if (type === IP_PROTOCOL.fragment) return 8; // RFC 8200 §4.5: the field is reserved
  if (type === IP_PROTOCOL.authentication) return (lengthField + 2) * 4; // RFC 4302 §2.2
  return (lengthField + 1) * 8;
}

/** Why no whole IPv6 header starts `bytes[start, end)`; undefined when one does. */
export function ipv6HeaderProblem(
  bytes: Uint8Array,
  start: number,
  end: number,
): Malformed | undefined {
  if (start >= end) return { malformed: 'truncated', offset: end };
  if ((bytes[start] ?? 0) >> 4 !== 6) return { malformed: 'bad-version', offset: start };
  if (start + IPV6_HEADER_BYTES > end) return { malformed: 'truncated', offset: end };
  return undefined;
}

/** The traffic class of the header at `start`: the second and third hex digit. */
export function ipv6TrafficClass(bytes: Uint8Array, start: number): number {
  return (uint16At(bytes, start) >> 4) & 0xff;
}

/** The flow label of the header at `start`, 20 bits. */
export function ipv6FlowLabel(bytes: Uint8Array, start: number): number {
  return uint32At(bytes, start) & 0xfffff;
}
