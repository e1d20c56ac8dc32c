/**
 * Transport checksums: the pseudo header that they cover (RFC 9293 §3.1 for IPv4, RFC 8200 §8.1 for
 * IPv6) and the check of a received one.
 */

import { addWords, foldSum } from '../lib/checksum.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { uint16At } from './octets.ts';

/**
 * Partial checksum of the pseudo header; the family follows from the addresses.
 *
 * @param length bytes of the transport header and payload together
 * @returns a partial sum for `writeTcpSegment` and the like. Addresses and protocol do not change
 *   within a flow: an engine may keep it
 */
export function pseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  protocol: number,
  length: number,
): number {
  return (
    addWords(addWords(0, source), destination) + protocol + (length >>> 16) + (length & 0xffff)
  );
}

/** The same for ICMP: ICMPv6 has one (RFC 4443 §2.3), ICMPv4 has none (RFC 792): 0. */
export function icmpPseudoHeaderSum(
  source: Uint8Array,
  destination: Uint8Array,
  length: number,
): number {
  if (source.length === 4) return 0;
  return pseudoHeaderSum(source, destination, IP_PROTOCOL.icmpv6, length);
}

/**
 * Whether a received segment, datagram or message has the right checksum.
 *
 * On a veth or bridge the sender's checksum offload may never have run: then the field holds the
 * folded sum of the pseudo header (Linux `CHECKSUM_PARTIAL`), and nothing covers the rest. Such
 * packets never left this host, so they pass.
 *
 * @param field where the checksum field is, an offset into `bytes` like `start` and `end`
 */
export function isChecksumRight(
  bytes: Uint8Array,
  { start, end, field }: { readonly start: number; readonly end: number; readonly field: number },
  pseudoHeaderSum: number,
): boolean {
  if (foldSum(addWords(pseudoHeaderSum, bytes, start, end)) === 0xffff) return true;
  return pseudoHeaderSum !== 0 && uint16At(bytes, field) === foldSum(pseudoHeaderSum);
}
