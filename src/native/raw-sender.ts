/**
 * Sends whole IP packets, header included, to where their headers say.
 */

import { type IpFamily, isSameAddress } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import {
  CMSGHDR,
  IP_MTU_DISCOVER,
  IP_PKTINFO,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IPPROTO_RAW,
  IPV6_MTU_DISCOVER,
  IPV6_PKTINFO,
  IPV6_RECVERR,
  SOCK_RAW,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOL_IP,
  SOL_IPV6,
} from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { type SendOutcome, sendMessages } from './send-messages.ts';
import { SendStamps } from './send-stamps.ts';
import { bindToDevice, openSocket, setMark, setOption } from './socket.ts';
import { encodeSocketAddress } from './socket-address.ts';

/**
 * Options per family. With IP_PMTUDISC_PROBE a forged "fragmentation needed" cannot make the kernel
 * refuse our packets. Without IP_RECVERR it reports packets that a full queue dropped as sent.
 */
const OPTIONS = {
  4: [
    { level: SOL_IP, name: IP_MTU_DISCOVER, label: 'IP_MTU_DISCOVER', value: IP_PMTUDISC_PROBE },
    { level: SOL_IP, name: IP_RECVERR, label: 'IP_RECVERR', value: 1 },
  ],
  6: [
    {
      level: SOL_IPV6,
      name: IPV6_MTU_DISCOVER,
      label: 'IPV6_MTU_DISCOVER',
      value: IP_PMTUDISC_PROBE,
    },
    { level: SOL_IPV6, name: IPV6_RECVERR, label: 'IPV6_RECVERR', value: 1 },
  ],
} as const;

/**
 * The control message that names the device a packet leaves by: `struct in_pktinfo` begins with its
 * index, `struct in6_pktinfo` ends with it. Zeros leave all else to the kernel.
 */
const PACKET_INFO = {
  4: { level: SOL_IP, type: IP_PKTINFO, dataBytes: 12, indexAt: 0 },
  6: { level: SOL_IPV6, type: IPV6_PKTINFO, dataBytes: 20, indexAt: 16 },
} as const;
/** Room for the longer of the two, padded to 8 bytes. */
const CONTROL_BYTES: number = CMSGHDR.bytes + 24;

/** Where an IP header and a socket address have the destination (RFC 791 §3.1, RFC 8200 §3). */
const DESTINATION = {
  4: { inPacket: 16, inName: SOCKADDR_IN.address, bytes: 4 },
  6: { inPacket: 24, inName: SOCKADDR_IN6.address, bytes: 16 },
} as const;

/** Which device packets to a destination leave by. */
export interface DevicesOfPorts {
  /** 4 or 16 bytes, network order; undefined for every one. */
  readonly destination?: Uint8Array | undefined;
  /**
   * Index of the device, 0 for the kernel's choice: by source port, 65,536 of them. Read at every
   * `send`.
   */
  readonly deviceOfPort: Uint32Array;
}

export interface RawSenderOptions {
  readonly family: IpFamily;
  /** Interface index of link-local destinations. */
  readonly scopeId?: number | undefined;
  /** Name of the device to leave by. */
  readonly device?: string | undefined;
  /** Which devices packets leave by; undefined where the kernel chooses for all. */
  readonly devices?: readonly DevicesOfPorts[] | undefined;
  /** Mark of the packets, for routing and firewalls of this host. */
  readonly mark?: number | undefined;
  /** Whether `sendTimes` is to tell when packets left; false unless told. */
  readonly hasSendTimes?: boolean | undefined;
  readonly slots: number;
  /** A multiple of 8. */
  readonly slotBytes: number;
}

