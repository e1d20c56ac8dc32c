/** Asks the kernel for the link-layer address of a neighbour (rtnetlink `RTM_GETNEIGH`). */

import { familyOf } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import { AF_INET, AF_INET6, SOCK_DGRAM } from './linux-abi.ts';
import { decodeNetlinkAttributes } from './netlink-message.ts';
import { RouteNetlink } from './route-netlink.ts';
import { openSocket } from './socket.ts';
import { encodeSocketAddress } from './socket-address.ts';
import { SystemCallError } from './system-error.ts';

const RTM_GETNEIGH = 30;
/** `struct ndmsg`: family, index of the device, state, flags and type. */
const NDMSG = { device: 4, state: 8, bytes: 12 };
const NDA = { destination: 1, linkAddress: 2 };
/** Reachable, stale, delayed, probed, or set by hand: the address is there (NUD_VALID). */
const VALID_STATES = 0x02 | 0x04 | 0x08 | 0x10 | 0x40 | 0x80;
/** The kernel is content, or asks by itself: delayed and probed are on their way to an answer. */
const STALE = 0x04;
const DISCARD_PORT = 9;

/** A neighbour, and the device that it is behind. */
export interface Neighbour {
  /** 4 or 16 bytes, network order. */
  readonly address: Uint8Array;
  /** Index of the device. */
  readonly device: number;
}

/** What the kernel knows of a neighbour. */
export interface NeighbourEntry {
  /** 6 bytes on Ethernet. */
  readonly linkAddress: Uint8Array;
  /** Whether it is long ago that the neighbour was heard of, and the kernel does not ask. */
  readonly isStale: boolean;
}

/**
 * What the kernel knows by now.
 *
 * @returns undefined when it has not asked yet, or got no answer
 * @throws {SystemCallError}
 */
export function neighbourEntryOf({ address, device }: Neighbour): NeighbourEntry | undefined {
  const body = new Uint8Array(NDMSG.bytes);
  body[0] = familyOf(address) === 4 ? AF_INET : AF_INET6;
  new DataView(body.buffer).setInt32(NDMSG.device, device, true);
  const netlink = new RouteNetlink();
  try {
    const attributes = [{ type: NDA.destination, value: address }];
    const { payload } = netlink.ask('RTM_GETNEIGH', { type: RTM_GETNEIGH, body, attributes });
    const state = new DataView(payload.buffer, payload.byteOffset).getUint16(NDMSG.state, true);
    if ((state & VALID_STATES) === 0) return undefined;
    const attributesOfIt = decodeNetlinkAttributes(payload.subarray(NDMSG.bytes));
    const linkAddress = attributesOfIt.get(NDA.linkAddress)?.slice();
    return linkAddress && { linkAddress, isStale: (state & STALE) !== 0 };
  } catch (error) {
    if (error instanceof SystemCallError && error.code === 'ENOENT') return undefined;
    throw error;
  } finally {
    netlink.close();
  }
}

/**
 * Makes the kernel ask for it, by one empty datagram to the neighbour's discard port.
 *
 * @throws {SystemCallError}
 */
export function askForNeighbour({ address, device }: Neighbour): void {
  const peer = encodeSocketAddress({ address, port: DISCARD_PORT, scopeId: device });
  const fd = openSocket({ family: familyOf(address), type: SOCK_DGRAM, protocol: 0 }, (fd) => {
    checked('sendto', Number(libc().sendto(fd, null, 0, 0, peer, peer.length)));
  });
  checked('close', libc().close(fd));
}
