/**
 * The packets that routers and the target send back, written with `wire`. They are complete but
 * for the IP header: its TTL is known only once the way back is.
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import {
  ICMP_HEADER_BYTES,
  type IcmpDialect,
  type IcmpMessage,
  sealIcmp,
  writeIcmp,
} from '../wire/icmp.ts';
import { writeIcmpError } from '../wire/icmp-error.ts';
import { ICMPV4 } from '../wire/icmpv4.ts';
import { ICMPV6 } from '../wire/icmpv6.ts';
import { IPV4_HEADER_BYTES, writeIpv4Header } from '../wire/ipv4.ts';
import { IPV6_HEADER_BYTES, writeIpv6Header } from '../wire/ipv6.ts';
import { uint32At, writeUint16 } from '../wire/octets.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import {
  TCP_ACK,
  TCP_FIN,
  TCP_HEADER_BYTES,
  TCP_RST,
  TCP_SYN,
  type TcpSegment,
  writeTcpSegment,
} from '../wire/tcp.ts';
import type { FlowFields } from './flow-hash.ts';
import type { ProbePacket } from './probe-packet.ts';

/** A reply to a probe, before it is sent. */
export interface Answer {
  readonly flow: FlowFields;
  /** The whole packet; its IP header is not written yet. */
  readonly packet: Uint8Array;
  /** Whether the sender sends it again when it is lost. */
  readonly isRepeated: boolean;
}

/** What differs between the families. */
interface Dialect {
  readonly icmp: IcmpDialect;
  readonly headerBytes: number;
  /** Whole packet, the most that an ICMP error may have: RFC 1812 §4.3.2.3, RFC 4443 §2.4 (c). */
  readonly errorBytesMax: number;
  /** RFC 792; RFC 4443 §3.1. */
  readonly portUnreachableCode: number;
}

const DIALECTS: Readonly<Record<IpFamily, Dialect>> = {
  4: { icmp: ICMPV4, headerBytes: IPV4_HEADER_BYTES, errorBytesMax: 576, portUnreachableCode: 3 },
  6: { icmp: ICMPV6, headerBytes: IPV6_HEADER_BYTES, errorBytesMax: 1280, portUnreachableCode: 4 },
};

/** What Linux offers first: 44 segments of 1460 bytes. */
const WINDOW = 64_240;

/**
 * A router's error about a probe whose TTL ran out.
 *
 * @param source the address that it answers from
 * @param ttl what was left as the probe came in: the quote says so
 */
export function timeExceeded(probe: ProbePacket, source: Uint8Array, ttl: number): Answer {
  const { icmp } = dialectOf(probe);
  return icmpError(probe, source, { type: icmp.timeExceeded, code: 0, ttl });
}

/** The target's error about a datagram to a port where nothing listens. */
export function portUnreachable(probe: ProbePacket, ttl: number): Answer {
  const { icmp, portUnreachableCode: code } = dialectOf(probe);
  return icmpError(probe, probe.flow.destination, { type: icmp.unreachable, code, ttl });
}

/** The answer to an echo request: the same with another type. */
export function echoReply(probe: ProbePacket, request: IcmpMessage): Answer {
  const { icmp, headerBytes } = dialectOf(probe);
  const { source, destination, protocol } = probe.flow;
  const lengthBytes = ICMP_HEADER_BYTES + request.body.length;
  const packet = new Uint8Array(headerBytes + lengthBytes);
  const sum = icmp === ICMPV4 ? 0 : pseudoHeaderSum(destination, source, protocol, lengthBytes);
  writeIcmp(packet, headerBytes, { ...request, type: icmp.echoReply }, sum);
  return { flow: flowBack(probe, packet), packet, isRepeated: false };
}

/** The answer to a SYN where a process listens (RFC 9293 §3.10.7.2). */
export function synAck(probe: ProbePacket, syn: TcpSegment, sequence: number): Answer {
  const acknowledgment = (syn.sequence + 1) >>> 0;
  const flags = TCP_SYN | TCP_ACK;
  return tcpAnswer(probe, syn, { flags, sequence, acknowledgment, window: WINDOW });
}

