/** What may be a probe among the packets of a capture: a SYN, a bare ACK, a datagram, an echo. */

import { formatIpAddress } from '../../lib/ip-address.ts';
import type { IsolateProtocol } from '../../model/isolate-record.ts';
import { ICMPV4 } from '../../wire/icmpv4.ts';
import { ICMPV6 } from '../../wire/icmpv6.ts';
import { IP_PROTOCOL } from '../../wire/ip-protocol.ts';
import { decodeIpv4 } from '../../wire/ipv4.ts';
import { ipv6HeaderProblem, ipv6TrafficClass, walkExtensionHeaders } from '../../wire/ipv6.ts';
import { isMalformed } from '../../wire/malformed.ts';
import { uint16At, uint32At } from '../../wire/octets.ts';
import { TCP_ACK, TCP_SYN, tcpFlags, tcpHeaderBytes } from '../../wire/tcp.ts';

/** A packet that may be a probe. */
export interface CapturedProbe {
  readonly atUs: number;
  readonly source: string;
  readonly destination: string;
  readonly protocol: IsolateProtocol;
  /** Of an echo the identifier. */
  readonly sourcePort: number;
  /** Of an echo −1. */
  readonly destinationPort: number;
  readonly ttl: number;
  readonly tos: number;
  /** Of the whole packet, as its header tells it. */
  readonly packetBytes: number;
  /** IPv4 only; else 0. */
  readonly identification: number;
  /** What a direct answer names: the sequence number; of a bare ACK what it acknowledges. */
  readonly token: number;
  /** TCP: the sequence number; UDP: the checksum; echo: its sequence number. */
  readonly key: number;
  /** Of echoes, by which balancers choose; 0 for others. */
  readonly checksum: number;
}

type Envelope = Pick<
  CapturedProbe,
  'source' | 'destination' | 'ttl' | 'tos' | 'packetBytes' | 'identification'
>;

interface Section {
  readonly envelope: Envelope;
  readonly protocol: number;
  readonly bytes: Uint8Array;
}

/** Reads one; undefined for packets that no tracer sends. */
export function capturedProbe(bytes: Uint8Array, atUs: number): CapturedProbe | undefined {
  const section = (bytes[0] ?? 0) >> 4 === 4 ? ipv4Section(bytes) : ipv6Section(bytes);
  if (section === undefined || section.bytes.length < 8) return undefined;
  const { envelope, protocol } = section;
  const known = { ...envelope, atUs, checksum: 0 };
  switch (protocol) {
    case IP_PROTOCOL.tcp:
      return tcpProbe(section, known);
    case IP_PROTOCOL.udp:
      return {
        ...known,
        protocol: 'udp',
        sourcePort: uint16At(section.bytes, 0),
        destinationPort: uint16At(section.bytes, 2),
        token: -1,
        key: uint16At(section.bytes, 6),
      };
    case ICMPV4.protocol:
    case ICMPV6.protocol:
      return echoProbe(section, known);
    default:
      return undefined;
  }
}

type Known = Envelope & Pick<CapturedProbe, 'atUs' | 'checksum'>;

function tcpProbe({ bytes }: Section, known: Known): CapturedProbe | undefined {
  const headerBytes = tcpHeaderBytes(bytes, 0, bytes.length);
  if (typeof headerBytes !== 'number') return undefined;
  const flags = tcpFlags(bytes, 0) & 0x3f;
  if (flags !== TCP_SYN && flags !== TCP_ACK) return undefined;
  const sequence = uint32At(bytes, 4);
  return {
    ...known,
    protocol: 'tcp',
    sourcePort: uint16At(bytes, 0),
    destinationPort: uint16At(bytes, 2),
    token: flags === TCP_SYN ? sequence : uint32At(bytes, 8),
    key: sequence,
  };
}

function echoProbe({ bytes, protocol }: Section, known: Known): CapturedProbe | undefined {
  const icmp = protocol === ICMPV4.protocol ? ICMPV4 : ICMPV6;
  if (bytes[0] !== icmp.echoRequest) return undefined;
  return {
    ...known,
    protocol: 'icmp',
    sourcePort: uint16At(bytes, 4),
    destinationPort: -1,
    token: -1,
    key: uint16At(bytes, 6),
    checksum: uint16At(bytes, 2),
  };
}

function ipv4Section(bytes: Uint8Array): Section | undefined {
  const packet = decodeIpv4(bytes);
  if (isMalformed(packet) || packet.fragmentOffset > 0) return undefined;
  const { source, destination, ttl, tos, identification, protocol, payload } = packet;
  const packetBytes = uint16At(bytes, 2);
  return {
    envelope: { ...ends(source, destination), ttl, tos, identification, packetBytes },
    protocol,
    bytes: payload,
  };
}

function ipv6Section(bytes: Uint8Array): Section | undefined {
  if (ipv6HeaderProblem(bytes, 0, bytes.length) !== undefined) return undefined;
  const upper = walkExtensionHeaders(bytes, 0, bytes.length);
  if (isMalformed(upper) || !upper.isFirstFragment) return undefined;
  const payloadBytes = uint16At(bytes, 4);
  return {
    envelope: {
      ...ends(bytes.subarray(8, 24), bytes.subarray(24, 40)),
      ttl: bytes[7] ?? 0,
      tos: ipv6TrafficClass(bytes, 0),
      identification: 0,
      packetBytes: 40 + payloadBytes,
    },
    protocol: upper.protocol,
    bytes: bytes.subarray(upper.offset),
  };
}

function ends(
  source: Uint8Array,
  destination: Uint8Array,
): Pick<Envelope, 'source' | 'destination'> {
  return { source: formatIpAddress(source), destination: formatIpAddress(destination) };
}
