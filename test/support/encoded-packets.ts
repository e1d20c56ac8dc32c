/** Packets and their parts as bytes of their own, by the writers of `wire`, which fill buffers. */

import { ICMP_HEADER_BYTES, type IcmpMessage, writeIcmp } from '../../src/wire/icmp.ts';
import {
  type IcmpObject,
  icmpExtensionBytes,
  writeIcmpExtension,
} from '../../src/wire/icmp-extension.ts';
import { IPV4_HEADER_BYTES, type Ipv4Packet, writeIpv4Header } from '../../src/wire/ipv4.ts';
import { IPV6_HEADER_BYTES, type Ipv6Packet, writeIpv6Header } from '../../src/wire/ipv6.ts';
import { NO_BYTES } from '../../src/wire/octets.ts';
import { TCP_HEADER_BYTES, type TcpSegment, writeTcpSegment } from '../../src/wire/tcp.ts';
import { UDP_HEADER_BYTES, type UdpDatagram, writeUdpDatagram } from '../../src/wire/udp.ts';

/** @throws {RangeError} as `writeIpv4Header` does */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  const headerBytes = IPV4_HEADER_BYTES + packet.options.length;
  const bytes = new Uint8Array(headerBytes + packet.payload.length);
  writeIpv4Header(bytes, 0, { ...packet, payloadLength: packet.payload.length });
  bytes.set(packet.payload, headerBytes);
  return bytes;
}

/** @throws {RangeError} as `writeIpv6Header` does */
export function encodeIpv6(packet: Ipv6Packet): Uint8Array {
  const bytes = new Uint8Array(IPV6_HEADER_BYTES + packet.payload.length);
  writeIpv6Header(bytes, 0, { ...packet, payloadLength: packet.payload.length });
  bytes.set(packet.payload, IPV6_HEADER_BYTES);
  return bytes;
}

/** With its checksum; the parameters are those of `writeIcmp`. */
export function encodeIcmp(message: IcmpMessage, pseudoHeaderSum: number): Uint8Array {
  const bytes = new Uint8Array(ICMP_HEADER_BYTES + message.body.length);
  writeIcmp(bytes, 0, message, pseudoHeaderSum);
  return bytes;
}

/** With its checksum. */
export function encodeIcmpExtension(objects: readonly IcmpObject[]): Uint8Array {
  const bytes = new Uint8Array(icmpExtensionBytes(objects));
  writeIcmpExtension(bytes, 0, objects);
  return bytes;
}

/** @throws {RangeError} as `writeTcpSegment` does */
export function encodeTcp(segment: TcpSegment, pseudoHeaderSum: number): Uint8Array {
  const { options = NO_BYTES, payload = NO_BYTES } = segment;
  const bytes = new Uint8Array(TCP_HEADER_BYTES + options.length + payload.length);
  writeTcpSegment(bytes, 0, segment, pseudoHeaderSum);
  return bytes;
}

/** @throws {RangeError} as `writeUdpDatagram` does */
export function encodeUdp(datagram: UdpDatagram, pseudoHeaderSum: number): Uint8Array {
  const bytes = new Uint8Array(UDP_HEADER_BYTES + datagram.payload.length);
  writeUdpDatagram(bytes, 0, datagram, pseudoHeaderSum);
  return bytes;
}
