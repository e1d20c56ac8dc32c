/**
 * One block of memory that holds everything sendmmsg and recvmmsg touch: message headers, their
 * vectors, socket addresses, control messages and the packets. All pointers in it are written once
 * and point into it, so a garbage collection can take nothing from under the kernel.
 */

import { IOVEC, MMSGHDR, MSG_TRUNC } from './linux-abi.ts';
import { giveBack, type MemoryBlock } from './memory.ts';

/** What the arena has to hold; all in bytes but `slots`. */
export interface ArenaShape {
  readonly slots: number;
  /** Room for one packet, a multiple of 8. */
  readonly packetBytes: number;
  /** Room in front of each packet that the kernel leaves alone, a multiple of 8. */
  readonly headroomBytes: number;
  /** Room for control messages per slot, a multiple of 8. */
  readonly controlBytes: number;
  /** Whether all messages have one socket address, or each its own. */
  readonly names: 'one' | 'each';
}

/** Where each part starts, as byte offsets in the block. */
export interface ArenaLayout {
  readonly headers: number;
  readonly vectors: number;
  readonly names: number;
  readonly nameStride: number;
  readonly controls: number;
  readonly packets: number;
  /** Headroom and packet. */
  readonly packetStride: number;
  readonly totalBytes: number;
}

/** Room for one socket address: the longest, sockaddr_in6, has 28 bytes. */
const NAME_BYTES = 32;

/** Computes a layout in which every part is aligned to 8 bytes, in the order of `ArenaLayout`. */
export function arenaLayout(shape: ArenaShape): ArenaLayout {
  for (const size of [shape.packetBytes, shape.headroomBytes, shape.controlBytes])
    if (size % 8 !== 0) throw new RangeError(`sizes must be multiples of 8, got ${size}`);
  const nameStride = shape.names === 'one' ? 0 : NAME_BYTES;
  const packetStride = shape.headroomBytes + shape.packetBytes;
  const vectors = shape.slots * MMSGHDR.bytes;
  const names = vectors + shape.slots * IOVEC.bytes;
  const controls = names + (shape.names === 'one' ? NAME_BYTES : shape.slots * NAME_BYTES);
  const packets = controls + shape.slots * shape.controlBytes;
  const totalBytes = packets + shape.slots * packetStride;
  return { headers: 0, vectors, names, nameStride, controls, packets, packetStride, totalBytes };
}

/** The arena over one block, which it owns. Slot numbers are checked: the kernel checks nothing. */
export class MessageArena {
  readonly shape: ArenaShape;
  readonly layout: ArenaLayout;
  /** The whole block; all offsets that this folder hands out are offsets in it. */
  readonly bytes: Uint8Array;
  readonly #block: MemoryBlock;
  readonly #words: Uint32Array;
  readonly #packetViews: Uint8Array[] = [];

  /**
   * @param takeBlock makes a block of at least so many zero bytes: `takeMemory`, or in tests
   *   something that needs no libc
   */
  constructor(shape: ArenaShape, takeBlock: (lengthBytes: number) => MemoryBlock) {
    this.shape = shape;
    this.layout = arenaLayout(shape);
    this.#block = takeBlock(this.layout.totalBytes);
    this.bytes = new Uint8Array(this.#block.buffer);
    this.#words = new Uint32Array(this.#block.buffer);
    this.#writePointers();
    for (let slot = 0; slot < shape.slots; slot++) {
      this.prepareToReceive(slot);
      this.#packetViews.push(new Uint8Array(0));
    }
  }

  /** Foreign address of a slot's `mmsghdr`; those of the slots after it follow. */
  headerAddress(slot: number): bigint {
    return this.#block.address + BigInt(this.#header(slot));
  }

  /** Offset of the socket address of a slot's message. */
  nameOffset(slot: number): number {
    this.#header(slot);
    return this.layout.names + slot * this.layout.nameStride;
  }

  /** Offset of the control messages that came with a slot's message. */
  controlOffset(slot: number): number {
    this.#header(slot);
    return this.layout.controls + slot * this.shape.controlBytes;
  }

  /** Offset of a slot's headroom; its packet follows. */
  packetOffset(slot: number): number {
    this.#header(slot);
    return this.layout.packets + slot * this.layout.packetStride;
  }

  /** Bytes of control messages that came with a slot's message. */
  controlLength(slot: number): number {
    return this.#words[(this.#header(slot) + MMSGHDR.controlLength) >> 2] as number;
  }

  /** Whether a slot's packet was longer than the slot. */
  isTruncated(slot: number): boolean {
    const flags = this.#words[(this.#header(slot) + MMSGHDR.flags) >> 2] as number;
    return (flags & MSG_TRUNC) !== 0;
  }

  /**
   * Headroom and received packet of a slot, as one view. It is valid until the next receive, and
   * the same object as last time when the length is the same: replies seldom differ in length.
   */
  receivedPacket(slot: number): Uint8Array {
    const received = this.#words[(this.#header(slot) + MMSGHDR.length) >> 2] as number;
    const length = this.shape.headroomBytes + Math.min(received, this.shape.packetBytes);
    const view = this.#packetViews[slot] as Uint8Array;
    if (view.length === length) return view;
    const start = this.packetOffset(slot);
    const fresh = this.bytes.subarray(start, start + length);
    this.#packetViews[slot] = fresh;
    return fresh;
  }

  /** Sets the lengths that recvmmsg reads and overwrites; needed again after every message. */
  prepareToReceive(slot: number): void {
    const header = this.#header(slot);
    this.#words[(header + MMSGHDR.nameLength) >> 2] = NAME_BYTES;
    this.#words[(header + MMSGHDR.controlLength) >> 2] = this.shape.controlBytes;
    this.#words[(header + MMSGHDR.flags) >> 2] = 0;
  }

  /** Makes a slot's message one of `lengthBytes` to a socket address of `nameLength` bytes. */
  prepareToSend(slot: number, lengthBytes: number, nameLength: number): void {
    const header = this.#header(slot);
    if (lengthBytes > this.shape.packetBytes)
      throw new RangeError(`slot ${slot} has ${this.shape.packetBytes} bytes, not ${lengthBytes}`);
    this.#words[(header + MMSGHDR.nameLength) >> 2] = nameLength;
    this.#words[(this.layout.vectors + slot * IOVEC.bytes + IOVEC.length) >> 2] = lengthBytes;
  }

  /** Gives the memory back: only after the socket is closed, and only once. */
  release(): void {
    giveBack(this.#block);
  }

  #header(slot: number): number {
    if (!(slot >= 0 && slot < this.shape.slots) || !Number.isInteger(slot))
      throw new RangeError(`slot ${slot} is not one of ${this.shape.slots}`);
    return slot * MMSGHDR.bytes;
  }

  #writePointers(): void {
    const { address, buffer } = this.#block;
    const view = new DataView(buffer);
    const point = (at: number, to: number): void =>
      view.setBigUint64(at, address + BigInt(to), true);
    for (let slot = 0; slot < this.shape.slots; slot++) {
      const header = this.#header(slot);
      const vector = this.layout.vectors + slot * IOVEC.bytes;
      point(header + MMSGHDR.name, this.nameOffset(slot));
      point(header + MMSGHDR.vectors, vector);
      view.setUint32(header + MMSGHDR.vectorCount, 1, true);
      if (this.shape.controlBytes > 0) point(header + MMSGHDR.control, this.controlOffset(slot));
      point(vector + IOVEC.base, this.packetOffset(slot) + this.shape.headroomBytes);
      view.setUint32(vector + IOVEC.length, this.shape.packetBytes, true);
    }
  }
}
