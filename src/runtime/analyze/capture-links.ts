/** Where the IP packet is in a captured frame, by the link type that the capture states. */

import { uint16At } from '../../wire/octets.ts';

/** Link types by the numbers of the registry of tcpdump.org. */
const LINK = { null: 0, ethernet: 1, cooked: 113, loop: 108, cooked2: 276 } as const;
/** Raw IP has had several numbers; the two last are of one family each. */
const RAW_TYPES: ReadonlySet<number> = new Set([12, 14, 101, 228, 229]);
/** How many bytes the address family before a packet of a loopback has. */
const FAMILY_BYTES = 4;
const TYPE = { ipv4: 0x0800, ipv6: 0x86dd, vlan: 0x8100, service: 0x88a8 } as const;
const VLAN_BYTES = 4;
const VLANS_MAX = 3;

/** Whether frames of this link type are understood. */
export function isKnownLinkType(link: number): boolean {
  return RAW_TYPES.has(link) || Object.values(LINK).some((known) => known === link);
}

/** The packet from its IP header on, a view; undefined for other protocols. */
export function ipPacketIn(link: number, frame: Uint8Array): Uint8Array | undefined {
  switch (link) {
    case LINK.ethernet:
      return behindType(frame, 12, 14);
    case LINK.cooked:
      return behindType(frame, 14, 16);
    case LINK.cooked2:
      return behindType(frame, 0, 20);
    case LINK.null:
    case LINK.loop:
      return ofVersion(frame.subarray(FAMILY_BYTES));
    default:
      return ofVersion(frame);
  }
}

/** @param typeAt where the type of what follows the header is */
function behindType(
  frame: Uint8Array,
  typeAt: number,
  headerBytes: number,
): Uint8Array | undefined {
  let [at, start] = [typeAt, headerBytes];
  for (let vlans = 0; vlans <= VLANS_MAX; vlans++) {
    if (Math.max(at + 2, start) > frame.length) return undefined;
    const type = uint16At(frame, at);
    if (type === TYPE.ipv4 || type === TYPE.ipv6) return ofVersion(frame.subarray(start));
    if (type !== TYPE.vlan && type !== TYPE.service) return undefined;
    // The tag is two bytes, and then the next type.
    at = start + 2;
    start += VLAN_BYTES;
  }
  return undefined;
}

function ofVersion(bytes: Uint8Array): Uint8Array | undefined {
  const version = (bytes[0] ?? 0) >> 4;
  return version === 4 || version === 6 ? bytes : undefined;
}
