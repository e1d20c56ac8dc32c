/** Writes probes for those who want to ask a simulated network something without knowing bytes. */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import { ICMP_DIALECTS, IP_HEADER_BYTES } from '../wire/families.ts';
import { ICMP_HEADER_BYTES, writeIcmpEcho } from '../wire/icmp.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_DONT_FRAGMENT, writeIpv4Header } from '../wire/ipv4.ts';
import { writeIpv6Header } from '../wire/ipv6.ts';
import { writeUint32 } from '../wire/octets.ts';
import { icmpPseudoHeaderSum, pseudoHeaderSum } from '../wire/pseudo-header.ts';
import { TCP_HEADER_BYTES, TCP_SYN, writeTcpSegment } from '../wire/tcp.ts';
import { UDP_HEADER_BYTES, writeUdpDatagram } from '../wire/udp.ts';

export type ProbeProtocol = 'tcp' | 'udp' | 'icmp';

/** Everything that a probe says. */
export interface WrittenProbe {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: ProbeProtocol;
  readonly ttl: number;
  readonly tos: number;
  /** Of TCP and UDP; the identifier of an echo request. */
  readonly sourcePort: number;
  readonly port: number;
  /** Of the whole packet; at least `lengthMin` of its family and protocol. */
  readonly lengthBytes: number;
  /** 32 bits that tell it from others. */
  readonly token: number;
}

interface Layout {
  readonly number: number;
  readonly headerBytes: number;
  /** Of payload, so that the token fits into what has no field for it. */
  readonly payloadBytesMin: number;
}

/** Length of the shortest probe of this kind. */
export function lengthMin(family: IpFamily, protocol: ProbeProtocol): number {
  const { headerBytes, payloadBytesMin } = layoutOf(family, protocol);
  return IP_HEADER_BYTES[family] + headerBytes + payloadBytesMin;
}

/** The probe as a whole IP packet; over IPv4 it may not be fragmented. */
export function writeProbe(probe: WrittenProbe): Uint8Array {
  const { source, destination, protocol, tos, ttl, lengthBytes } = probe;
  const family = familyOf(source);
  const { number, headerBytes } = layoutOf(family, protocol);
  const start = IP_HEADER_BYTES[family];
  const packet = new Uint8Array(lengthBytes);
  const payloadLength = lengthBytes - start;
  if (family === 4) {
    writeIpv4Header(packet, 0, {
      tos,
      identification: 0,
      flags: IPV4_DONT_FRAGMENT,
      fragmentOffset: 0,
      ttl,
      protocol: number,
      source,
      destination,
      payloadLength,
    });
  } else {
    const header = { trafficClass: tos, flowLabel: 0, nextHeader: number, hopLimit: ttl };
    writeIpv6Header(packet, 0, { ...header, source, destination, payloadLength });
  }
  const sum =
    protocol === 'icmp'
      ? icmpPseudoHeaderSum(source, destination, payloadLength)
      : pseudoHeaderSum(source, destination, number, payloadLength);
  writeTransport(packet, start, probe, {
    sum,
    payload: new Uint8Array(payloadLength - headerBytes),
  });
  return packet;
}

function writeTransport(
  packet: Uint8Array,
  start: number,
  { protocol, source, sourcePort, port: destinationPort, token }: WrittenProbe,
  { sum, payload }: { sum: number; payload: Uint8Array },
): void {
  if (protocol === 'tcp') {
    const fields = { acknowledgment: 0, flags: TCP_SYN, window: 0xffff, payload };
    const segment = { sourcePort, destinationPort, sequence: token, ...fields };
    writeTcpSegment(packet, start, segment, sum);
    return;
  }
  writeUint32(payload, 0, token);
  if (protocol === 'udp') {
    writeUdpDatagram(packet, start, { sourcePort, destinationPort, payload }, sum);
    return;
  }
  const type = ICMP_DIALECTS[familyOf(source)].echoRequest;
  const echo = { type, identifier: sourcePort, sequence: token & 0xffff, payload };
  writeIcmpEcho(packet, start, echo, sum);
}

function layoutOf(family: IpFamily, protocol: ProbeProtocol): Layout {
  switch (protocol) {
    case 'tcp':
      return { number: IP_PROTOCOL.tcp, headerBytes: TCP_HEADER_BYTES, payloadBytesMin: 0 };
    case 'udp':
      return { number: IP_PROTOCOL.udp, headerBytes: UDP_HEADER_BYTES, payloadBytesMin: 4 };
    default: {
      const { protocol: number } = ICMP_DIALECTS[family];
      return { number, headerBytes: ICMP_HEADER_BYTES, payloadBytesMin: 4 };
    }
  }
}
