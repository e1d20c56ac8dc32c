/**
 * Reads the frames of a receive ring (TPACKET_V2) in the memory that the kernel writes them to. The
 * kernel fills frame after frame and sets its status last; who reads sets it back. Nothing of a
 * frame is handed over but a copy, and nothing is believed but what is inside the frame.
 */

import { addWords, foldSum } from '../lib/checksum.ts';
import type { IpFamily } from '../lib/ip-address.ts';
import {
  PACKET_OUTGOING,
  SOCKADDR_LL,
  TP_STATUS_KERNEL,
  TP_STATUS_USER,
  TPACKET2,
} from './linux-abi.ts';
import { IP_HEADER_BYTES } from './ring-filters.ts';

/** Header, address and up to 176 bytes of a packet. */
export const FRAME_BYTES = 256;
/** Where packets start at the earliest: behind the frame's header and address. */
const PACKET_AT_MIN = 52;
const WORDS = FRAME_BYTES / 4;

/** Takes a packet from its IP header on, and CLOCK_REALTIME in microseconds. */
export type TakeFrame = (packet: Uint8Array, realtimeUs: number) => void;

/**
 * The reading side. With `seesSent` there are two cursors: `sent` looks ahead for packets that
 * left, and `received` follows it, so that no reply is read before it is known when its probe left.
 */
export class RingReader {
  readonly #family: IpFamily;
  readonly #seesSent: boolean;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #frames: number;
  readonly #copy = new Uint8Array(FRAME_BYTES);
  readonly #copyWords = new Int32Array(this.#copy.buffer);
  readonly #views: Uint8Array[];
  /** The frame to hand over next. */
  #at = 0;
  /** How many frames from there on `sent` has seen. */
  #seen = 0;
  #damaged = 0;

  /** @param buffer whole frames, all the kernel's at first */
  constructor(buffer: ArrayBuffer, { family, seesSent }: { family: IpFamily; seesSent: boolean }) {
    this.#family = family;
    this.#seesSent = seesSent;
    this.#words = new Int32Array(buffer);
    this.#bytes = new Uint8Array(buffer);
    this.#frames = buffer.byteLength / FRAME_BYTES;
    this.#views = Array.from({ length: FRAME_BYTES }, (_, length) =>
      this.#copy.subarray(0, length),
    );
  }

  /**
   * Packets to us that the kernel would have thrown away unseen: their header has a wrong checksum,
   * or they are shorter than it says.
   */
  get damaged(): number {
    return this.#damaged;
  }

  /** Hands over packets that left, with what was kept of them. They stay in the ring. */
  sent(take: TakeFrame): void {
    if (!this.#seesSent) return;
    for (; this.#seen < this.#frames; this.#seen++) {
      const frame = (this.#at + this.#seen) % this.#frames;
      if (!this.#isOurs(frame)) return;
      if (!this.#hasLeft(frame)) continue;
      const length = this.#copyOf(frame);
      if (length > 0) take(this.#view(length), this.#realtimeUs(frame));
    }
  }

  /**
   * Hands over packets that came, and gives all frames up to there back to the kernel.
   *
   * @returns how many packets there were
   */
  received(take: TakeFrame): number {
    let count = 0;
    for (let read = 0; read < this.#frames; read++) {
      const frame = this.#at;
      if (this.#seesSent ? this.#seen === 0 : !this.#isOurs(frame)) break;
      const isReply = !this.#hasLeft(frame);
      const length = isReply ? this.#wholeLength(this.#copyOf(frame)) : 0;
      const realtimeUs = this.#realtimeUs(frame);
      Atomics.store(this.#words, frame * WORDS + TPACKET2.status / 4, TP_STATUS_KERNEL);
      this.#at = (frame + 1) % this.#frames;
      if (this.#seesSent) this.#seen--;
      if (!isReply) continue;
      if (length === 0) {
        this.#damaged++;
        continue;
      }
      count++;
      take(this.#view(length), realtimeUs);
    }
    return count;
  }

  /** Read in order with what the kernel wrote before: this load is sequentially consistent. */
  #isOurs(frame: number): boolean {
    const status = Atomics.load(this.#words, frame * WORDS + TPACKET2.status / 4);
    return (status & TP_STATUS_USER) !== 0;
  }

  #hasLeft(frame: number): boolean {
    const at = frame * FRAME_BYTES + TPACKET2.address + SOCKADDR_LL.packetType;
    return this.#bytes[at] === PACKET_OUTGOING;
  }

  #realtimeUs(frame: number): number {
    const at = frame * WORDS;
    const seconds = (this.#words[at + TPACKET2.seconds / 4] ?? 0) >>> 0;
    const nanoseconds = (this.#words[at + TPACKET2.nanoseconds / 4] ?? 0) >>> 0;
    return seconds * 1e6 + Math.floor(nanoseconds / 1000);
  }

  /** Copies what the frame has of the packet; returns how much, 0 where it makes no sense. */
  #copyOf(frame: number): number {
    const start = frame * FRAME_BYTES;
    const captured = (this.#words[(start + TPACKET2.captured) / 4] ?? 0) >>> 0;
    const at = start + TPACKET2.networkHeader;
    const offset = (this.#bytes[at] ?? 0) | ((this.#bytes[at + 1] ?? 0) << 8);
    // The kernel aligns packets to 16 bytes.
    if (offset < PACKET_AT_MIN || offset % 4 !== 0 || offset + captured > FRAME_BYTES) return 0;
    const [words, copy, from] = [this.#words, this.#copyWords, (start + offset) / 4];
    const length = (captured + 3) >> 2;
    for (let i = 0; i < length; i++) copy[i] = words[from + i] as number;
    return captured;
  }

  /**
   * Length of the copied packet as its header says, without what pads a short frame; 0 where the
   * kernel would not have taken it: wrong version or length, or a wrong checksum in IPv4.
   */
  #wholeLength(captured: number): number {
    const copy = this.#copy;
    const version = (copy[0] as number) >> 4;
    if (version !== this.#family) return 0;
    if (version === 6) {
      const length = IP_HEADER_BYTES[6] + (((copy[4] as number) << 8) | (copy[5] as number));
      return captured < length ? 0 : length;
    }
    const headerBytes = 4 * ((copy[0] as number) & 0x0f);
    const length = ((copy[2] as number) << 8) | (copy[3] as number);
    if (headerBytes < IP_HEADER_BYTES[4] || length < headerBytes || captured < length) return 0;
    return foldSum(addWords(0, copy, 0, headerBytes)) === 0xffff ? length : 0;
  }

  #view(length: number): Uint8Array {
    return this.#views[length] as Uint8Array;
  }
}
