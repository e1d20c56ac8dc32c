/** Socket addresses: `sockaddr_in`, `sockaddr_in6` and `sockaddr_ll` as bytes. */

import { familyOf, type IpFamily } from '../lib/ip-address.ts';
import {
  AF_INET,
  AF_INET6,
  AF_PACKET,
  ETH_P_IP,
  ETH_P_IPV6,
  SOCKADDR_IN,
  SOCKADDR_IN6,
  SOCKADDR_LL,
} from './linux-abi.ts';

/** One end of a conversation. */
export interface SocketAddress {
  /** 4 or 16 bytes, network order. */
  readonly address: Uint8Array;
  /** Host order; 0 for raw sockets. */
  readonly port: number;
  /** Interface index, which link-local IPv6 addresses need. */
  readonly scopeId?: number | undefined;
}

/** Bytes of the struct for this address. */
export function encodeSocketAddress({ address, port, scopeId = 0 }: SocketAddress): Uint8Array {
  const isV4 = familyOf(address) === 4;
  const struct = isV4 ? SOCKADDR_IN : SOCKADDR_IN6;
  const bytes = new Uint8Array(struct.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isV4 ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, struct.address);
  if (!isV4) view.setUint32(SOCKADDR_IN6.scope, scopeId, true);
  return bytes;
}

/** The IP address in a struct that the kernel wrote: 4 or 16 bytes, a copy. */
export function addressIn(bytes: Uint8Array): Uint8Array {
  const isV4 = new DataView(bytes.buffer, bytes.byteOffset).getUint16(0, true) === AF_INET;
  const start = isV4 ? SOCKADDR_IN.address : SOCKADDR_IN6.address;
  return bytes.slice(start, start + (isV4 ? 4 : 16));
}

/** Protocol numbers of frames that hold a packet of the family. */
export const ETHER_TYPES: Readonly<Record<IpFamily, number>> = { 4: ETH_P_IP, 6: ETH_P_IPV6 };

/** Where packet sockets send to, or listen at. */
export interface LinkAddress {
  /** Of the frames, host order: one of `ETHER_TYPES`, or `ETH_P_ALL`. */
  readonly protocol: number;
  /** Index of the device. */
  readonly device: number;
  /** Link-layer address, 6 bytes on Ethernet; none to listen. */
  readonly neighbour?: Uint8Array;
}

/** Bytes of the struct for this address. */
export function encodeLinkAddress({ protocol, device, neighbour }: LinkAddress): Uint8Array {
  const bytes = new Uint8Array(SOCKADDR_LL.bytes);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AF_PACKET, true);
  view.setUint16(SOCKADDR_LL.protocol, protocol);
  view.setInt32(SOCKADDR_LL.device, device, true);
  if (neighbour !== undefined) {
    bytes[SOCKADDR_LL.addressLength] = neighbour.length;
    bytes.set(neighbour, SOCKADDR_LL.address);
  }
  return bytes;
}
