/**
 * Probes as bytes. Every protocol carries the token in what comes back in the first 8 bytes of a
 * quote (RFC 792), and once more in what a direct answer returns:
 *
 * | probe   | in a short quote                          | in a direct answer            |
 * | TCP     | sequence number                           | acknowledgment − 1            |
 * | TCP ACK | sequence number                           | sequence number               |
 * | UDP v4  | IP identification, checksum               | –                             |
 * | UDP v6  | payload; 16 bits of it as the checksum    | –                             |
 * | ICMP v4 | IP identification, sequence number        | payload                       |
 * | ICMP v6 | payload; 16 bits of it as sequence number | payload                       |
 *
 * Everything that a per-flow balancer may hash stays constant within a flow: addresses, protocol,
 * TOS, flow label, and the first 32 bits after the IP header.
 */

import { foldSum } from '../lib/checksum.ts';
import { ICMP_HEADER_BYTES, writeIcmpEcho } from '../wire/icmp.ts';
import { ICMPV4 } from '../wire/icmpv4.ts';
import { ICMPV6 } from '../wire/icmpv6.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_DONT_FRAGMENT, writeIpv4Header } from '../wire/ipv4.ts';
import { writeIpv6Header } from '../wire/ipv6.ts';
import { uint16At, writeUint16, writeUint32 } from '../wire/octets.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import { TCP_ACK, TCP_HEADER_BYTES, TCP_SYN, writeTcpSegment } from '../wire/tcp.ts';
import { UDP_HEADER_BYTES, writeUdpDatagram } from '../wire/udp.ts';
import type { Flow } from './flow.ts';

/** What Linux offers first; a SYN that looks ordinary meets fewer filters. */
const WINDOW = 64_240;
/** Where the token is in a payload, and the word behind it that sets the checksum. */
export const PAYLOAD_TOKEN_BYTES = 4;

export interface ProbeFields {
  readonly ttl: number;
  readonly token: number;
  /** Added to the destination port: 0 but for `udp-classic`. */
  readonly portOffset: number;
}

/**
 * Whether a probe of this flow can carry a token: not as a UDP checksum of 0, which means none, nor
 * of 0xffff, which some write for it, nor as an IP identification of 0, which kernels replace.
 */
export function canCarry({ protocol, source }: Flow, token: number): boolean {
  if (isTcp(protocol)) return true;
  const low = token & 0xffff;
  if (protocol !== 'icmp' && (low === 0 || low === 0xffff)) return false;
  return source.length === 16 || token >>> 16 !== 0;
}

/** Whether probes are TCP segments. */
function isTcp(protocol: Flow['protocol']): boolean {
  return protocol === 'tcp' || protocol === 'tcp-ack';
}

/** The 16 bits by which a probe may still be known where its token was rewritten. */
export function secondaryKey({ protocol, source }: Flow, token: number): number {
  if (!isTcp(protocol)) return token & 0xffff;
  const folded = (token ^ (token >>> 16)) & 0xffff;
  // An identification of 0 the kernel would replace; a small window would look odd.
  return source.length === 4 ? folded || 1 : folded | 0x8000;
}

/** Writes one probe at `offset`; returns the offset past it. */
export function writeProbe(
  into: Uint8Array,
  offset: number,
  flow: Flow,
  fields: ProbeFields,
): number {
  switch (flow.protocol) {
    case 'tcp':
    case 'tcp-ack':
      return writeTcp(into, offset, flow, fields);
    case 'icmp':
      return writeEcho(into, offset, flow, fields);
    default:
      return writeUdp(into, offset, flow, fields);
  }
}

