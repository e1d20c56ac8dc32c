/**
 * The packet seam for those without the right to raw sockets: UDP sockets with an error queue, or
 * ping sockets. Whole packets come in from the engine and go back to it, as everywhere; here their
 * headers are taken off, and written again around what the kernel tells. What it does not tell, the
 * TTL and TOS of quotes and the identification, is filled in as if nothing had changed it.
 */

import type { IpFamily } from '../../lib/ip-address.ts';
import type { LinkCounters, PacketArena, PacketLink, SendReport } from '../../model/packet-link.ts';
import { DatagramSocket, datagramArena } from '../../native/datagram-socket.ts';
import { realtimeUs } from '../../native/host-clock.ts';
import { Readiness } from '../../native/readiness.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { IP_HEADER_BYTES } from '../../wire/families.ts';
import { IPV4_DONT_FRAGMENT } from '../../wire/ipv4.ts';
import { ipv6TrafficClass } from '../../wire/ipv6.ts';
import { uint16At } from '../../wire/octets.ts';
import { UDP_HEADER_BYTES } from '../../wire/udp.ts';
import { monotonicUs } from '../clock.ts';
import { HostError } from '../host/host-error.ts';
import { KernelClock } from '../host/kernel-clock.ts';
import { pingSocketAdvice } from '../host/raw-socket-advice.ts';
import { PacketRebuilder } from './rebuilt-packets.ts';

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
  /** Opens a socket for the first free port from `port` to `last`; undefined when there is none. */
  openPort(port: number, last: number): number | undefined;
}

const OUTBOX_SLOTS = 16;
const PORT_MAX = 65_535;
/** Ports in use that are skipped at most. */
const PORTS_TRIED_MAX = 1000;

/**
 * Opens the first socket.
 *
 * @throws {HostError} PING_SOCKET_DENIED, PORTS_UNAVAILABLE
 * @throws {SystemCallError} for other failures
 */
export function openDatagramLink(options: DatagramLinkOptions): DatagramLink {
  const { port: first, isExact } = options;
  const last = isExact ? first : Math.min(PORT_MAX, first + PORTS_TRIED_MAX);
  const link = new SocketLink(options);
  try {
    const port = link.openPort(first, last);
    if (port !== undefined) {
      link.port = port;
      return link;
    }
  } catch (error) {
    link.close();
    throw said(error);
  }
  link.close();
  const message = isExact
    ? `source port ${first} is in use: name another, or none`
    : 'no port free';
  throw new HostError('PORTS_UNAVAILABLE', message);
}

/** Somebody has it, or it is one of those that need a right. */
function isPortRefused(error: unknown): boolean {
  if (!(error instanceof SystemCallError)) return false;
  return error.code === 'EADDRINUSE' || (error.syscall === 'bind' && error.code === 'EACCES');
}

function said(error: unknown): unknown {
  if (!(error instanceof SystemCallError) || error.syscall !== 'socket') return error;
  if (error.code !== 'EACCES' && error.code !== 'EPERM') return error;
  const message =
    'ICMP echoes need the capability CAP_NET_RAW, or a group of net.ipv4.ping_group_range, ' +
    'and this process has neither';
  return new HostError('PING_SOCKET_DENIED', `${message}\n${pingSocketAdvice(process)}`, error);
}

/** A socket, and the port that it is bound to. */
interface PortSocket {
  readonly socket: DatagramSocket;
  readonly port: number;
}

class SocketLink implements DatagramLink {
  readonly outbox: PacketArena;
  port = 0;
  readonly #options: DatagramLinkOptions;
  readonly #arena = datagramArena();
  readonly #byPort = new Map<number, PortSocket>();
  readonly #byFd = new Map<number, PortSocket>();
  readonly #readiness: Readiness;
  readonly #clock = new KernelClock({ monotonicUs, realtimeUs });
  readonly #rebuilder: PacketRebuilder;

  constructor(options: DatagramLinkOptions) {
    this.#options = options;
    this.#rebuilder = new PacketRebuilder(options);
    const slotBytes = Math.ceil(options.packetBytesMax / 8) * 8;
    const bytes = new Uint8Array(OUTBOX_SLOTS * slotBytes);
    this.outbox = { bytes, slotBytes, slots: OUTBOX_SLOTS, lengths: new Uint16Array(OUTBOX_SLOTS) };
    this.#readiness = new Readiness([], options.onReadable);
  }

  openPort(first: number, last: number): number | undefined {
    for (let port = first; port <= last; port++) {
      try {
        const socket = new DatagramSocket({ ...this.#options, port, arena: this.#arena });
        const own = { socket, port };
        this.#byPort.set(port, own);
        this.#byFd.set(socket.fd, own);
        this.#readiness.add(socket.fd);
        return port;
      } catch (error) {
        if (!isPortRefused(error)) throw error;
      }
    }
    return undefined;
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
    let received = 0;
    for (const fd of this.#readiness.ready()) {
      const own = this.#byFd.get(fd);
      if (own === undefined) continue;
      received += own.socket.receive((datagram) => {
        const packet = this.#rebuilder.packetOf(datagram, own.port);
        take(packet, this.#clock.toMonotonicUs(datagram.realtimeUs));
      });
    }
    return received;
  }

  nextArrivalUs(): number {
    return Number.POSITIVE_INFINITY;
  }

  counters(): LinkCounters {
    return { socketDrops: 0 };
  }

  close(): void {
    this.#readiness.close();
    for (const { socket } of this.#byPort.values()) socket.close();
    this.#arena.release();
  }

  #sendOne(packet: Uint8Array): string | undefined {
    const { family, protocol } = this.#options;
    const isV4 = family === 4;
    const start = IP_HEADER_BYTES[family];
    const identifierAt = protocol === 'icmp' ? start + 4 : start;
    const socket = this.#byPort.get(uint16At(packet, identifierAt))?.socket;
    if (socket === undefined) return 'EADDRNOTAVAIL';
    const address = packet.subarray(isV4 ? 16 : 24, start);
    const fields = {
      ttl: packet[isV4 ? 8 : 7] ?? 0,
      tos: isV4 ? (packet[1] ?? 0) : ipv6TrafficClass(packet, 0),
      dontFragment: !isV4 || (uint16At(packet, 6) & (IPV4_DONT_FRAGMENT << 13)) !== 0,
    };
    if (protocol === 'icmp') {
      return socket.send(packet.subarray(start), { address, port: 0 }, fields);
    }
    const port = uint16At(packet, start + 2);
    return socket.send(packet.subarray(start + UDP_HEADER_BYTES), { address, port }, fields);
  }
}
