/** Holds a TCP or UDP port, so that no connection of this host can get it while probes use it. */

import type { IpFamily } from '../lib/ip-address.ts';
import { checked, libc } from './libc.ts';
import {
  IP_MTU_DISCOVER,
  IP_PMTUDISC_INTERFACE,
  IPV6_MTU_DISCOVER,
  IPV6_V6ONLY,
  SOCK_DGRAM,
  SOCK_STREAM,
  SOL_IP,
  SOL_IPV6,
} from './linux-abi.ts';
import { openSocket, setOption } from './socket.ts';
import { encodeSocketAddress } from './socket-address.ts';

/**
 * Binds the port on all addresses of the family, without SO_REUSEADDR and SO_REUSEPORT, which would
 * let others bind it too.
 *
 * To the kernel, ICMP errors about our probes are meant for the bound socket. From those it would
 * learn a path's MTU, also from forged ones, if not for IP_PMTUDISC_INTERFACE.
 *
 * @returns the descriptor; closing it frees the port
 * @throws {SystemCallError} EADDRINUSE when the port is taken, EMFILE when descriptors run out
 */
export function reservePort(
  family: IpFamily,
  port: number,
  transport: 'tcp' | 'udp' = 'tcp',
): number {
  const type = transport === 'tcp' ? SOCK_STREAM : SOCK_DGRAM;
  return openSocket({ family, type, protocol: 0 }, (fd) => {
    const discover =
      family === 4
        ? { level: SOL_IP, name: IP_MTU_DISCOVER, label: 'IP_MTU_DISCOVER' }
        : { level: SOL_IPV6, name: IPV6_MTU_DISCOVER, label: 'IPV6_MTU_DISCOVER' };
    setOption(fd, discover, IP_PMTUDISC_INTERFACE);
    if (family === 6)
      setOption(fd, { level: SOL_IPV6, name: IPV6_V6ONLY, label: 'IPV6_V6ONLY' }, 1);
    const any = encodeSocketAddress({ address: new Uint8Array(family === 4 ? 4 : 16), port });
    checked('bind', libc().bind(fd, any, any.length));
  });
}

/** Frees a port that `reservePort` took. */
export function releasePort(fd: number): void {
  checked('close', libc().close(fd));
}
