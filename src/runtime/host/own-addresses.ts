/** The addresses of this host. */

import { networkInterfaces } from 'node:os';
import { parseIpAddress } from '../../lib/ip-address.ts';

/** Of all interfaces, link-local ones included: the kernel sends errors from those as well. */
export function ownAddresses(): readonly Uint8Array[] {
  const interfaces = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return interfaces.flatMap(({ address }) => parseIpAddress(address.split('%')[0] ?? '') ?? []);
}
