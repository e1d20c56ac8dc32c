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
import { familyOf } from '../lib/ip-address.ts';
import type { Mutable } from '../lib/mutable.ts';
import { ICMP_DIALECTS } from '../wire/families.ts';
import { ICMP_HEADER_BYTES, type IcmpEcho, writeIcmpEcho } from '../wire/icmp.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_DONT_FRAGMENT, writeIpv4Header } from '../wire/ipv4.ts';
import { writeIpv6Header } from '../wire/ipv6.ts';
import { NO_BYTES, uint16At, writeUint16, writeUint32 } from '../wire/octets.ts';
import { icmpPseudoHeaderSum, pseudoHeaderSum } from '../wire/pseudo-header.ts';
import {
  TCP_ACK,
  TCP_HEADER_BYTES,
  TCP_SYN,
  type TcpSegment,
  writeTcpSegment,
} from '../wire/tcp.ts';
import { UDP_HEADER_BYTES, type UdpDatagram, writeUdpDatagram } from '../wire/udp.ts';
import type { Flow } from './flow.ts';

/** What Linux offers first; a SYN that looks ordinary meets fewer filters. */
const WINDOW = 64_240;
/** Where the token is in a payload, and the word behind it that sets the checksum. */
export const PAYLOAD_TOKEN_BYTES = 4;

