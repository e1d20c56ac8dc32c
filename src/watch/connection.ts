/**
 * A TCP connection of this host as the watcher sees it, wherever it was learned from: netlink,
 * tcp-info's event socket or a dump. IPv4-mapped addresses are IPv4 here.
 */

import { formatIpAddress, type IpFamily, parseIpAddress } from '../lib/ip-address.ts';

/** One connection, seen from this host. */
export interface Connection {
  readonly family: IpFamily;
  /** Canonical text, as `formatIpAddress` writes it. */
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** The kernel's socket cookie, 64 bits, unsigned: a `number` would lose digits. */
  readonly cookie: bigint;
  /** The UUID that tcp-info gave it; `null` where prefix and cookie are to make it. */
  readonly uuid: string | null;
  /** Whether the kernel counted retransmissions on it; false where nobody knows. */
  readonly hasRetransmitted: boolean;
}

/** What a source has read of a connection, before its addresses are looked at. */
export type ConnectionParts = Omit<Connection, 'family' | 'localAddress' | 'remoteAddress'> & {
  /** 4 or 16 bytes each, network order. */
  readonly local: Uint8Array;
  readonly remote: Uint8Array;
};

const MAPPED_PREFIX = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff);

/** The connection with canonical addresses; IPv4-mapped ones become IPv4 (RFC 4291 §2.5.5.2). */
export function connectionOf({ local, remote, ...rest }: ConnectionParts): Connection {
  const [ours, theirs] = [unmapped(local), unmapped(remote)];
  return {
    family: theirs.length === 4 ? 4 : 6,
    localAddress: formatIpAddress(ours),
    remoteAddress: formatIpAddress(theirs),
    ...rest,
  };
}

/** An address from text, IPv4-mapped ones as 4 bytes; undefined for what is no address. */
export function parseUnmapped(text: string): Uint8Array | undefined {
  const bytes = parseIpAddress(text);
  return bytes === undefined ? undefined : unmapped(bytes);
}

function unmapped(bytes: Uint8Array): Uint8Array {
  const isMapped = bytes.length === 16 && MAPPED_PREFIX.every((byte, i) => byte === bytes[i]);
  return isMapped ? bytes.subarray(12) : bytes;
}
