/**
 * Sends whole IP packets, header included, to one destination. Routing follows the destination
 * given here, not the one in the packets.
 */

import { familyOf } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_PROBE,
  IP_RECVERR,
  IPPROTO_RAW,
  IPV6_MTU_DISCOVER,
  IPV6_RECVERR,
  SOCK_RAW,
  SOL_IP,
  SOL_IPV6,
} from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { bindToDevice, openSocket, setOption } from './socket.ts';
import { encodeSocketAddress } from './socket-address.ts';
import { errnoName } from './system-error.ts';

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

export interface RawSenderOptions {
  /** 4 or 16 bytes, network order. */
  readonly destination: Uint8Array;
  /** Interface index of a link-local destination. */
  readonly scopeId?: number | undefined;
  /** Name of the device to leave by. */
  readonly device?: string | undefined;
  readonly slots: number;
  /** A multiple of 8. */
  readonly slotBytes: number;
}

/** `accepted` packets went out; `error`, an errno name, is why the next did not. */
export interface SendOutcome {
  readonly accepted: number;
  readonly error: string | undefined;
}

/** A socket that sends, and the room for its packets. */
export class RawSender {
  readonly slots: number;
  readonly slotBytes: number;
  /** Slot i is `packets[i·slotBytes, i·slotBytes + lengths[i])`; off limits after `close`. */
  readonly packets: Uint8Array;
  readonly lengths: Uint16Array;
  readonly #arena: MessageArena;
  readonly #nameLength: number;
  #fd: number;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW, ENODEV for an unknown device */
  constructor({ destination, scopeId, device, slots, slotBytes }: RawSenderOptions) {
    const family = familyOf(destination);
    this.#fd = openSocket({ family, type: SOCK_RAW, protocol: IPPROTO_RAW }, (fd) => {
      for (const option of OPTIONS[family]) setOption(fd, option, option.value);
      if (device !== undefined) bindToDevice(fd, device);
    });
    const shape = { slots, packetBytes: slotBytes, headroomBytes: 0, controlBytes: 0 };
    this.#arena = new MessageArena({ ...shape, names: 'one' }, takeMemory);
    const name = encodeSocketAddress({ address: destination, port: 0, scopeId });
    this.#arena.bytes.set(name, this.#arena.nameOffset(0));
    this.#nameLength = name.length;
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
    for (let slot = 0; slot < count; slot++)
      arena.prepareToSend(slot, this.lengths[slot] as number, this.#nameLength);
    let accepted = 0;
    while (accepted < count) {
      const sent = libc().sendmmsg(this.#fd, arena.headerAddress(accepted), count - accepted, 0);
      // sendmmsg tells the error of a packet only when that packet is its first.
      if (sent === -1) return { accepted, error: errnoName(libc().errno()) };
      accepted += sent;
    }
    return { accepted, error: undefined };
  }

  close(): void {
    if (this.#fd === -1) return;
    checked('close', libc().close(this.#fd));
    this.#fd = -1; // the number may become another file's
    this.#arena.release();
  }
}
