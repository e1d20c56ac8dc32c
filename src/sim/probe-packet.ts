/**
 * Reads the packets that a prober hands to the simulated network: what routers hash, and what the
 * target will want to know. Done once per packet; nothing decodes it again on its way.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import { ICMP_DIALECTS } from '../wire/families.ts';
import { decodeIcmp, type IcmpMessage } from '../wire/icmp.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { decodeIpv4, IPV4_DONT_FRAGMENT, IPV4_MORE_FRAGMENTS } from '../wire/ipv4.ts';
import {
  decodeIpv6,
  IPV6_HEADER_BYTES,
  ipv6FlowLabel,
  walkExtensionHeaders,
} from '../wire/ipv6.ts';
import { isMalformed, type Malformed } from '../wire/malformed.ts';
import { uint32At } from '../wire/octets.ts';
import { icmpPseudoHeaderSum, pseudoHeaderSum } from '../wire/pseudo-header.ts';
import { decodeTcp, type TcpSegment } from '../wire/tcp.ts';
import { decodeUdp } from '../wire/udp.ts';
import type { FlowFields } from './flow-hash.ts';

/** What a probe carries. Fragments, and protocols that no target here answers, are `other`. */
export type ProbeTransport =
  | { readonly kind: 'tcp'; readonly segment: Required<TcpSegment> }
  | { readonly kind: 'udp' }
  | { readonly kind: 'echo'; readonly message: IcmpMessage }
  /** About which nobody may send another (RFC 1812 §4.3.2.7, RFC 4443 §2.4 (e)). */
  | { readonly kind: 'icmp-error' }
  | { readonly kind: 'other' };

/** A probe; addresses and payloads are views into its packet. */
export interface ProbePacket {
  readonly family: IpFamily;
  readonly flow: FlowFields;
  /** 20 bits; 0 for IPv4. */
  readonly flowLabel: number;
  /** As long as its length field says, from the IP header on. */
  readonly packet: Uint8Array;
  /** TTL or hop limit as sent. */
  readonly ttl: number;
  /** TOS or traffic class as sent. */
  readonly tos: number;
  /** Where the transport header starts in `packet`. */
  readonly transportStart: number;
  /** Whether it is IPv4 without "don't fragment": routers cut it where a link is narrow. */
  readonly isFragmentable: boolean;
  readonly transport: ProbeTransport;
}

/** What the IP header says. */
interface Envelope {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly ttl: number;
  readonly tos: number;
  readonly packet: Uint8Array;
  /** Transport header and payload. */
  readonly section: Uint8Array;
  readonly isFragment: boolean;
  readonly isFragmentable: boolean;
}

/**
 * Reads one packet of the given family from its IP header on.
 *
 * @returns the probe, or why routers or the target would throw it away
 */
export function readProbe(bytes: Uint8Array, family: IpFamily): ProbePacket | Malformed {
  const envelope = family === 4 ? readIpv4(bytes) : readIpv6(bytes);
  if (isMalformed(envelope)) return envelope;
  const { source, destination, protocol, ttl, tos, packet, section, isFragmentable } = envelope;
  const transport = readTransport(envelope, family);
  if (isMalformed(transport)) return transport;
  const hasFlow = transport.kind !== 'other' && transport.kind !== 'icmp-error';
  const leadingBits = hasFlow ? uint32At(section, 0) : 0;
  return {
    family,
    flow: { source, destination, protocol, leadingBits },
    flowLabel: family === 4 ? 0 : ipv6FlowLabel(bytes, 0),
    packet,
    ttl,
    tos,
    transportStart: section.byteOffset - packet.byteOffset,
    isFragmentable,
    transport,
  };
}

function readIpv4(bytes: Uint8Array): Envelope | Malformed {
  const ip = decodeIpv4(bytes);
  if (isMalformed(ip)) return ip;
  const { source, destination, protocol, ttl, tos, payload: section } = ip;
  const headerBytes = section.byteOffset - bytes.byteOffset;
  const packet = bytes.subarray(0, headerBytes + section.length);
  const isFragment = ip.fragmentOffset !== 0 || (ip.flags & IPV4_MORE_FRAGMENTS) !== 0;
  const isFragmentable = (ip.flags & IPV4_DONT_FRAGMENT) === 0;
  return {
    source,
    destination,
    protocol,
    ttl,
    tos,
    packet,
    section,
    isFragment,
    isFragmentable,
  };
}

function readIpv6(bytes: Uint8Array): Envelope | Malformed {
  const ip = decodeIpv6(bytes);
  if (isMalformed(ip)) return ip;
  const { source, destination, hopLimit: ttl, trafficClass: tos } = ip;
  const packet = bytes.subarray(0, IPV6_HEADER_BYTES + ip.payload.length);
  const upper = walkExtensionHeaders(packet, 0, packet.length);
  if (isMalformed(upper)) return upper;
  const { protocol, offset, isFirstFragment } = upper;
  const section = packet.subarray(offset);
  return {
    source,
    destination,
    protocol,
    ttl,
    tos,
    packet,
    section,
    isFragment: !isFirstFragment,
    isFragmentable: false,
  };
}

function readTransport(envelope: Envelope, family: IpFamily): ProbeTransport | Malformed {
  const { source, destination, protocol, section, isFragment } = envelope;
  if (isFragment) return { kind: 'other' };
  const sum = pseudoHeaderSum(source, destination, protocol, section.length);
  if (protocol === IP_PROTOCOL.tcp) {
    const segment = decodeTcp(section, sum);
    return isMalformed(segment) ? segment : { kind: 'tcp', segment };
  }
  if (protocol === IP_PROTOCOL.udp) {
    const datagram = decodeUdp(section, sum);
    return isMalformed(datagram) ? datagram : { kind: 'udp' };
  }
  const icmp = ICMP_DIALECTS[family];
  if (protocol !== icmp.protocol) return { kind: 'other' };
  const message = decodeIcmp(section, icmpPseudoHeaderSum(source, destination, section.length));
  if (isMalformed(message)) return message;
  if (message.type === icmp.echoRequest) return { kind: 'echo', message };
  return { kind: icmp.causeOf(message.type, message.code) === undefined ? 'other' : 'icmp-error' };
}
