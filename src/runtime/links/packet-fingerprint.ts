/** By what a probe is known again as it leaves: fields that all of its tokens are in. */

/** Where headers end, and identifications are (RFC 791 §3.1; IPv6 has none). */
const IPV4 = { header: 20, identification: 4 };
const IPV6_HEADER_BYTES = 40;
/** Of what follows the IP header: ports, numbers, checksum, the start of the payload. */
const HASHED_BYTES = 20;
/** Prime of the hash FNV-1a, of 32 bits. */
const PRIME = 0x01000193;
const BASIS = 0x811c9dc5;

/**
 * A number of 32 bits for the probe in `bytes[start, end)`, which has no IP options. TTL and TOS do
 * not count, as firewalls of this host may set them.
 */
export function packetFingerprint(bytes: Uint8Array, start: number, end: number): number {
  const isV4 = (bytes[start] as number) >> 4 === 4;
  const header = start + (isV4 ? IPV4.header : IPV6_HEADER_BYTES);
  let hash = BASIS;
  if (isV4) {
    const at = start + IPV4.identification;
    hash = ((bytes[at] as number) << 8) | (bytes[at + 1] as number) | (hash << 16);
  }
  const last = Math.min(end, header + HASHED_BYTES);
  for (let at = header; at < last; at++) hash = Math.imul(hash ^ (bytes[at] as number), PRIME);
  return hash;
}
