/**
 * A `ping` that sends the very echoes of a flow. Balancers that look at ICMP hash its checksum,
 * which the identifier, the sequence number and the payload decide: one packet at a time always has
 * the same sequence number, and a payload too short for a time stamp is what one asks for.
 */

import { addWords, checksumOf, foldSum } from '../../lib/checksum.ts';
import { parseIpAddress } from '../../lib/ip-address.ts';
import type { FiveTuple } from '../../model/isolate-record.ts';

/** From this length on, iputils puts the time into a payload (`struct timeval`). */
const STAMPED_BYTES = 16;
/** A word that puts the checksum right. */
const PAYLOAD_BYTES_MIN = 2;
const ICMP_HEADER_BYTES = 8;
/** Of the only packet of a `ping -c 1`. */
const SEQUENCE = 1;
/** Type and code of an echo request (RFC 792; RFC 4443 §4.1), and the protocol of the latter. */
const ECHO_REQUEST = { 4: 0x0800, 6: 0x8000 } as const;
const ICMPV6_PROTOCOL = 58;

/**
 * One echo of a flow, by ping of iputils.
 *
 * @param payloadBytes behind the ICMP header
 * @returns undefined for payloads that ping writes the time into
 */
export function pingCommand(
  flow: Pick<FiveTuple, 'source' | 'sourcePort' | 'destination'>,
  { payloadBytes, tos }: { readonly payloadBytes: number; readonly tos: number },
): string | undefined {
  if (payloadBytes >= STAMPED_BYTES) return undefined;
  const bytes = Math.max(PAYLOAD_BYTES_MIN, payloadBytes);
  const pattern = fixingWord(flow, bytes)
    .toString(16)
    .padStart(4, '0')
    .padEnd(2 * bytes, '0');
  const marked = tos === 0 ? '' : ` -Q ${tos}`;
  const ends = `-e ${flow.sourcePort} -I ${flow.source} ${flow.destination}`;
  return `ping -n -c 1 -W 1 -s ${bytes} -p ${pattern}${marked} ${ends}`;
}

/** What the payload must begin with, zeros behind it, for the checksum to be the flow's number. */
function fixingWord(
  {
    source,
    sourcePort: number,
    destination,
  }: Pick<FiveTuple, 'source' | 'sourcePort' | 'destination'>,
  payloadBytes: number,
): number {
  const [from, to] = [source, destination].map((text) => parseIpAddress(text) ?? new Uint8Array());
  const isV6 = to?.length === 16;
  // IPv6 covers a pseudo header as well (RFC 8200 §8.1).
  const covered = isV6
    ? addWords(addWords(ICMPV6_PROTOCOL + ICMP_HEADER_BYTES + payloadBytes, from ?? to), to)
    : 0;
  const sum = covered + ECHO_REQUEST[isV6 ? 6 : 4] + number + SEQUENCE;
  return foldSum((~number & 0xffff) + checksumOf(sum));
}