/** A socket that sends, and the room for its packets. */
export class RawSender {
  readonly slots: number;
  readonly slotBytes: number;
  /** Slot i is `packets[i·slotBytes, i·slotBytes + lengths[i])`; off limits after `close`. */
  readonly packets: Uint8Array;
  readonly lengths: Uint16Array;
  readonly #arena: MessageArena;
  readonly #destinationAt: (typeof DESTINATION)[IpFamily];
  readonly #nameLength: number;
  readonly #family: IpFamily;
  readonly #devices: readonly DevicesOfPorts[];
  #fd: number;
  #stamps: SendStamps | undefined;
  #sent = 0;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW, ENODEV for an unknown device */
  constructor(options: RawSenderOptions) {
    const { family, scopeId, device, mark, devices = [], slots, slotBytes } = options;
    this.#fd = openSocket({ family, type: SOCK_RAW, protocol: IPPROTO_RAW }, (fd) => {
      for (const option of OPTIONS[family]) setOption(fd, option, option.value);
      if (device !== undefined) bindToDevice(fd, device);
      if (mark !== undefined) setMark(fd, mark);
      if (options.hasSendTimes === true) this.#stamps = new SendStamps(fd);
    });
    const controlBytes = devices.length === 0 ? 0 : CONTROL_BYTES;
    const shape = { slots, packetBytes: slotBytes, headroomBytes: 0, controlBytes };
    this.#arena = new MessageArena({ ...shape, names: 'each' }, takeMemory);
    this.#family = family;
    this.#devices = devices;
    if (devices.length > 0) this.#writePacketInfo(slots);
    const address = new Uint8Array(family === 4 ? 4 : 16);
    const name = encodeSocketAddress({ address, port: 0, scopeId });
    for (let slot = 0; slot < slots; slot++) {
      this.#arena.bytes.set(name, this.#arena.nameOffset(slot));
    }
    this.#nameLength = name.length;
    this.#destinationAt = DESTINATION[family];
    this.slots = slots;
    this.slotBytes = slotBytes;
    const start = this.#arena.packetOffset(0);
    this.packets = this.#arena.bytes.subarray(start, start + slots * slotBytes);
    this.lengths = new Uint16Array(slots);
    // The first call takes koffi a millisecond: not one that a round trip is measured in.
    libc().sendmmsg(this.#fd, this.#arena.headerAddress(0), 0, 0);
  }

  /**
   * Sends slots 0 to `count` − 1 in order, up to the first that the kernel refuses.
   *
   * @throws {RangeError} when `count` or one of the lengths does not fit the arena
   */
  send(count: number): SendOutcome {
    const arena = this.#arena;
    if (count > this.slots) throw new RangeError(`cannot send ${count} of ${this.slots} slots`);
    for (let slot = 0; slot < count; slot++) {
      arena.prepareToSend(slot, this.lengths[slot] as number, this.#nameLength);
      this.#address(slot);
      if (this.#devices.length > 0) this.#chooseDevice(slot);
    }
    const outcome = sendMessages(this.#fd, arena, count);
    this.#sent += outcome.accepted;
    if (outcome.error !== undefined) this.#stamps?.restart(this.#sent);
    return outcome;
  }

  /**
   * Hands over when packets left, as far as the kernel has told by now: how many were sent before
   * each, and CLOCK_REALTIME in microseconds.
   */
  sendTimes(take: (sequence: number, realtimeUs: number) => void): void {
    if (this.#fd !== -1) this.#stamps?.drain(take);
  }

  /** Routing follows the address beside a packet: it is the one that the packet has. */
  #address(slot: number): void {
    const { inPacket, inName, bytes } = this.#destinationAt;
    const from = slot * this.slotBytes + inPacket;
    const to = this.#arena.nameOffset(slot) + inName;
    for (let i = 0; i < bytes; i++) this.#arena.bytes[to + i] = this.packets[from + i] as number;
  }

  #writePacketInfo(slots: number): void {
    const { level, type, dataBytes } = PACKET_INFO[this.#family];
    const view = this.#view();
    for (let slot = 0; slot < slots; slot++) {
      const at = this.#arena.controlOffset(slot);
      view.setUint32(at, CMSGHDR.bytes + dataBytes, true);
      view.setUint32(at + CMSGHDR.level, level, true);
      view.setUint32(at + CMSGHDR.type, type, true);
    }
  }

  /** Ports follow the IP header at once: our probes have no options and no extension headers. */
  #chooseDevice(slot: number): void {
    const { inPacket, bytes } = this.#destinationAt;
    const portAt = slot * this.slotBytes + inPacket + bytes;
    const packetDestination = this.packets.subarray(portAt - bytes, portAt);
    const towards = this.#devices.find(
      ({ destination }) =>
        destination === undefined || isSameAddress(destination, packetDestination),
    );
    const port = ((this.packets[portAt] as number) << 8) | (this.packets[portAt + 1] as number);
    const { indexAt } = PACKET_INFO[this.#family];
    const at = this.#arena.controlOffset(slot) + CMSGHDR.bytes + indexAt;
    this.#view().setUint32(at, towards?.deviceOfPort[port] ?? 0, true);
  }

  #view(): DataView {
    return new DataView(this.#arena.bytes.buffer, this.#arena.bytes.byteOffset);
  }

  close(): void {
    if (this.#fd === -1) return;
    checked('close', libc().close(this.#fd));
    this.#fd = -1; // the number may become another file's
    this.#arena.release();
    this.#stamps?.close();
  }
}
