/** Asks the kernel which of our addresses it would send from; no packet is sent for it. */

import { familyOf } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import { SOCK_DGRAM } from './linux-abi.ts';
import { bindToDevice, openSocket, setMark } from './socket.ts';
import { addressIn, encodeSocketAddress } from './socket-address.ts';

const DISCARD_PORT = 9;

/**
 * @param destination 4 or 16 bytes, network order
 * @returns the source address of the route to it, of the same family
 * @throws {SystemCallError} ENETUNREACH, EHOSTUNREACH and others when there is no route, ENODEV for
 *   an unknown device
 */
export function routeSource(
  destination: Uint8Array,
  {
    device,
    scopeId,
    mark,
  }: {
    device?: string | undefined;
    scopeId?: number | undefined;
    mark?: number | undefined;
  },
): Uint8Array {
  const own = new Uint8Array(32);
  const peer = encodeSocketAddress({ address: destination, port: DISCARD_PORT, scopeId });
  const fd = openSocket({ family: familyOf(destination), type: SOCK_DGRAM, protocol: 0 }, (fd) => {
    if (device !== undefined) bindToDevice(fd, device);
    if (mark !== undefined) setMark(fd, mark);
    checked('connect', libc().connect(fd, peer, peer.length));
    checked('getsockname', libc().getsockname(fd, own, Uint32Array.of(own.length)));
  });
  checked('close', libc().close(fd));
  return addressIn(own);
}
