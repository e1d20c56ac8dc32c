/**
 * Receives the packets of one transport protocol that a filter passes, each with the kernel's
 * receive time, in batches and without an object per packet.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import type { BpfProgram } from './bpf.ts';
import { CONTROL_BYTES, type ControlFields, readControlMessages } from './control-messages.ts';
import { checked, libc } from './libc.ts';
import {
  EAGAIN,
  ICMP_FILTER,
  ICMP6_FILTER,
  IPV6_RECVHOPLIMIT,
  IPV6_RECVPKTINFO,
  SK_MEMINFO_DROPS,
  SK_MEMINFO_RCVBUF,
  SK_MEMINFO_RMEM_ALLOC,
  SK_MEMINFO_VARS,
  SO_LOCK_FILTER,
  SO_MEMINFO,
  SO_RCVBUF,
  SO_TIMESTAMPNS,
  SOCK_RAW,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOL_ICMPV6,
  SOL_IPV6,
  SOL_RAW,
  SOL_SOCKET,
} from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { DROP_ALL } from './reply-filters.ts';
import { attachFilter, enlargeReceiveBuffer, openSocket, readOption, setOption } from './socket.ts';
import { SystemCallError } from './system-error.ts';

export interface RawReceiverOptions {
  readonly family: IpFamily;
  /** Protocol number: ICMP, ICMPv6 or a transport protocol. */
  readonly protocol: number;
  /** Sees IPv4 packets from the IP header on, IPv6 packets from the header after it. */
  readonly filter: BpfProgram;
  /** For ICMP: types that may pass; the kernel drops others before it runs the filter. */
  readonly icmpTypes?: readonly number[];
  /** Room that stays free in front of each packet, a multiple of 8. */
  readonly headroomBytes: number;
}

/** One received packet; the object is reused. Offsets are into `RawReceiver.bytes`. */
export interface ReceivedMessage extends ControlFields {
  /** Headroom and packet; in IPv6 without the IPv6 header. Valid until the next receive. */
  packet: Uint8Array;
  /** Whether the packet went on after its slot was full. */
  isTruncated: boolean;
  /** Offset of the sender's address, 4 or 16 bytes. */
  sourceOffset: number;
}

const BATCH_SLOTS = 64;
/** An ICMP error is at most 576 bytes (RFC 1812 §4.3.2.3), in IPv6 1280 (RFC 4443 §2.4 c). */
const PACKET_BYTES = 2048;
/**
 * How much unread data the kernel may hold. It takes twice the number given, and charges some 800
 * bytes per time exceeded: room for 40,000.
 */
const BUFFER_BYTES = 16 * 1024 * 1024;
/**
 * Of the buffer: the kernel drops what finds it full, and it stays so until we read. A drop that
 * finds it emptier than this, before we read, has another reason.
 */
const FULL_SHARE = 0.5;
/** More than a full buffer, so that a flood cannot keep `receive` from returning. */
const BATCHES_PER_RECEIVE_MAX = 1024;

