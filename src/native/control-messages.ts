/** What the kernel tells beside a packet: receive time, hop limit, destination address. */

import {
  CMSGHDR,
  IPV6_HOPLIMIT,
  IPV6_PKTINFO,
  SO_TIMESTAMPNS,
  SOL_IPV6,
  SOL_SOCKET,
} from './linux-abi.ts';

/** One packet's control messages; filled again for every packet, so that none costs an object. */
export interface ControlFields {
  /** CLOCK_REALTIME in microseconds when the kernel received the packet; 0 when it did not tell. */
  realtimeUs: number;
  /** Hop limit of the IPv6 header; −1 when the kernel did not tell. */
  hopLimit: number;
  /** Offset of the packet's destination, 16 bytes; −1 when the kernel did not tell. */
  destinationOffset: number;
}

/**
 * Room for the three messages, each a header and its data padded to 8 bytes: a timespec of 16, an
 * int, and an in6_pktinfo of 20.
 */
export const CONTROL_BYTES: number = 3 * CMSGHDR.bytes + 16 + 8 + 24;

/** Reads the messages in `view[start, end)` into `into`; unknown ones are skipped. */
export function readControlMessages(
  view: DataView,
  { start, end }: { start: number; end: number },
  into: ControlFields,
): void {
  into.realtimeUs = 0;
  into.hopLimit = -1;
  into.destinationOffset = -1;
  for (let at = messageAt(view, start, end); at >= 0; at = messageAfter(view, at, end)) {
    const level = view.getUint32(at + CMSGHDR.level, true);
    const type = view.getUint32(at + CMSGHDR.type, true);
    const data = at + CMSGHDR.bytes;
    if (level === SOL_SOCKET && type === SO_TIMESTAMPNS) into.realtimeUs = timespecUs(view, data);
    else if (level === SOL_IPV6 && type === IPV6_HOPLIMIT)
      into.hopLimit = view.getUint32(data, true);
    else if (level === SOL_IPV6 && type === IPV6_PKTINFO) into.destinationOffset = data;
  }
}

/** Offset of the message that begins at `at`; −1 where none has room before `end`. */
export function messageAt(view: DataView, at: number, end: number): number {
  if (at + CMSGHDR.bytes > end) return -1;
  const length = view.getUint32(at, true);
  return length < CMSGHDR.bytes || at + length > end ? -1 : at;
}

/** Offset of the message behind the one at `at`; −1 behind the last. */
export function messageAfter(view: DataView, at: number, end: number): number {
  return messageAt(view, at + ((view.getUint32(at, true) + 7) & ~7), end);
}

/** A `timespec` (seconds and nanoseconds, 64 bits each) in whole microseconds. */
export function timespecUs(view: DataView, at: number): number {
  const seconds = view.getUint32(at, true) + view.getUint32(at + 4, true) * 0x1_0000_0000;
  return seconds * 1e6 + Math.floor(view.getUint32(at + 8, true) / 1000);
}
