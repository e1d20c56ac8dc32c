/** Socket addresses: `sockaddr_in` and `sockaddr_in6` as bytes. */

import { familyOf } from '../lib/ip-address.ts';
import { AF_INET, AF_INET6, SOCKADDR_IN, SOCKADDR_IN6 } from './linux-abi.ts';

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
