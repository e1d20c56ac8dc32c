/**
 * Reads what comes back to a prober: whole IP packets as a `PacketLink` hands them over. Matching a
 * reply to its probe is left to the engine.
 *
 * Checksums are verified here, in both families: kernels pass ICMPv4 and TCP to raw sockets
 * unverified. A link that rebuilds the IPv6 header must therefore know both addresses. Packets of a
 * capture may be cut short, or caught before a device fills their checksum in: whoever reads those
 * asks for `unverified`.
 */

import { addWords } from '../lib/checksum.ts';
import type { IpFamily } from '../lib/ip-address.ts';
import type { Mutable } from '../lib/mutable.ts';
import { ICMP_HEADER_BYTES, type IcmpDialect, type IcmpErrorCause } from './icmp.ts';
import {
  decodeIcmpExtension,
  findIcmpExtension,
  type IcmpObject,
  mplsEntries,
} from './icmp-extension.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';
import { interfaceInformation } from './interface-information.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { ipv4HeaderBytes } from './ipv4.ts';
import {
  IPV6_HEADER_BYTES,
  ipv6HeaderProblem,
  ipv6TrafficClass,
  type UpperLayer,
  walkExtensionHeaders,
} from './ipv6.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { NO_BYTES, readOctets, uint16At, uint32At } from './octets.ts';
import { isChecksumRight } from './pseudo-header.ts';
import { QuoteReader } from './quote.ts';
import type {
  EchoReply,
  Envelope,
  IcmpErrorReply,
  OtherReply,
  Reply,
  TcpReply,
  UdpReply,
} from './reply.ts';
import { NO_ENTRIES, NO_INTERFACES, ReplyRecords } from './reply-records.ts';
import { tcpFlags, tcpHeaderBytes } from './tcp.ts';
import { isUdpChecksumRight, UDP_HEADER_BYTES, udpEnd } from './udp.ts';

/** Reads one packet alone: nothing fills its record anew. See `ReplyReader.read`. */
export function readReply(packet: Uint8Array): Reply | Malformed {
  return new ReplyReader().read(packet);
}

const NO_OBJECTS: readonly IcmpObject[] = [];

/** A transport header and payload in a packet, and what the IP header says of them. */
class Section implements Envelope {
  packet: Uint8Array = NO_BYTES;
  family: IpFamily = 4;
  source: Uint8Array = NO_BYTES;
  destination: Uint8Array = NO_BYTES;
  replyTtl = 0;
  replyTos = 0;
  replyIdentification = 0;
  replyBytes = 0;
  icmp: IcmpDialect = ICMPV4;
  protocol = 0;
  start = 0;
  end = 0;
  /** Where the checksum is. */
  field = 0;
  pseudoHeaderSum = 0;
}

/**
 * Reads packets into one record for each kind of reply, so that none costs an object. What `read`
 * returns is valid until it is called again, and no longer than the packet: copy what must stay.
 */
