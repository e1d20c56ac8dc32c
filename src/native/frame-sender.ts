/**
 * Sends whole IP packets to neighbours, by a packet socket: past routing, the firewall and the
 * tracking of connections of this host, which is most of what a raw socket costs.
 */

import type { IpFamily } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import { AF_PACKET, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCKADDR_LL } from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { type SendOutcome, sendMessages } from './send-messages.ts';
import { ETHER_TYPES, encodeLinkAddress } from './socket-address.ts';

/** Where headers have the destination address. */
const DESTINATION_AT = { 4: 16, 6: 24 } as const;

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

/** All of them, and which packet goes to whom. */
export interface NextHops {
  /** One at least. */
  readonly hops: readonly NextHop[];
  /**
   * Asked where there are several.
   *
   * @param at offset of the destination address of a packet, network order
   * @returns the place in `hops`
   */
  choose(bytes: Uint8Array, at: number): number;
}

export interface FrameSenderOptions {
  readonly nextHops: NextHops;
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
  readonly #nextHops: NextHops;
  /** Socket addresses of the next hops, in their order. */
  readonly #names: readonly Uint8Array[];
  readonly #destinationAt: number;
  #fd: number;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW */
  constructor({ family, nextHops, slots, slotBytes }: FrameSenderOptions) {
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    // Protocol 0: it receives nothing.
    this.#fd = checked('socket', libc().socket(AF_PACKET, type, 0));
    const shape = { slots, packetBytes: slotBytes, headroomBytes: 0, controlBytes: 0 };
    const names = nextHops.hops.length === 1 ? 'one' : 'each';
    this.#arena = new MessageArena({ ...shape, names }, takeMemory);
    this.#nextHops = nextHops;
    this.#names = nextHops.hops.map((hop) =>
      encodeLinkAddress({ protocol: ETHER_TYPES[family], ...hop }),
    );
    this.#destinationAt = DESTINATION_AT[family];
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
    this.#aim(count);
    return sendMessages(this.#fd, arena, count);
  }

  /** Writes whom each packet is for. */
  #aim(count: number): void {
    const { hops } = this.#nextHops;
    for (const [i, { neighbour }] of hops.entries()) {
      this.#names[i]?.set(neighbour, SOCKADDR_LL.address);
    }
    const named = hops.length === 1 ? 1 : count;
    for (let slot = 0; slot < named; slot++) {
      const at = slot * this.slotBytes + this.#destinationAt;
      const hop = hops.length === 1 ? 0 : this.#nextHops.choose(this.packets, at);
      this.#arena.bytes.set(this.#names[hop] as Uint8Array, this.#arena.nameOffset(slot));
    }
  }

  close(): void {
    if (this.#fd === -1) return;
    checked('close', libc().close(this.#fd));
    this.#fd = -1; // the number may become another file's
    this.#arena.release();
  }
}
