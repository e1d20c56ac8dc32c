/**
 * The packet seam for those without the right to raw sockets: UDP sockets with an error queue, or
 * ping sockets. Whole packets come in from the engine and go back to it, as everywhere; here their
 * headers are taken off, and written again around what the kernel tells. What it does not tell, the
 * TTL and TOS of quotes and the identification, is filled in as if nothing had changed it.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../model/packet-link.ts';
import {
  DatagramSocket,
  type IcmpErrorNotice,
  type ReceivedDatagram,
} from '../native/datagram-socket.ts';
import { realtimeUs } from '../native/host-clock.ts';
import { Readiness } from '../native/readiness.ts';
import { SystemCallError } from '../native/system-error.ts';
import { sealIcmp } from '../wire/icmp.ts';
import { ICMPV4 } from '../wire/icmpv4.ts';
import { ICMPV6 } from '../wire/icmpv6.ts';
import { IP_PROTOCOL } from '../wire/ip-protocol.ts';
import { IPV4_DONT_FRAGMENT, writeIpv4Header } from '../wire/ipv4.ts';
import { ipv6TrafficClass, writeIpv6Header } from '../wire/ipv6.ts';
import { uint16At, uint32At, writeUint16, writeUint32 } from '../wire/octets.ts';
import { pseudoHeaderSum } from '../wire/pseudo-header.ts';
import { UDP_HEADER_BYTES, writeUdpDatagram } from '../wire/udp.ts';
import { monotonicUs } from './clock.ts';
import { HostError } from './host-error.ts';
import { KernelClock } from './kernel-clock.ts';

export interface DatagramLinkOptions {
  readonly family: IpFamily;
  readonly protocol: 'udp' | 'icmp';
  /** Address of ours that probes carry: 4 or 16 bytes, network order. */
  readonly source: Uint8Array;
  /** Source port or identifier: this, or where `isExact` is false the first free one behind it. */
  readonly port: number;
  readonly isExact: boolean;
  readonly packetBytesMax: number;
  readonly scopeId?: number | undefined;
  readonly device?: string | undefined;
  /** As that of a raw link. */
  readonly onReadable: () => void;
}

/** A link, and the port that it got. */
export interface DatagramLink extends PacketLink {
  readonly port: number;
}

const OUTBOX_SLOTS = 16;
const HEADER_BYTES = { 4: 20, 6: 40 } as const;
const ICMP_HEADER_BYTES = 8;
/** Room for what arrives and the headers of two packets around it. */
const PACKET_BYTES_MAX = 2048 + 2 * HEADER_BYTES[6] + ICMP_HEADER_BYTES + UDP_HEADER_BYTES;
const PORT_MAX = 65_535;
/** Ports in use that are skipped at most. */
const PORTS_TRIED_MAX = 1000;

/**
 * Opens the socket.
 *
 * @throws {HostError} PING_SOCKET_DENIED, PORTS_UNAVAILABLE
 * @throws {SystemCallError} for other failures
 */
export function openDatagramLink(options: DatagramLinkOptions): DatagramLink {
  const { port: first, isExact } = options;
  const last = isExact ? first : Math.min(PORT_MAX, first + PORTS_TRIED_MAX);
  for (let port = first; port <= last; port++) {
    try {
      const socket = new DatagramSocket({ ...options, port });
      return new SocketLink({ ...options, port }, socket);
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EADDRINUSE') throw said(error);
    }
  }
  const message = isExact
    ? `source port ${first} is in use: name another, or none`
    : 'no port free';
  throw new HostError('PORTS_UNAVAILABLE', message);
}

function said(error: unknown): unknown {
  if (!(error instanceof SystemCallError) || error.syscall !== 'socket') return error;
  if (error.code !== 'EACCES' && error.code !== 'EPERM') return error;
  const message =
    'ICMP echoes need the capability CAP_NET_RAW, or a group of net.ipv4.ping_group_range: ' +
    'trace by UDP, which needs neither';
  return new HostError('PING_SOCKET_DENIED', message, error);
}

class SocketLink implements DatagramLink {
  readonly outbox: PacketArena;
  readonly port: number;
  readonly #options: DatagramLinkOptions;
  readonly #socket: DatagramSocket;
  readonly #readiness: Readiness;
  readonly #clock = new KernelClock({ monotonicUs, realtimeUs });
  readonly #scratch = new Uint8Array(PACKET_BYTES_MAX);

  constructor(options: DatagramLinkOptions, socket: DatagramSocket) {
    this.#options = options;
    this.#socket = socket;
    this.port = options.port;
    const slotBytes = Math.ceil(options.packetBytesMax / 8) * 8;
    const bytes = new Uint8Array(OUTBOX_SLOTS * slotBytes);
    this.outbox = { bytes, slotBytes, slots: OUTBOX_SLOTS, lengths: new Uint16Array(OUTBOX_SLOTS) };
    this.#readiness = new Readiness([socket.fd], options.onReadable);
  }

  send(count: number): SendReport {
    const { bytes, slotBytes, lengths } = this.outbox;
    for (let slot = 0; slot < count; slot++) {
      const start = slot * slotBytes;
      const error = this.#sendOne(bytes.subarray(start, start + (lengths[slot] ?? 0)));
      if (error !== undefined) return { accepted: slot, error };
    }
    return { accepted: count, error: undefined };
  }

  receive(_nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number {
    this.#clock.sample();
    return this.#socket.receive((datagram) => {
      const packet = this.#rebuilt(datagram);
      if (packet !== undefined) take(packet, this.#clock.toMonotonicUs(datagram.realtimeUs));
    });
  }

  nextArrivalUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  counters(): LinkCounters {
    return { socketDrops: 0 };
  }

