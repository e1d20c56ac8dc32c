/** Which of our addresses probes are sent from: the one that the kernel's routing picks. */

import { familyOf, formatIpAddress, isSameAddress } from '../../lib/ip-address.ts';
import { routeSource } from '../../native/route-source.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { HostError } from './host-error.ts';
import { markAdvice } from './raw-socket-advice.ts';

/** What the route depends on besides the destination. */
export interface RouteOptions {
  /** Name of the device to leave by. */
  readonly device?: string | undefined;
  /** Interface index of a link-local destination. */
  readonly scopeId?: number | undefined;
  /** Mark of the packets. */
  readonly mark?: number | undefined;
}

const ADVICE: Readonly<Record<string, string>> = {
  ENETUNREACH: 'look at `ip route get`',
  EHOSTUNREACH: 'a route of this host rejects it; look at `ip route get`',
  EADDRNOTAVAIL: 'no address of this family is up here; look at `ip address`',
  ENODEV: 'there is no such device; look at `ip link`',
  EINVAL: 'a link-local destination needs its interface, as in fe80::1%eth0',
};

/**
 * The one address that several destinations are reached from.
 *
 * @throws {HostError} NO_ROUTE, SOURCES_DIFFER
 * @throws {SystemCallError} for other failures
 */
export function sharedSourceFor(
  destinations: readonly Uint8Array[],
  options: RouteOptions = {},
): Uint8Array {
  const [first, ...others] = destinations.map((each) => sourceAddressFor(each, options));
  if (first === undefined) throw new RangeError('no destination was given');
  const index = others.findIndex((other) => !isSameAddress(other, first));
  if (index < 0) return first;
  const from = (source: Uint8Array | undefined, target: Uint8Array | undefined): string =>
    `${target && formatIpAddress(target)} from ${source && formatIpAddress(source)}`;
  const message =
    `the targets are reached from different addresses of this host: ` +
    `${from(first, destinations[0])}, ${from(others[index], destinations[index + 1])}; ` +
    'name one with --source, or probe them one by one';
  throw new HostError('SOURCES_DIFFER', message);
}

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
    if (error.syscall === 'setsockopt SO_MARK') throw markDenied(error);
    const advice = ADVICE[error.code];
    if (advice === undefined) throw error;
    const needs =
      error.code === 'ENETUNREACH' && familyOf(destination) === 6
        ? '; an IPv6 destination needs an IPv6 address and route here'
        : '';
    const by = options.device === undefined ? '' : ` by ${options.device}`;
    const place = `${formatIpAddress(destination)}${by}`;
    const message = `no route to ${place} (${error.code}): ${advice}${needs}`;
    throw new HostError('NO_ROUTE', message, error);
  }
}

/** Said of a mark that this process may not set. */
export function markDenied(error: SystemCallError): HostError {
  const message = `packets cannot be marked (${error.code}), as this process lacks the right`;
  return new HostError('MARK_DENIED', `${message}\n${markAdvice(process)}`, error);
}
