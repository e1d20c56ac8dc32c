/**
 * When packets really left: the kernel notes it as it hands each to the device, and tells it
 * through the socket's queue of errors (Documentation/networking/timestamping.rst).
 */

import { messageAfter, messageAt, timespecUs } from './control-messages.ts';
import { libc } from './libc.ts';
import {
  CMSGHDR,
  EAGAIN,
  EXTENDED_ERR,
  IP_RECVERR,
  IPV6_RECVERR,
  MSG_ERRQUEUE,
  SO_EE_ORIGIN_TIMESTAMPING,
  SO_TIMESTAMPING,
  SOF_TIMESTAMPING_OPT_ID,
  SOF_TIMESTAMPING_OPT_TSONLY,
  SOF_TIMESTAMPING_SOFTWARE,
  SOF_TIMESTAMPING_TX_SOFTWARE,
  SOL_IP,
  SOL_IPV6,
  SOL_SOCKET,
} from './linux-abi.ts';
import { takeMemory } from './memory.ts';
import { MessageArena } from './message-arena.ts';
import { enlargeReceiveBuffer, setOption } from './socket.ts';

const OPTION = { level: SOL_SOCKET, name: SO_TIMESTAMPING, label: 'SO_TIMESTAMPING' };
/** The packet itself is not wanted back, its number is. */
const FLAGS: number =
  SOF_TIMESTAMPING_TX_SOFTWARE |
  SOF_TIMESTAMPING_SOFTWARE |
  SOF_TIMESTAMPING_OPT_ID |
  SOF_TIMESTAMPING_OPT_TSONLY;
const BATCH_SLOTS = 64;
/** More than the queue holds. */
const BATCHES_MAX = 1024;
/** Three `timespec`; an extended error with the address of who sent it; two headers. */
const CONTROL_BYTES: number = 2 * CMSGHDR.bytes + 48 + EXTENDED_ERR.bytes + 32;
/** Room for some 5,000 send times that nobody has read yet. */
const QUEUE_BYTES = 4 * 1024 * 1024;

/** The send times of one socket; `drain` must be called often enough that its queue has room. */
export class SendStamps {
  readonly #fd: number;
  readonly #arena: MessageArena;
  readonly #view: DataView;
  /** How many packets the socket had sent when the kernel began to count. */
  #first = 0;

  /** @throws {SystemCallError} where the kernel knows no such thing */
  constructor(fd: number) {
    this.#fd = fd;
    enlargeReceiveBuffer(fd, QUEUE_BYTES);
    setOption(fd, OPTION, FLAGS);
    const shape = { slots: BATCH_SLOTS, packetBytes: 8, headroomBytes: 0 };
    const room = { controlBytes: CONTROL_BYTES, names: 'each' } as const;
    this.#arena = new MessageArena({ ...shape, ...room }, takeMemory);
    this.#view = new DataView(this.#arena.bytes.buffer);
  }

  /**
   * Hands over the send times that are known by now.
   *
   * @param take takes how many packets were sent before this one, and CLOCK_REALTIME in
   *   microseconds
   */
  drain(take: (sequence: number, realtimeUs: number) => void): void {
    const arena = this.#arena;
    for (let batch = 0; batch < BATCHES_MAX; batch++) {
      for (let slot = 0; slot < BATCH_SLOTS; slot++) arena.prepareToReceive(slot);
      const { recvmmsg, errno } = libc();
      const count = recvmmsg(this.#fd, arena.headerAddress(0), BATCH_SLOTS, MSG_ERRQUEUE, null);
      if (count === -1 && errno() !== EAGAIN) continue; // errors of what was sent: told elsewhere
      for (let slot = 0; slot < count; slot++) this.#read(slot, take);
      if (count < BATCH_SLOTS) return;
    }
  }

  /**
   * Begins to count anew, as a packet that the kernel refused may have been counted or not. Send
   * times that were not read are lost.
   *
   * @param sent how many packets have gone out
   */
  restart(sent: number): void {
    setOption(this.#fd, OPTION, 0);
    this.drain(() => {});
    setOption(this.#fd, OPTION, FLAGS);
    this.#first = sent;
  }

  /** After the socket is closed. */
  close(): void {
    this.#arena.release();
  }

  #read(slot: number, take: (sequence: number, realtimeUs: number) => void): void {
    const view = this.#view;
    const start = this.#arena.controlOffset(slot);
    const end = start + this.#arena.controlLength(slot);
    let realtimeUs = 0;
    let count = -1;
    for (let at = messageAt(view, start, end); at >= 0; at = messageAfter(view, at, end)) {
      const level = view.getUint32(at + CMSGHDR.level, true);
      const type = view.getUint32(at + CMSGHDR.type, true);
      const data = at + CMSGHDR.bytes;
      if (level === SOL_SOCKET && type === SO_TIMESTAMPING) realtimeUs = timespecUs(view, data);
      else if (isExtendedError(level, type)) count = this.#countIn(data);
    }
    if (count >= 0 && realtimeUs > 0) take(this.#first + count, realtimeUs);
  }

  #countIn(at: number): number {
    const origin = this.#view.getUint8(at + EXTENDED_ERR.origin);
    if (origin !== SO_EE_ORIGIN_TIMESTAMPING) return -1;
    return this.#view.getUint32(at + EXTENDED_ERR.data, true);
  }
}

function isExtendedError(level: number, type: number): boolean {
  return (level === SOL_IP && type === IP_RECVERR) || (level === SOL_IPV6 && type === IPV6_RECVERR);
}
