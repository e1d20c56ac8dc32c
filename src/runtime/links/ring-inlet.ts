/** The receive ring of a link: short replies without a system call, and when its probes left. */

import type { PacketArena } from '../../model/packet-link.ts';
import { PacketRing } from '../../native/packet-ring.ts';
import { type RingTraits, type RingWishes, ringFilter } from '../../native/ring-filters.ts';
import type { TakeFrame } from '../../native/ring-reader.ts';
import { packetFingerprint } from './packet-fingerprint.ts';

/** So many last probes are known; the kernel tells of each as it leaves, or never. */
const AWAITED_MAX = 65_536;

/** A ring, and which probes it is to see leaving. */
export class RingInlet {
  readonly fd: number;
  readonly #ring: PacketRing;
  readonly #seesSent: boolean;
  /** By fingerprint, how many packets were accepted before; the oldest first. */
  readonly #awaited = new Map<number, number>();
  #accepted = 0;

  /** @throws {SystemCallError} as `PacketRing` */
  constructor(traits: RingTraits, wishes: RingWishes) {
    const { family, device } = traits;
    this.#seesSent = wishes.seesSent;
    const filter = ringFilter(traits, wishes);
    this.#ring = new PacketRing({ family, device, filter, seesSent: wishes.seesSent });
    this.fd = this.#ring.fd;
  }

  /** The first `count` packets of the outbox were accepted. */
  noteSent({ bytes, slotBytes, lengths }: PacketArena, count: number): void {
    if (!this.#seesSent) return;
    for (let slot = 0; slot < count; slot++) {
      const start = slot * slotBytes;
      const fingerprint = packetFingerprint(bytes, start, start + (lengths[slot] as number));
      this.#awaited.set(fingerprint, this.#accepted++);
    }
    while (this.#awaited.size > AWAITED_MAX) {
      this.#awaited.delete(this.#awaited.keys().next().value as number);
    }
  }

  /** Hands over which probes were seen leaving, and CLOCK_REALTIME in microseconds. */
  sendTimes(take: (sequence: number, realtimeUs: number) => void): void {
    this.#ring.sent((packet, realtimeUs) => {
      const fingerprint = packetFingerprint(packet, 0, packet.length);
      const sequence = this.#awaited.get(fingerprint);
      if (sequence === undefined) return; // not ours, or changed by this host's firewall
      this.#awaited.delete(fingerprint);
      take(sequence, realtimeUs);
    });
  }

  /** Hands over replies, as far as `sendTimes` has looked; returns how many. */
  receive(take: TakeFrame): number {
    return this.#ring.receive(take);
  }

  droppedPackets(): number {
    return this.#ring.droppedPackets();
  }

  /** Packets to us with a damaged header. */
  get damaged(): number {
    return this.#ring.damaged;
  }

  close(): void {
    this.#ring.close();
  }
}