  close(): void {
    this.#readiness.close();
    this.#socket.close();
  }

  #sendOne(packet: Uint8Array): string | undefined {
    const { family, protocol } = this.#options;
    const isV4 = family === 4;
    const start = HEADER_BYTES[family];
    const address = packet.subarray(isV4 ? 16 : 24, start);
    const fields = {
      ttl: packet[isV4 ? 8 : 7] ?? 0,
      tos: isV4 ? (packet[1] ?? 0) : ipv6TrafficClass(packet, 0),
      dontFragment: !isV4 || (uint16At(packet, 6) & (IPV4_DONT_FRAGMENT << 13)) !== 0,
    };
    if (protocol === 'icmp') {
      return this.#socket.send(packet.subarray(start), { address, port: 0 }, fields);
    }
    const port = uint16At(packet, start + 2);
    return this.#socket.send(packet.subarray(start + UDP_HEADER_BYTES), { address, port }, fields);
  }

  /** The packet that a raw socket would have shown; undefined for a quote of nothing. */
  #rebuilt(datagram: ReceivedDatagram): Uint8Array | undefined {
    const { family, source } = this.#options;
    const header = HEADER_BYTES[family];
    const { peer, ttl, error } = datagram;
    if (error === undefined) {
      const end = this.#writeTransport(header, { ...datagram, from: peer, to: source });
      this.#writeHeader(0, end, { from: peer, to: source, ttl, protocol: this.#protocolNumber });
      return this.#scratch.subarray(0, end);
    }
    const dialect = family === 4 ? ICMPV4 : ICMPV6;
    const quoteAt = header + ICMP_HEADER_BYTES;
    const end = this.#writeQuote(quoteAt, datagram);
    this.#scratch[header] = error.type;
    this.#scratch[header + 1] = error.code;
    writeUint32(this.#scratch, header + 4, isTooBig(error, family) ? error.value : 0);
    const lengthBytes = end - header;
    const covered =
      family === 4 ? 0 : pseudoHeaderSum(error.from, source, dialect.protocol, lengthBytes);
    sealIcmp(this.#scratch, header, end, covered);
    const ends = { from: error.from, to: source };
    this.#writeHeader(0, end, { ...ends, ttl, protocol: dialect.protocol });
    return this.#scratch.subarray(0, end);
  }

  /** Our probe, as far as it was quoted: the token in its payload is in its headers as well. */
  #writeQuote(at: number, datagram: ReceivedDatagram): number {
    const { family, source, protocol, port } = this.#options;
    const transport = at + HEADER_BYTES[family];
    const { bytes, peer } = datagram;
    const isEcho = protocol === 'icmp';
    const tokenAt = isEcho ? ICMP_HEADER_BYTES : 0;
    const token = bytes.length >= tokenAt + 4 ? uint32At(bytes, tokenAt) : 0;
    let end = transport;
    if (isEcho) {
      this.#scratch.set(bytes, transport);
      end += bytes.length;
    } else {
      const ports = { sourcePort: port, destinationPort: datagram.peerPort };
      end = writeUdpDatagram(this.#scratch, transport, { ...ports, payload: bytes }, 0);
      writeUint16(this.#scratch, transport + 6, token & 0xffff);
    }
    const ends = { from: source, to: peer, ttl: 1, protocol: this.#protocolNumber };
    this.#writeHeader(at, end, { ...ends, identification: token >>> 16 });
    return end;
  }

  #writeTransport(
    at: number,
    {
      bytes,
      peerPort,
      from,
      to,
    }: ReceivedDatagram & { readonly from: Uint8Array; readonly to: Uint8Array },
  ): number {
    const { protocol, port, family } = this.#options;
    if (protocol === 'udp') {
      const sum = pseudoHeaderSum(from, to, IP_PROTOCOL.udp, UDP_HEADER_BYTES + bytes.length);
      const ports = { sourcePort: peerPort, destinationPort: port };
      return writeUdpDatagram(this.#scratch, at, { ...ports, payload: bytes }, sum);
    }
    this.#scratch.set(bytes, at);
    const end = at + bytes.length;
    const number = this.#protocolNumber;
    sealIcmp(
      this.#scratch,
      at,
      end,
      family === 4 ? 0 : pseudoHeaderSum(from, to, number, end - at),
    );
    return end;
  }

  get #protocolNumber(): number {
    const { family, protocol } = this.#options;
    if (protocol === 'udp') return IP_PROTOCOL.udp;
    return family === 4 ? ICMPV4.protocol : ICMPV6.protocol;
  }

  #writeHeader(
    at: number,
    end: number,
    {
      from: source,
      to: destination,
      ttl,
      protocol,
      identification = 0,
    }: {
      readonly from: Uint8Array;
      readonly to: Uint8Array;
      readonly ttl: number;
      readonly protocol: number;
      readonly identification?: number;
    },
  ): void {
    const { family } = this.#options;
    const payloadLength = end - at - HEADER_BYTES[family];
    const ends = { source, destination, payloadLength };
    if (family === 4) {
      const fields = { tos: 0, identification, flags: 0, fragmentOffset: 0, ttl, protocol };
      writeIpv4Header(this.#scratch, at, { ...fields, ...ends });
    } else {
      const fields = { trafficClass: 0, flowLabel: 0, nextHeader: protocol, hopLimit: ttl };
      writeIpv6Header(this.#scratch, at, { ...fields, ...ends });
    }
  }
}

/** Of other errors the kernel may tell the length of the quote there (RFC 4884). */
function isTooBig({ type, code }: IcmpErrorNotice, family: IpFamily): boolean {
  const { causeOf } = family === 4 ? ICMPV4 : ICMPV6;
  return causeOf(type, code) === 'packet-too-big';
}
