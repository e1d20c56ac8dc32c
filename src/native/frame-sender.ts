/**
 * Sends whole IP packets to one neighbour, by a packet socket: past routing, the firewall and the
 * tracking of connections of this host, which is most of what a raw socket costs.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import { AF_PACKET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCKADDR_LL } from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { type SendOutcome, sendMessages } from './send-messages.ts';
import { ETHER_TYPES, encodeLinkAddress } from './socket-address.ts';

/** Whom to hand packets to. */
export interface NextHop {
  /** Index of the device to leave by. */
  readonly device: number;
  /**
   * The neighbour's link-layer address: 6 bytes on Ethernet. Looked at whenever something is sent,
   * so that whoever gave it may change it.
   */
  readonly neighbour: Uint8Array;
}

export interface FrameSenderOptions extends NextHop {
  readonly family: IpFamily;
  readonly slots: number;
  /** A multiple of 8. */
  readonly slotBytes: number;
}

/** A packet socket that sends, and the room for its packets: used as a `RawSender` is. */
export class FrameSender {
  readonly slots: number;
  readonly slotBytes: number;
  /** Slot i is `packets[i·slotBytes, i·slotBytes + lengths[i])`; off limits after `close`. */
  readonly packets: Uint8Array;
  readonly lengths: Uint16Array;
  readonly #arena: MessageArena;
  readonly #neighbour: Uint8Array;
  #fd: number;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW */
  constructor({ family, device, neighbour, slots, slotBytes }: FrameSenderOptions) {
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    // Protocol 0: it receives nothing.
    this.#fd = checked('socket', libc().socket(AF_PACKET, type, 0));
    const shape = { slots, packetBytes: slotBytes, headroomBytes: 0, controlBytes: 0 };
    this.#arena = new MessageArena({ ...shape, names: 'one' }, takeMemory);
    this.#arena.bytes.set(
      encodeLinkAddress({ protocol: ETHER_TYPES[family], device, neighbour }),
      this.#arena.nameOffset(0),
    );
    this.#neighbour = neighbour;
    this.slots = slots;
    this.slotBytes = slotBytes;
    const start = this.#arena.packetOffset(0);
    this.packets = this.#arena.bytes.subarray(start, start + slots * slotBytes);
    this.lengths = new Uint16Array(slots);
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
      arena.prepareToSend(slot, this.lengths[slot] as number, SOCKADDR_LL.bytes);
    }
    arena.bytes.set(this.#neighbour, arena.nameOffset(0) + SOCKADDR_LL.address);
    return sendMessages(this.#fd, arena, count);
  }

  close(): void {
    if (this.#fd === -1) return;
    checked('close', libc().close(this.#fd));
    this.#fd = -1; // the number may become another file's
    this.#arena.release();
  }
}