/** A socket that receives, and the room for a batch of its packets. */
export class RawReceiver {
  readonly family: IpFamily;
  readonly fd: number;
  /** The memory that received packets and addresses are in. */
  readonly bytes: Uint8Array;
  /** The buffer that the kernel gave, on the scale of SO_RCVBUF; compare `bufferBytesWanted`. */
  readonly bufferBytes: number;
  readonly bufferBytesWanted: number = BUFFER_BYTES;
  readonly #arena: MessageArena;
  readonly #view: DataView;
  readonly #sourceInName: number;
  readonly #message: ReceivedMessage;
  /** The kernel's counter as it was read last. */
  #countedDrops: number;
  /** Slots that the last batch filled. */
  #filled = 0;
  #bufferDrops = 0;
  #wrongChecksums = 0;
  #isOpen = true;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW */
  constructor({ family, protocol, filter, icmpTypes, headroomBytes }: RawReceiverOptions) {
    this.family = family;
    const shape = { slots: BATCH_SLOTS, packetBytes: PACKET_BYTES, headroomBytes };
    const room = { controlBytes: CONTROL_BYTES, names: 'each' } as const;
    this.#sourceInName = family === 4 ? SOCKADDR_IN.address : SOCKADDR_IN6.address;
    this.fd = openSocket({ family, type: SOCK_RAW, protocol }, (fd) => {
      attachFilter(fd, DROP_ALL);
      enlargeReceiveBuffer(fd, BUFFER_BYTES);
      requestControlMessages(fd, family);
      if (icmpTypes !== undefined) passIcmpTypes(fd, family, icmpTypes);
      discardArrived(fd); // what came in between socket() and the first filter is not ours
      attachFilter(fd, filter);
      setOption(fd, { level: SOL_SOCKET, name: SO_LOCK_FILTER, label: 'SO_LOCK_FILTER' }, 1);
    });
    this.#arena = new MessageArena({ ...shape, ...room }, takeMemory);
    this.bytes = this.#arena.bytes;
    this.#view = new DataView(this.bytes.buffer);
    this.#message = {
      packet: new Uint8Array(0),
      isTruncated: false,
      sourceOffset: -1,
      realtimeUs: 0,
      hopLimit: -1,
      destinationOffset: -1,
    };
    this.bufferBytes = (readOption(this.fd, RCVBUF, 1)[0] as number) / 2;
    this.#countedDrops = this.#readMemory()[SK_MEMINFO_DROPS] as number;
  }

  /**
   * Hands over all packets that have arrived, oldest first.
   *
   * @returns how many there were
   * @throws {SystemCallError}
   */
  receive(take: (message: ReceivedMessage) => void): number {
    let total = 0;
    if (this.family === 6) this.#attributeDrops(); // while the buffer is as full as it was
    for (let batch = 0; batch < BATCHES_PER_RECEIVE_MAX; batch++) {
      const count = this.#receiveBatch();
      for (let slot = 0; slot < count; slot++) take(this.#readMessage(slot));
      total += count;
      if (count < BATCH_SLOTS) break;
    }
    return total;
  }

  /** Packets that passed the filter and found the buffer full, up to now. */
  droppedPackets(): number {
    this.#attributeDrops();
    return this.#bufferDrops;
  }

  /**
   * Packets of ICMPv6 with a wrong checksum, ours or not: Linux throws them away before the filter,
   * and counts them where it counts what found the buffer full.
   */
  wrongChecksums(): number {
    this.#attributeDrops();
    return this.#wrongChecksums;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#attributeDrops();
    this.#isOpen = false;
    checked('close', libc().close(this.fd));
    this.#arena.release();
  }

  /** Fills slots from 0 on; returns how many. */
  #receiveBatch(): number {
    if (!this.#isOpen) return 0; // the descriptor may be another file's by now
    for (let slot = 0; slot < this.#filled; slot++) this.#arena.prepareToReceive(slot);
    this.#filled = 0;
    const { recvmmsg, errno } = libc();
    const count = recvmmsg(this.fd, this.#arena.headerAddress(0), BATCH_SLOTS, 0, null);
    if (count === -1) {
      const error = errno();
      if (error === EAGAIN) return 0;
      throw new SystemCallError('recvmmsg', error);
    }
    this.#filled = count;
    return count;
  }

  /** Describes a slot's message. */
  #readMessage(slot: number): ReceivedMessage {
    const arena = this.#arena;
    const message = this.#message;
    const start = arena.controlOffset(slot);
    readControlMessages(this.#view, { start, end: start + arena.controlLength(slot) }, message);
    message.packet = arena.receivedPacket(slot);
    message.isTruncated = arena.isTruncated(slot);
    message.sourceOffset = arena.nameOffset(slot) + this.#sourceInName;
    return message;
  }

  /** Sorts what was dropped since the last call by its reason. */
  #attributeDrops(): void {
    if (!this.#isOpen) return;
    const memory = this.#readMemory();
    const drops = memory[SK_MEMINFO_DROPS] as number;
    const added = (drops - this.#countedDrops) >>> 0; // the counter has 32 bits
    this.#countedDrops = drops;
    const [waiting, room] = [memory[SK_MEMINFO_RMEM_ALLOC], memory[SK_MEMINFO_RCVBUF]];
    const isEmpty = (waiting as number) < FULL_SHARE * (room as number);
    if (this.family === 6 && isEmpty) this.#wrongChecksums += added;
    else this.#bufferDrops += added;
  }

  /** The kernel's own numbers, exact at all times; SO_RXQ_OVFL waits for another packet. */
  #readMemory(): Uint32Array {
    return readOption(this.fd, MEMINFO, SK_MEMINFO_VARS);
  }
}

const RCVBUF = { level: SOL_SOCKET, name: SO_RCVBUF, label: 'SO_RCVBUF' };
const MEMINFO = { level: SOL_SOCKET, name: SO_MEMINFO, label: 'SO_MEMINFO' };

/** Reads until nothing is left, which ends as long as the socket's filter drops everything new. */
function discardArrived(fd: number): void {
  const rest = new Uint8Array(1);
  while (libc().recv(fd, rest, rest.length, 0) !== -1);
}

function requestControlMessages(fd: number, family: IpFamily): void {
  setOption(fd, { level: SOL_SOCKET, name: SO_TIMESTAMPNS, label: 'SO_TIMESTAMPNS' }, 1);
  if (family === 4) return; // the IP header, which tells the rest, comes with the packet
  setOption(fd, { level: SOL_IPV6, name: IPV6_RECVHOPLIMIT, label: 'IPV6_RECVHOPLIMIT' }, 1);
  setOption(fd, { level: SOL_IPV6, name: IPV6_RECVPKTINFO, label: 'IPV6_RECVPKTINFO' }, 1);
}

/** Both filters are bit sets of types to drop: of 32 types for ICMP, of 256 for ICMPv6. */
function passIcmpTypes(fd: number, family: IpFamily, types: readonly number[]): void {
  const dropped = new Uint8Array(family === 4 ? 4 : 32).fill(0xff);
  for (const type of types) dropped[type >> 3] = (dropped[type >> 3] ?? 0) & ~(1 << (type & 7));
  const option =
    family === 4
      ? { level: SOL_RAW, name: ICMP_FILTER, label: 'ICMP_FILTER' }
      : { level: SOL_ICMPV6, name: ICMP6_FILTER, label: 'ICMP6_FILTER' };
  setOption(fd, option, dropped);
}
