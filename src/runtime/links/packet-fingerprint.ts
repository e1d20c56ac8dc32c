/** By what a probe is known again as it leaves: fields that all of its tokens are in. */

import { FNV_BASIS, fnvStep } from '../../lib/fnv1a.ts';
import { IP_HEADER_BYTES } from '../../wire/families.ts';

/** Where IPv4 has its identification (RFC 791 §3.1); IPv6 has none. */
const IDENTIFICATION_AT = 4;
/** Of what follows the IP header: ports, numbers, checksum, the start of the payload. */
const HASHED_BYTES = 20;

/**
 * A number of 32 bits for the probe in `bytes[start, end)`, which has no IP options. TTL and TOS do
 * not count, as firewalls of this host may set them.
 */
export function packetFingerprint(bytes: Uint8Array, start: number, end: number): number {
  const isV4 = (bytes[start] as number) >> 4 === 4;
  const header = start + IP_HEADER_BYTES[isV4 ? 4 : 6];
  let hash = FNV_BASIS;
  if (isV4) {
    const at = start + IDENTIFICATION_AT;
    hash = ((bytes[at] as number) << 8) | (bytes[at + 1] as number) | (hash << 16);
  }
  const last = Math.min(end, header + HASHED_BYTES);
  for (let at = header; at < last; at++) hash = fnvStep(hash, bytes[at] as number);
  return hash;
}
