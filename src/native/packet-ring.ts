/**
 * A receive ring (PACKET_RX_RING): packets of one device, as they come and as they leave, in memory
 * that the kernel shares with us; no system call hands them over. Each is there as soon as it came
 * (TPACKET_V2; version 3 keeps them until a block is full or its time is up).
 *
 * It opens in some 10 to 20 ms and closes in 20 to 40, as the kernel waits for all processors.
 */

import type { BpfProgram } from './bpf.ts';
import { checked, libc } from './libc.ts';
import {
  AF_PACKET,
  ETH_P_ALL,
  PACKET_RX_RING,
  PACKET_STATISTICS,
  PACKET_VERSION,
  SO_ERROR,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOL_PACKET,
  SOL_SOCKET,
  TPACKET_V2,
} from './linux-abi.ts';
import { giveSharedBack, type MemoryBlock, takeShared } from './memory.ts';
import type { RingTraits } from './ring-filters.ts';
import { FRAME_BYTES, RingReader, type TakeFrame } from './ring-reader.ts';
import { attachFilter, readOption, setOption } from './socket.ts';
import { ETHER_TYPES, encodeLinkAddress } from './socket-address.ts';

/** The kernel looks for blocks of so many pages in one piece. */
const BLOCK_BYTES = 65_536;
/** Room for 65,536 packets. */
const RING_BYTES = 16 * 1024 * 1024;

export interface PacketRingOptions extends Pick<RingTraits, 'family' | 'device'> {
  /** Sees packets from the IP header on. */
  readonly filter: BpfProgram;
  /** Whether the filter passes packets that leave. */
  readonly seesSent: boolean;
}

/** A ring, and the socket that it belongs to, which is readable while packets wait. */
export class PacketRing {
  readonly fd: number;
  readonly #memory: MemoryBlock;
  readonly #reader: RingReader;
  #drops = 0;
  #isOpen = true;

  /** @throws {SystemCallError} EPERM without CAP_NET_RAW, ENODEV for an unknown device */
  constructor({ family, device, filter, seesSent }: PacketRingOptions) {
    const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    // Protocol 0: it receives nothing until it is bound.
    this.fd = checked('socket', libc().socket(AF_PACKET, type, 0));
    let memory: MemoryBlock | undefined;
    try {
      attachFilter(this.fd, filter);
      setOption(this.fd, option(PACKET_VERSION, 'PACKET_VERSION'), TPACKET_V2);
      setOption(this.fd, option(PACKET_RX_RING, 'PACKET_RX_RING'), RING_REQUEST);
      memory = takeShared(this.fd, RING_BYTES);
      // Only sockets of every protocol are shown, and cost, what leaves.
      const protocol = seesSent ? ETH_P_ALL : ETHER_TYPES[family];
      const name = encodeLinkAddress({ protocol, device });
      checked('bind', libc().bind(this.fd, name, name.length));
    } catch (error) {
      libc().close(this.fd);
      if (memory !== undefined) giveSharedBack(memory);
      throw error;
    }
    this.#memory = memory;
    this.#reader = new RingReader(memory.buffer, { family, seesSent });
  }

  /** Hands over packets that left since the last call; with `seesSent` to call before `receive`. */
  sent(take: TakeFrame): void {
    if (this.#isOpen) this.#reader.sent(take);
  }

  /**
   * Hands over packets that came, oldest first; with `seesSent`, as far as `sent` has looked.
   *
   * @param take gets a view that is valid only during the call
   * @returns how many there were
   */
  receive(take: TakeFrame): number {
    if (!this.#isOpen) return 0;
    const count = this.#reader.received(take);
    // A device that goes down is an error, which would keep the socket readable until it is read.
    if (count === 0) readOption(this.fd, ERROR, 1);
    return count;
  }

  /** Packets that passed the filter and found no frame free, up to now. */
  droppedPackets(): number {
    this.#countDrops();
    return this.#drops;
  }

  /** Packets to us whose IP header was damaged, which the kernel throws away as well. */
  get damaged(): number {
    return this.#reader.damaged;
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#countDrops();
    this.#isOpen = false;
    checked('close', libc().close(this.fd));
    giveSharedBack(this.#memory);
  }

  /** `struct tpacket_stats`: packets, drops. */
  #countDrops(): void {
    if (!this.#isOpen) return;
    const statistics = readOption(this.fd, option(PACKET_STATISTICS, 'PACKET_STATISTICS'), 2);
    this.#drops += statistics[1] as number;
  }
}

const ERROR = { level: SOL_SOCKET, name: SO_ERROR, label: 'SO_ERROR' };

/** `struct tpacket_req`. */
const RING_REQUEST = Uint32Array.of(
  BLOCK_BYTES,
  RING_BYTES / BLOCK_BYTES,
  FRAME_BYTES,
  RING_BYTES / FRAME_BYTES,
);

function option(name: number, label: string): { level: number; name: number; label: string } {
  return { level: SOL_PACKET, name, label };
}