export class ReplyReader {
  readonly #section = new Section();
  readonly #upper: UpperLayer = { protocol: 0, offset: 0, isFirstFragment: true };
  readonly #quotes = new QuoteReader();
  readonly #addresses = {
    4: { source: new Uint8Array(4), destination: new Uint8Array(4) },
    6: { source: new Uint8Array(16), destination: new Uint8Array(16) },
  };
  readonly #records = new ReplyRecords();
  readonly #isVerified: boolean;

  constructor({ checksums = 'verified' }: { checksums?: 'verified' | 'unverified' } = {}) {
    this.#isVerified = checksums === 'verified';
  }

  /**
   * Reads one received packet from its IP header on; the version nibble tells the family. Length
   * fields count as far as there are bytes.
   *
   * @returns the reply, or why the packet is none
   */
  read(packet: Uint8Array): Reply | Malformed {
    const first = packet[0];
    if (first === undefined) return { malformed: 'truncated', offset: 0 };
    this.#section.packet = packet;
    if (first >> 4 === 4) return this.#readIpv4();
    if (first >> 4 === 6) return this.#readIpv6();
    return { malformed: 'bad-version', offset: 0 };
  }

  #readIpv4(): Reply | Malformed {
    const section = this.#section;
    const { packet } = section;
    const start = ipv4HeaderBytes(packet, 0, packet.length);
    if (typeof start !== 'number') return start;
    const end = Math.min(uint16At(packet, 2), packet.length);
    if (end < start) return { malformed: 'bad-length', offset: 2 };
    section.icmp = ICMPV4;
    section.replyTtl = packet[8] ?? 0;
    section.replyTos = packet[1] ?? 0;
    section.replyIdentification = uint16At(packet, 4);
    section.replyBytes = uint16At(packet, 2);
    section.protocol = packet[9] ?? 0;
    section.start = start;
    section.end = end;
    section.pseudoHeaderSum = addWords(section.protocol + end - start, packet, 12, 20);
    this.#readAddresses(4, 12);
    return this.#readSection((uint16At(packet, 6) & 0x1fff) === 0);
  }

  #readIpv6(): Reply | Malformed {
    const section = this.#section;
    const { packet } = section;
    const problem = ipv6HeaderProblem(packet, 0, packet.length);
    if (problem !== undefined) return problem;
    const end = Math.min(IPV6_HEADER_BYTES + uint16At(packet, 4), packet.length);
    const upper = walkExtensionHeaders(packet, 0, end, this.#upper);
    if (isMalformed(upper)) return upper;
    const { protocol, offset: start } = upper;
    section.icmp = ICMPV6;
    section.replyTtl = packet[7] ?? 0;
    section.replyTos = ipv6TrafficClass(packet, 0);
    section.replyIdentification = 0;
    section.replyBytes = IPV6_HEADER_BYTES + uint16At(packet, 4);
    section.protocol = protocol;
    section.start = start;
    section.end = end;
    section.pseudoHeaderSum = addWords(protocol + end - start, packet, 8, 40);
    this.#readAddresses(6, 8);
    return this.#readSection(upper.isFirstFragment);
  }

  /** From where the source is; the destination follows. */
  #readAddresses(family: IpFamily, at: number): void {
    const section = this.#section;
    const { source, destination } = this.#addresses[family];
    readOctets(section.packet, at, source);
    readOctets(section.packet, at + source.length, destination);
    section.family = family;
    section.source = source;
    section.destination = destination;
  }

  #readSection(isFirstFragment: boolean): Reply | Malformed {
    const { protocol, icmp } = this.#section;
    if (!isFirstFragment) return this.#readOther();
    switch (protocol) {
      case icmp.protocol:
        return this.#readIcmp();
      case IP_PROTOCOL.tcp:
        return this.#readTcp();
      case IP_PROTOCOL.udp:
        return this.#readUdp();
      default:
        return this.#readOther();
    }
  }

  #readOther(): OtherReply {
    const other = this.#records.other;
    address(other, this.#section);
    other.protocol = this.#section.protocol;
    return other;
  }

  #readIcmp(): Reply | Malformed {
    const section = this.#section;
    const { packet, icmp, start, end } = section;
    if (start + ICMP_HEADER_BYTES > end) return { malformed: 'truncated', offset: end };
    section.field = start + 2;
    const covered = section.family === 4 ? 0 : section.pseudoHeaderSum;
    if (this.#isVerified && !isChecksumRight(packet, section, covered)) {
      return { malformed: 'bad-checksum', offset: section.field };
    }
    const type = packet[start] ?? 0;
    if (type === icmp.echoReply) return this.#readEcho();
    const cause = icmp.causeOf(type, packet[start + 1] ?? 0);
    return cause === undefined ? this.#readOther() : this.#readIcmpError(cause);
  }

  #readEcho(): EchoReply {
    const { packet, start, end } = this.#section;
    const echo = this.#records.echo;
    address(echo, this.#section);
    echo.identifier = uint16At(packet, start + 4);
    echo.sequence = uint16At(packet, start + 6);
    echo.payload.place(packet, start + ICMP_HEADER_BYTES, end);
    return echo;
  }

  #readIcmpError(cause: IcmpErrorCause): IcmpErrorReply | Malformed {
    const { packet, family, start, end } = this.#section;
    const quoteStart = start + ICMP_HEADER_BYTES;
    const quoteEnd = endOfQuote(this.#section);
    const quote =
      family === 4
        ? this.#quotes.readIpv4(packet, quoteStart, quoteEnd)
        : this.#quotes.readIpv6(packet, quoteStart, quoteEnd);
    if (isMalformed(quote)) return quote;
    const error = this.#records.icmpError;
    address(error, this.#section);
    error.cause = cause;
    error.type = packet[start] ?? 0;
    error.code = packet[start + 1] ?? 0;
    error.mtu = cause === 'packet-too-big' ? mtuAt(packet, start, family) : 0;
    error.quote = quote;
    const objects = quoteEnd === end ? NO_OBJECTS : readObjects(packet.subarray(quoteEnd, end));
    error.mpls = objects.length === 0 ? NO_ENTRIES : mplsEntries(objects);
    error.interfaces = objects.length === 0 ? NO_INTERFACES : interfaceInformation(objects);
    return error;
  }

  #readTcp(): TcpReply | Malformed {
    const section = this.#section;
    const { packet, start } = section;
    const headerBytes = tcpHeaderBytes(packet, start, section.end);
    if (typeof headerBytes !== 'number') return headerBytes;
    section.field = start + 16;
    if (this.#isVerified && !isChecksumRight(packet, section, section.pseudoHeaderSum)) {
      return { malformed: 'bad-checksum', offset: section.field };
    }
    const tcp = this.#records.tcp;
    address(tcp, section);
    tcp.sourcePort = uint16At(packet, start);
    tcp.destinationPort = uint16At(packet, start + 2);
    tcp.sequence = uint32At(packet, start + 4);
    tcp.acknowledgment = uint32At(packet, start + 8);
    tcp.flags = tcpFlags(packet, start);
    return tcp;
  }

  #readUdp(): UdpReply | Malformed {
    const section = this.#section;
    const { packet, start } = section;
    const end = udpEnd(packet, start, section.end);
    if (typeof end !== 'number') return end;
    // The pseudo header has the UDP length, which may leave padding out.
    section.pseudoHeaderSum -= section.end - end;
    section.end = end;
    section.field = start + 6;
    if (this.#isVerified && !isUdpChecksumRight(packet, section, section.pseudoHeaderSum)) {
      return { malformed: 'bad-checksum', offset: section.field };
    }
    const udp = this.#records.udp;
    address(udp, section);
    udp.sourcePort = uint16At(packet, start);
    udp.destinationPort = uint16At(packet, start + 2);
    udp.payload.place(packet, start + UDP_HEADER_BYTES, end);
    return udp;
  }
}

