/**
 * Sockets that need no right: UDP, and "ping" sockets for ICMP echoes (net.ipv4.ping_group_range).
 * The kernel writes their IP headers, and hands over ICMP errors about what they sent through an
 * error queue (ip(7), IP_RECVERR).
 */

import type { IpFamily } from '../lib/ip-address.ts';
import { messageAfter, messageAt, timespecUs } from './control-messages.ts';
import { checked, libc } from './libc.ts';
import {
  CMSGHDR,
  EAGAIN,
  EXTENDED_ERR,
  IP_MTU_DISCOVER,
  IP_PMTUDISC_DONT,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IP_RECVTTL,
  IP_TOS,
  IP_TTL,
  IPPROTO_ICMP,
  IPPROTO_ICMPV6,
  IPV6_HOPLIMIT,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  IPV6_RECVHOPLIMIT,
  IPV6_TCLASS,
  IPV6_UNICAST_HOPS,
  IPV6_V6ONLY,
  MSG_ERRQUEUE,
  SO_EE_ORIGIN_ICMP,
  SO_EE_ORIGIN_ICMP6,
  SO_TIMESTAMPNS,
  SOCK_DGRAM,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { bindToDevice, openSocket, setOption } from './socket.ts';
import { addressIn, encodeSocketAddress } from './socket-address.ts';
import { errnoName, SystemCallError } from './system-error.ts';

export interface DatagramSocketOptions {
  readonly family: IpFamily;
  readonly protocol: 'udp' | 'icmp';
  /** Ours, to send from. */
  readonly source: Uint8Array;
  /** Source port; of echoes the identifier. */
  readonly port: number;
  /** Interface index of link-local addresses. */
  readonly scopeId?: number | undefined;
  /** Name of the device to leave by. */
  readonly device?: string | undefined;
  /** To receive into, shared with other sockets; one of its own unless given. */
  readonly arena?: MessageArena | undefined;
}

/** Memory that any number of sockets receive into, one at a time. */
export function datagramArena(): MessageArena {
  const shape = { slots: BATCH_SLOTS, packetBytes: PACKET_BYTES, headroomBytes: 0 };
  return new MessageArena({ ...shape, controlBytes: CONTROL_BYTES, names: 'each' }, takeMemory);
}

/** Fields of the IP header that the sender chooses. */
export interface HeaderFields {
  readonly ttl: number;
  readonly tos: number;
  readonly dontFragment: boolean;
}

/** A datagram that arrived, or the error about one that was sent. */
export interface ReceivedDatagram {
  /** UDP: the payload. ICMP: from the ICMP header on. Of an error: as much as was quoted of it. */
  readonly bytes: Uint8Array;
  /** Who sent the datagram; of an error whom ours was for. */
  readonly peer: Uint8Array;
  readonly peerPort: number;
  /** CLOCK_REALTIME in microseconds when the kernel received it; 0 when it did not tell. */
  readonly realtimeUs: number;
  /** TTL or hop limit left when it arrived; 0 when the kernel did not tell. */
  readonly ttl: number;
  readonly error: IcmpErrorNotice | undefined;
}

/** What an ICMP error said. */
export interface IcmpErrorNotice {
  readonly from: Uint8Array;
  readonly type: number;
  readonly code: number;
  /** MTU of the next link, where a packet was too big; else 0. */
  readonly value: number;
}

/** What differs between the families: levels and names of options. */
const FAMILIES = {
  4: { level: SOL_IP, ttl: IP_TTL, tos: IP_TOS, discover: IP_MTU_DISCOVER, ttlMessage: IP_TTL },
  6: {
    level: SOL_IPV6,
    ttl: IPV6_UNICAST_HOPS,
    tos: IPV6_TCLASS,
    discover: IPV6_MTU_DISCOVER,
    ttlMessage: IPV6_HOPLIMIT,
  },
} as const;

const RECEIVE_OPTIONS = {
  4: [
    { level: SOL_IP, name: IP_RECVERR, label: 'IP_RECVERR' },
    { level: SOL_IP, name: IP_RECVTTL, label: 'IP_RECVTTL' },
  ],
  6: [
    { level: SOL_IPV6, name: IPV6_V6ONLY, label: 'IPV6_V6ONLY' },
    { level: SOL_IPV6, name: IPV6_RECVERR, label: 'IPV6_RECVERR' },
    { level: SOL_IPV6, name: IPV6_RECVHOPLIMIT, label: 'IPV6_RECVHOPLIMIT' },
  ],
} as const;

const BATCH_SLOTS = 32;
/** More than a receive buffer holds, so that a flood cannot keep `receive` from returning. */
const BATCHES_MAX = 256;
const PACKET_BYTES = 2048;
/** A timespec of 16 bytes, an int, an extended error with a sockaddr_in6; with their headers. */
const CONTROL_BYTES = 3 * CMSGHDR.bytes + 16 + 8 + 48;
/** An ICMP error that has arrived fails the next call, once: a datagram is tried so many times. */
const SEND_ATTEMPTS = 4;

/** One socket. What it receives is told apart from foreign datagrams by whoever reads it. */
export class DatagramSocket {
  readonly fd: number;
  readonly #family: IpFamily;
  readonly #scopeId: number | undefined;
  readonly #arena: MessageArena;
  readonly #ownsArena: boolean;
  readonly #view: DataView;
  #fields: HeaderFields = { ttl: -1, tos: -1, dontFragment: false };
  #isOpen = true;

  /**
   * @throws {SystemCallError} EADDRINUSE when the port is taken, EACCES for a ping socket that this
   *   group may not have
   */
  constructor(options: DatagramSocketOptions) {
    const { family, protocol, source: address, port, scopeId, device } = options;
    const icmp = family === 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6;
    const kind = { family, type: SOCK_DGRAM, protocol: protocol === 'icmp' ? icmp : 0 };
    this.#family = family;
    this.#scopeId = scopeId;
    this.fd = openSocket(kind, (fd) => {
      for (const option of RECEIVE_OPTIONS[family]) setOption(fd, option, 1);
      setOption(fd, { level: SOL_SOCKET, name: SO_TIMESTAMPNS, label: 'SO_TIMESTAMPNS' }, 1);
      if (device !== undefined) bindToDevice(fd, device);
      const name = encodeSocketAddress({ address, port, scopeId });
      checked('bind', libc().bind(fd, name, name.length));
    });
    this.#ownsArena = options.arena === undefined;
    this.#arena = options.arena ?? datagramArena();
    this.#view = new DataView(this.#arena.bytes.buffer);
  }

  /**
   * Sends one datagram.
   *
   * @param bytes UDP: the payload; ICMP: from the ICMP header on
   * @returns the kernel's reason not to, an errno name; undefined when it went out
   */
  send(
    bytes: Uint8Array,
    to: { readonly address: Uint8Array; readonly port: number },
    fields: HeaderFields,
  ): string | undefined {
    this.#setFields(fields);
    const name = encodeSocketAddress({ ...to, scopeId: this.#scopeId });
    let error = 0;
    for (let attempt = 0; attempt < SEND_ATTEMPTS; attempt++) {
      const { sendto, errno } = libc();
      if (sendto(this.fd, bytes, bytes.length, 0, name, name.length) !== -1) return undefined;
      error = errno();
      if (error === EAGAIN) break;
    }
    return errnoName(error);
  }

  /** Hands over all that has arrived, errors first. @returns how many there were */
  receive(take: (datagram: ReceivedDatagram) => void): number {
    return this.#drain(MSG_ERRQUEUE, take) + this.#drain(0, take);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    checked('close', libc().close(this.fd));
    if (this.#ownsArena) this.#arena.release();
  }

  #setFields(fields: HeaderFields): void {
    const { level, ttl, tos, discover } = FAMILIES[this.#family];
    const before = this.#fields;
    if (fields.ttl !== before.ttl)
      setOption(this.fd, { level, name: ttl, label: 'TTL' }, fields.ttl);
    if (fields.tos !== before.tos)
      setOption(this.fd, { level, name: tos, label: 'TOS' }, fields.tos);
    if (fields.dontFragment !== before.dontFragment || before.ttl === -1) {
      const mode = fields.dontFragment ? IP_PMTUDISC_PROBE : IP_PMTUDISC_DONT;
      setOption(this.fd, { level, name: discover, label: 'MTU_DISCOVER' }, mode);
    }
    this.#fields = { ...fields };
  }

  #drain(flags: number, take: (datagram: ReceivedDatagram) => void): number {
    let total = 0;
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      const count = this.#receiveBatch(flags);
      for (let slot = 0; slot < count; slot++) {
        const datagram = this.#read(slot, flags === MSG_ERRQUEUE);
        if (datagram !== undefined) take(datagram);
      }
      total += count;
      if (count < BATCH_SLOTS) break;
    }
    return total;
  }

  #receiveBatch(flags: number): number {
    if (!this.#isOpen) return 0;
    for (let slot = 0; slot < BATCH_SLOTS; slot++) this.#arena.prepareToReceive(slot);
    const { recvmmsg, errno } = libc();
    for (let attempt = 0; attempt < SEND_ATTEMPTS; attempt++) {
      const count = recvmmsg(this.fd, this.#arena.headerAddress(0), BATCH_SLOTS, flags, null);
      if (count !== -1) return count;
      const error = errno();
      if (error === EAGAIN) return 0;
      // Errors of the queue are told here once more, by their errno: they were read already.
      if (flags === MSG_ERRQUEUE) throw new SystemCallError('recvmmsg', error);
    }
    return 0;
  }

  #read(slot: number, isError: boolean): ReceivedDatagram | undefined {
    const arena = this.#arena;
    const nameAt = arena.nameOffset(slot);
    const controls = this.#controlsOf(slot);
    if (isError && controls.error === undefined) return undefined; // an error of our own host
    return {
      bytes: arena.receivedPacket(slot),
      peer: this.#addressAt(nameAt),
      peerPort: this.#view.getUint16(nameAt + 2),
      ...controls,
    };
  }

  #controlsOf(slot: number): Pick<ReceivedDatagram, 'realtimeUs' | 'ttl' | 'error'> {
    const view = this.#view;
    const { level: familyLevel, ttlMessage } = FAMILIES[this.#family];
    const recvError = this.#family === 4 ? IP_RECVERR : IPV6_RECVERR;
    const start = this.#arena.controlOffset(slot);
    const end = start + this.#arena.controlLength(slot);
    const controls = { realtimeUs: 0, ttl: 0, error: undefined as IcmpErrorNotice | undefined };
    for (let at = messageAt(view, start, end); at >= 0; at = messageAfter(view, at, end)) {
      const level = view.getUint32(at + CMSGHDR.level, true);
      const type = view.getUint32(at + CMSGHDR.type, true);
      const data = at + CMSGHDR.bytes;
      if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) {
        controls.realtimeUs = timespecUs(view, data);
      } else if (level === familyLevel && type === ttlMessage) {
        controls.ttl = view.getUint32(data, true) & 0xff;
      } else if (level === familyLevel && type === recvError) {
        controls.error = this.#errorAt(data);
      }
    }
    return controls;
  }

  #errorAt(at: number): IcmpErrorNotice | undefined {
    const origin = this.#view.getUint8(at + EXTENDED_ERR.origin);
    if (origin !== SO_EE_ORIGIN_ICMP && origin !== SO_EE_ORIGIN_ICMP6) return undefined;
    return {
      from: this.#addressAt(at + EXTENDED_ERR.bytes),
      type: this.#view.getUint8(at + EXTENDED_ERR.type),
      code: this.#view.getUint8(at + EXTENDED_ERR.code),
      value: this.#view.getUint32(at + EXTENDED_ERR.value, true),
    };
  }

  #addressAt(at: number): Uint8Array {
    return addressIn(this.#arena.bytes.subarray(at, at + 28));
  }
}
