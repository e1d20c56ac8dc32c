/**
 * The packet seam: whole IP packets out, whole IP packets in, each with its receive time. Raw
 * sockets implement it (`runtime/links/raw-link.ts`), and so does the simulated network
 * (`sim/simulated-link.ts`); everything above runs unchanged on either.
 *
 * Times are integer microseconds of one monotonic clock, whose zero is arbitrary.
 */

/**
 * Preallocated room for packets to send: slot i is `bytes[i·slotBytes, i·slotBytes + lengths[i])`.
 */
export interface PacketArena {
  readonly bytes: Uint8Array;
  readonly slotBytes: number;
  readonly slots: number;
  readonly lengths: Uint16Array;
}

/** What became of a batch. */
export interface SendReport {
  /** How many packets went out, counted from slot 0. */
  readonly accepted: number;
  /**
   * Why the packet in slot `accepted` did not, as an errno name (`ENOBUFS`, `EPERM`); undefined
   * when all went.
   */
  readonly error: string | undefined;
}

/** Losses on our own side of the wire: they are never the network's. */
export interface LinkCounters {
  /** Packets that the kernel dropped because we read too late. */
  readonly socketDrops: number;
  /** How often the wall clock was set, which receive times are of; 0 unless told. */
  readonly clockSteps?: number;
  /** Packets with a wrong checksum that the kernel kept from us; 0 unless told. */
  readonly wrongChecksums?: number;
}

export interface PacketLink {
  /** Written by the caller, read by `send`. */
  readonly outbox: PacketArena;

  /**
   * Sends slots 0 to `count` − 1 of the outbox, in order; never throws for a packet that the kernel
   * refuses.
   */
  send(count: number, nowUs: number): SendReport;

  /**
   * Hands over every packet that has arrived: from the IP header on, in both families. `packet` is
   * a view that is valid only during the call.
   *
   * @returns how many there were
   */
  receive(nowUs: number, take: (packet: Uint8Array, receivedAtUs: number) => void): number;

  /**
   * Hands over when packets really left, where the link learns of that and as far as it has by now.
   * A link may hold replies back that came after the last call, so that none is handed over before
   * it is known when its probe left.
   *
   * @param take takes how many packets were accepted before this one since the link was opened
   */
  sendTimes?(take: (sequence: number, sentAtUs: number) => void): void;

  /**
   * When the next packet will arrive, as far as the link can know; Infinity where only waiting
   * tells.
   */
  nextArrivalUs(): number;

  counters(): LinkCounters;

  close(): void;
}