/** Writes what every reply has. */
function address(reply: Mutable<Envelope>, section: Envelope): void {
  reply.family = section.family;
  reply.source = section.source;
  reply.destination = section.destination;
  reply.replyTtl = section.replyTtl;
  reply.replyTos = section.replyTos;
  reply.replyIdentification = section.replyIdentification;
  reply.replyBytes = section.replyBytes;
}

/** Where the quote ends: at an extension, or else with the error. */
function endOfQuote({ packet, icmp, start, end }: Section): number {
  if (!icmp.isExtensible(packet[start] ?? 0)) return end;
  const declared = (packet[start + icmp.quoteLengthOffset] ?? 0) * icmp.quoteLengthUnitBytes;
  return findIcmpExtension(packet, start + ICMP_HEADER_BYTES, end, declared);
}

function readObjects(extension: Uint8Array): readonly IcmpObject[] {
  const objects = decodeIcmpExtension(extension);
  return isMalformed(objects) ? NO_OBJECTS : objects;
}

/** ICMPv4 has 16 bits for the MTU (RFC 1191 §4), ICMPv6 has 32 (RFC 4443 §3.2). */
function mtuAt(packet: Uint8Array, start: number, family: IpFamily): number {
  return family === 4 ? uint16At(packet, start + 6) : uint32At(packet, start + 4);
}
