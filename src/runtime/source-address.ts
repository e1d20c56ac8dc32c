/** Which of our addresses probes are sent from: the one that the kernel's routing picks. */

import { formatIpAddress } from '../lib/ip-address.ts';
import { routeSource } from '../native/route-source.ts';
import { SystemCallError } from '../native/system-error.ts';
import { HostError } from './host-error.ts';

/** What the route depends on besides the destination. */
export interface RouteOptions {
  /** Name of the device to leave by. */
  readonly device?: string | undefined;
  /** Interface index of a link-local destination. */
  readonly scopeId?: number | undefined;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENETUNREACH: 'look at `ip route get`; an IPv6 destination needs an IPv6 address and route here',
  EHOSTUNREACH: 'a route of this host rejects it; look at `ip route get`',
  EADDRNOTAVAIL: 'no address of this family is up here; look at `ip address`',
  ENODEV: 'there is no such device; look at `ip link`',
  EINVAL: 'a link-local destination needs its interface, as in fe80::1%eth0',
};

/**
 * @param destination 4 or 16 bytes, network order
 * @returns the source address, of the same family
 * @throws {HostError} NO_ROUTE
 * @throws {SystemCallError} for other failures
 */
export function sourceAddressFor(destination: Uint8Array, options: RouteOptions = {}): Uint8Array {
  try {
    return routeSource(destination, options);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const advice = ADVICE[error.code];
    if (advice === undefined) throw error;
    const by = options.device === undefined ? '' : ` by ${options.device}`;
    const message = `no route to ${formatIpAddress(destination)}${by} (${error.code}): ${advice}`;
    throw new HostError('NO_ROUTE', message, error);
  }
}