/** The answer to a segment that belongs to no connection (RFC 9293 §3.10.7.1). */
export function reset(probe: ProbePacket, segment: Required<TcpSegment>): Answer {
  const { flags, sequence, acknowledgment, payload } = segment;
  if ((flags & TCP_ACK) !== 0) {
    const fields = { flags: TCP_RST, sequence: acknowledgment, acknowledgment: 0, window: 0 };
    return tcpAnswer(probe, segment, fields);
  }
  const taken = payload.length + Number((flags & TCP_SYN) !== 0) + Number((flags & TCP_FIN) !== 0);
  const acked = (sequence + taken) >>> 0;
  const fields = { flags: TCP_RST | TCP_ACK, sequence: 0, acknowledgment: acked, window: 0 };
  return tcpAnswer(probe, segment, fields);
}

/** Writes the IP header of an answer as it arrives, and returns the packet. */
export function seal(
  { flow: { source, destination, protocol }, packet }: Answer,
  { ttl, identification }: { readonly ttl: number; readonly identification: number },
): Uint8Array {
  if (source.length === 4) {
    writeIpv4Header(packet, 0, {
      tos: 0,
      identification,
      flags: 0,
      fragmentOffset: 0,
      ttl,
      protocol,
      source,
      destination,
      payloadLength: packet.length - IPV4_HEADER_BYTES,
    });
  } else {
    writeIpv6Header(packet, 0, {
      trafficClass: 0,
      flowLabel: 0,
      nextHeader: protocol,
      hopLimit: ttl,
      source,
      destination,
      payloadLength: packet.length - IPV6_HEADER_BYTES,
    });
  }
  return packet;
}

function icmpError(
  { flow, packet: failed }: ProbePacket,
  source: Uint8Array,
  { type, code, ttl }: { readonly type: number; readonly code: number; readonly ttl: number },
): Answer {
  const { icmp: dialect, headerBytes, errorBytesMax } = DIALECTS[familyOf(source)];
  const { source: destination } = flow;
  const { protocol } = dialect;
  const quoteStart = headerBytes + ICMP_HEADER_BYTES;
  const quote = failed.subarray(0, errorBytesMax - quoteStart);
  const packet = new Uint8Array(quoteStart + quote.length);
  const lengthBytes = packet.length - headerBytes;
  const sum = dialect === ICMPV4 ? 0 : pseudoHeaderSum(source, destination, protocol, lengthBytes);
  writeIcmpError(packet, headerBytes, { type, code, quote }, { dialect, pseudoHeaderSum: sum });
  rewriteTtl(packet, quoteStart, ttl);
  sealIcmp(packet, headerBytes, packet.length, sum);
  const back = { source, destination, protocol, leadingBits: 0 };
  return { flow: back, packet, isRepeated: false };
}

/** Does to the IP header at `start` what routers did: lower the TTL and mend the checksum. */
function rewriteTtl(packet: Uint8Array, start: number, ttl: number): void {
  const first = packet[start] ?? 0;
  if (first >> 4 === 6) {
    packet[start + 7] = ttl;
    return;
  }
  packet[start + 8] = ttl;
  writeUint16(packet, start + 10, 0);
  const end = start + (first & 0x0f) * 4;
  writeUint16(packet, start + 10, checksumOf(addWords(0, packet, { start, end })));
}

/** A segment of the target's without options or payload. */
function tcpAnswer(
  probe: ProbePacket,
  { sourcePort, destinationPort }: TcpSegment,
  fields: Pick<TcpSegment, 'flags' | 'sequence' | 'acknowledgment' | 'window'>,
): Answer {
  const { headerBytes } = dialectOf(probe);
  const { source, destination, protocol } = probe.flow;
  const packet = new Uint8Array(headerBytes + TCP_HEADER_BYTES);
  const segment = { ...fields, sourcePort: destinationPort, destinationPort: sourcePort };
  const sum = pseudoHeaderSum(destination, source, protocol, TCP_HEADER_BYTES);
  writeTcpSegment(packet, headerBytes, segment, sum);
  const isRepeated = (fields.flags & TCP_SYN) !== 0;
  return { flow: flowBack(probe, packet), packet, isRepeated };
}

/** The flow of what the target answers with the same protocol. */
function flowBack(probe: ProbePacket, packet: Uint8Array): FlowFields {
  const { source, destination, protocol } = probe.flow;
  const leadingBits = uint32At(packet, dialectOf(probe).headerBytes);
  return { source: destination, destination: source, protocol, leadingBits };
}

function dialectOf({ flow }: ProbePacket): Dialect {
  return DIALECTS[familyOf(flow.source)];
}
