/** The device that a receive ring listens at: the one that probes to a target leave by. */

import { type DeviceTraits, deviceTraits } from '../../native/device-traits.ts';
import { routeOf } from '../../native/route-lookup.ts';
import { SystemCallError } from '../../native/system-error.ts';
import { HostError } from './host-error.ts';
import type { RouteOptions } from './source-address.ts';

/** The way of the probes. */
export interface RingRoute extends RouteOptions {
  /** 4 or 16 bytes, network order; as is `source`. */
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
}

/**
 * Its index.
 *
 * @throws {HostError} USAGE for a part of a bridge, a bond or a VRF: the ring would see each packet
 *   twice, or at another device than raw sockets are told of; NO_ROUTE
 */
export function ringDeviceFor({ destination, source, ...route }: RingRoute): number {
  try {
    const given = route.device === undefined ? route.scopeId : deviceTraits(route.device).index;
    const { device } = routeOf({ destination, source, device: given, mark: route.mark });
    requireWhole(deviceTraits(device));
    return device;
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new HostError('NO_ROUTE', `no device for a receive ring (${error.message})`, error);
  }
}

/** @throws {HostError} USAGE for a part of a bridge, a bond or a VRF */
export function requireWhole({ name, hasMaster }: DeviceTraits): void {
  if (!hasMaster) return;
  const message = `no receive ring at ${name}: it is part of a bridge, bond or VRF`;
  throw new HostError('USAGE', `${message}, where packets pass twice; do without the ring`);
}