export interface ProbeFields {
  readonly ttl: number;
  /** 32 bits, signed. */
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

/** Writes probes: its records are filled anew for each, so that none costs an object. */
export class ProbeWriter {
  readonly #ipv4: Mutable<Parameters<typeof writeIpv4Header>[2]> = {
    tos: 0,
    identification: 0,
    flags: 0,
    fragmentOffset: 0,
    ttl: 0,
    protocol: 0,
    source: NO_BYTES,
    destination: NO_BYTES,
    payloadLength: 0,
  };
  readonly #ipv6: Mutable<Parameters<typeof writeIpv6Header>[2]> = {
    trafficClass: 0,
    flowLabel: 0,
    nextHeader: 0,
    hopLimit: 0,
    source: NO_BYTES,
    destination: NO_BYTES,
    payloadLength: 0,
  };
  readonly #segment: Mutable<TcpSegment> = {
    sourcePort: 0,
    destinationPort: 0,
    sequence: 0,
    acknowledgment: 0,
    flags: 0,
    window: 0,
    payload: NO_BYTES,
  };
  readonly #datagram: Mutable<UdpDatagram> = {
    sourcePort: 0,
    destinationPort: 0,
    payload: NO_BYTES,
  };
  readonly #echo: Mutable<IcmpEcho> = { type: 0, identifier: 0, sequence: 0, payload: NO_BYTES };

  /** Writes one probe at `offset`; returns the offset past it. */
  write(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
    switch (flow.protocol) {
      case 'tcp':
      case 'tcp-ack':
        return this.#writeTcp(into, offset, flow, fields);
      case 'icmp':
        return this.#writeEcho(into, offset, flow, fields);
      default:
        return this.#writeUdp(into, offset, flow, fields);
    }
  }

  #writeTcp(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
    const { source, destination, payload } = flow;
    const isV4 = source.length === 4;
    const key = secondaryKey(flow, fields.token);
    const lengthBytes = TCP_HEADER_BYTES + payload.length;
    this.#begin(fields.ttl, key, IP_PROTOCOL.tcp, lengthBytes);
    const start = this.#writeIpHeader(into, offset, flow);
    const isAck = flow.protocol === 'tcp-ack';
    const segment = this.#segment;
    segment.sourcePort = flow.sourcePort;
    segment.destinationPort = flow.destinationPort;
    segment.sequence = fields.token;
    // A reset takes its sequence number from there (RFC 9293 §3.10.7.1).
    segment.acknowledgment = isAck ? fields.token : 0;
    segment.flags = isAck ? TCP_ACK : TCP_SYN;
    // IPv6 has no other 16 bits that routers quote and none hashes.
    segment.window = isV4 ? WINDOW : key;
    segment.payload = payload;
    const sum = pseudoHeaderSum(source, destination, IP_PROTOCOL.tcp, lengthBytes);
    return writeTcpSegment(into, start, segment, sum);
  }

  #writeUdp(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
    const { source, destination, payload } = flow;
    const { ttl, token, portOffset } = fields;
    const lengthBytes = UDP_HEADER_BYTES + payload.length;
    this.#begin(ttl, token >>> 16, IP_PROTOCOL.udp, lengthBytes);
    const start = this.#writeIpHeader(into, offset, flow);
    const datagram = this.#datagram;
    datagram.sourcePort = flow.sourcePort;
    datagram.destinationPort = flow.destinationPort + portOffset;
    datagram.payload = payload;
    const sum = pseudoHeaderSum(source, destination, IP_PROTOCOL.udp, lengthBytes);
    const end = writeUdpDatagram(into, start, datagram, sum);
    const kept = uint16At(into, start + 6) + complementOf(token);
    const body = start + UDP_HEADER_BYTES;
    writeUint32(into, body, token);
    writeFix(into, body + PAYLOAD_TOKEN_BYTES, token & 0xffff, kept);
    writeUint16(into, start + 6, token & 0xffff);
    return end;
  }

  #writeEcho(into: Uint8Array, offset: number, flow: Flow, fields: ProbeFields): number {
    const { source, destination, payload } = flow;
    const { ttl, token } = fields;
    const { protocol, echoRequest } = ICMP_DIALECTS[familyOf(source)];
    const lengthBytes = ICMP_HEADER_BYTES + payload.length;
    this.#begin(ttl, token >>> 16, protocol, lengthBytes);
    const start = this.#writeIpHeader(into, offset, flow);
    const echo = this.#echo;
    echo.type = echoRequest;
    echo.identifier = flow.sourcePort;
    echo.sequence = token & 0xffff;
    echo.payload = payload;
    const sum = icmpPseudoHeaderSum(source, destination, lengthBytes);
    const end = writeIcmpEcho(into, start, echo, sum);
    const kept = uint16At(into, start + 2) + complementOf(token);
    const body = start + ICMP_HEADER_BYTES;
    writeUint32(into, body, token);
    writeFix(into, body + PAYLOAD_TOKEN_BYTES, flow.destinationPort, kept);
    writeUint16(into, start + 2, flow.destinationPort);
    return end;
  }

  /** What the IP header has that is not the flow's. */
  #begin(ttl: number, identification: number, protocol: number, lengthBytes: number): void {
    const ipv4 = this.#ipv4;
    ipv4.ttl = ttl;
    ipv4.identification = identification;
    ipv4.protocol = protocol;
    ipv4.payloadLength = lengthBytes;
    const ipv6 = this.#ipv6;
    ipv6.hopLimit = ttl;
    ipv6.nextHeader = protocol;
    ipv6.payloadLength = lengthBytes;
  }

  #writeIpHeader(into: Uint8Array, offset: number, flow: Flow): number {
    const { source, destination } = flow;
    if (source.length === 4) {
      const header = this.#ipv4;
      header.tos = flow.tos;
      header.flags = flow.dontFragment ? IPV4_DONT_FRAGMENT : 0;
      header.source = source;
      header.destination = destination;
      return writeIpv4Header(into, offset, header);
    }
    const header = this.#ipv6;
    header.trafficClass = flow.tos;
    header.flowLabel = flow.flowLabel;
    header.source = source;
    header.destination = destination;
    return writeIpv6Header(into, offset, header);
  }
}

/** What a token in place of zeros takes from a checksum. */
function complementOf(token: number): number {
  return (~(token >>> 16) & 0xffff) + (~token & 0xffff);
}

/**
 * Makes `wanted` the right checksum by the word at `fixAt`, which was 0 so far.
 *
 * @param checksum the right one as yet, not folded: the complement of the sum (RFC 1624 §3)
 */
function writeFix(into: Uint8Array, fixAt: number, wanted: number, checksum: number): void {
  writeUint16(into, fixAt, foldSum((~wanted & 0xffff) + foldSum(checksum)));
}