function writeTcp(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
  const { source, destination, sourcePort, destinationPort, payload } = flow;
  const isV4 = source.length === 4;
  const key = secondaryKey(flow, fields.token);
  const lengthBytes = TCP_HEADER_BYTES + payload.length;
  const header = { identification: key, protocol: IP_PROTOCOL.tcp, lengthBytes };
  const start = writeIpHeader(into, offset, flow, { ttl: fields.ttl, ...header });
  const isAck = flow.protocol === 'tcp-ack';
  const segment = {
    sourcePort,
    destinationPort,
    sequence: fields.token,
    // A reset takes its sequence number from there (RFC 9293 §3.10.7.1).
    acknowledgment: isAck ? fields.token : 0,
    flags: isAck ? TCP_ACK : TCP_SYN,
    window: isV4 ? WINDOW : key, // IPv6 has no other 16 bits that routers quote and none hashes
    payload,
  };
  const sum = pseudoHeaderSum(source, destination, IP_PROTOCOL.tcp, lengthBytes);
  return writeTcpSegment(into, start, segment, sum);
}

function writeUdp(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
  const { source, destination, sourcePort, payload } = flow;
  const { ttl, token, portOffset } = fields;
  const destinationPort = flow.destinationPort + portOffset;
  const lengthBytes = UDP_HEADER_BYTES + payload.length;
  const header = { identification: token >>> 16, protocol: IP_PROTOCOL.udp, lengthBytes };
  const start = writeIpHeader(into, offset, flow, { ttl, ...header });
  const sum = pseudoHeaderSum(source, destination, IP_PROTOCOL.udp, lengthBytes);
  const body = start + UDP_HEADER_BYTES;
  const end = writeUdpDatagram(into, start, { sourcePort, destinationPort, payload }, sum);
  writeUint32(into, body, token);
  const kept = uint16At(into, start + 6) + (~(token >>> 16) & 0xffff) + (~token & 0xffff);
  setChecksum(into, { field: start + 6, fixAt: body + PAYLOAD_TOKEN_BYTES }, token & 0xffff, kept);
  return end;
}

function writeEcho(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
  const { source, destination, sourcePort: identifier, destinationPort, payload } = flow;
  const { ttl, token } = fields;
  const { protocol, echoRequest: type } = source.length === 4 ? ICMPV4 : ICMPV6;
  const lengthBytes = ICMP_HEADER_BYTES + payload.length;
  const header = { identification: token >>> 16, protocol, lengthBytes };
  const start = writeIpHeader(into, offset, flow, { ttl, ...header });
  const isCovered = source.length === 16;
  const sum = isCovered ? pseudoHeaderSum(source, destination, protocol, lengthBytes) : 0;
  const body = start + ICMP_HEADER_BYTES;
  const echo = { type, identifier, sequence: token & 0xffff, payload };
  const end = writeIcmpEcho(into, start, echo, sum);
  writeUint32(into, body, token);
  const kept = uint16At(into, start + 2) + (~(token >>> 16) & 0xffff) + (~token & 0xffff);
  setChecksum(into, { field: start + 2, fixAt: body + PAYLOAD_TOKEN_BYTES }, destinationPort, kept);
  return end;
}

/**
 * Makes `wanted` the right checksum by a word of the payload that was 0 so far.
 *
 * @param checksum the right one as yet, not folded: the complement of the sum (RFC 1624 §3)
 */
function setChecksum(
  into: Uint8Array,
  { field, fixAt }: { field: number; fixAt: number },
  wanted: number,
  checksum: number,
): void {
  writeUint16(into, fixAt, foldSum((~wanted & 0xffff) + foldSum(checksum)));
  writeUint16(into, field, wanted);
}

function writeIpHeader(
  into: Uint8Array,
  offset: number,
  { source, destination, tos, flowLabel, dontFragment }: Flow,
  fields: {
    readonly ttl: number;
    readonly identification: number;
    readonly protocol: number;
    readonly lengthBytes: number;
  },
): number {
  const { ttl, identification, protocol, lengthBytes } = fields;
  if (source.length === 4) {
    return writeIpv4Header(into, offset, {
      tos,
      identification,
      flags: dontFragment ? IPV4_DONT_FRAGMENT : 0,
      fragmentOffset: 0,
      ttl,
      protocol,
      source,
      destination,
      payloadLength: lengthBytes,
    });
  }
  return writeIpv6Header(into, offset, {
    trafficClass: tos,
    flowLabel,
    nextHeader: protocol,
    hopLimit: ttl,
    source,
    destination,
    payloadLength: lengthBytes,
  });
}
