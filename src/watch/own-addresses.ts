/** Which addresses are this host's own: connections between them lead nowhere. */

import { formatIpAddress } from '../lib/ip-address.ts';
import { contains, type IpPrefix } from '../lib/ip-prefix.ts';
import { parseUnmapped } from './connection.ts';
import type { WatchClock } from './watch-clock.ts';

/** Addresses come and go with interfaces. */
const REREAD_MS = 10_000;

/**
 * Tells whether an address is one of ours.
 *
 * @param read the addresses of all interfaces, 4 or 16 bytes each
 * @param more what counts as ours besides, such as a load balancer's address
 */
export function ownAddressTest(
  read: () => readonly Uint8Array[],
  more: readonly IpPrefix[],
  clock: WatchClock,
): (address: string) => boolean {
  let known = new Set<string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  return (address) => {
    if (clock.nowMs() - readAtMs >= REREAD_MS) {
      known = new Set(read().map(formatIpAddress));
      readAtMs = clock.nowMs();
    }
    if (known.has(address)) return true;
    if (more.length === 0) return false;
    const bytes = parseUnmapped(address);
    return bytes !== undefined && more.some((prefix) => contains(prefix, bytes));
  };
}
