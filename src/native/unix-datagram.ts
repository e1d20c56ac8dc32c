/** Datagrams to Unix sockets, which Node has no word for. */

import { checked, libc } from './libc.ts';
import { AF_UNIX, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK } from './linux-abi.ts';

const PATH_BYTES_MAX = 107; // of 108 in `struct sockaddr_un`

/**
 * Sends one datagram.
 *
 * @param path of the socket; `@` at its beginning means the abstract namespace
 * @throws {SystemCallError} when nobody is there, or its queue is full
 * @throws {RangeError} when the path is too long
 */
export function sendUnixDatagram(path: string, text: string): void {
  const name = new TextEncoder().encode(path);
  if (name.length > PATH_BYTES_MAX) throw new RangeError(`the path is too long: ${path}`);
  const isAbstract = path.startsWith('@');
  const address = new Uint8Array(2 + name.length + (isAbstract ? 0 : 1));
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  if (isAbstract) address[2] = 0;
  const type = SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = checked('socket', libc().socket(AF_UNIX, type, 0));
  try {
    const bytes = new TextEncoder().encode(text);
    checked('sendto', libc().sendto(fd, bytes, bytes.length, 0, address, address.length));
  } finally {
    libc().close(fd);
  }
}
