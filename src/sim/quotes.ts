/**
 * What ICMP errors quote: how much of the packet, and how routers on the way have changed it. The
 * checksums of what is changed are kept right where they are quoted, as real routers do (RFC 1624).
 */

import { addWords, checksumOf } from '../lib/checksum.ts';
import { EXTENDED_QUOTE_BYTES_MIN } from '../wire/icmp-extension.ts';
import { uint16At, uint32At, writeOctets, writeUint16, writeUint32 } from '../wire/octets.ts';
import type { ProbePacket } from './probe-packet.ts';
import type { QuoteStyle } from './scenario-model.ts';
import type { Traveller } from './traveller.ts';

/** RFC 792: 64 bits of what follows the IP header. */
const TRANSPORT_BYTES_MIN = 8;

/** The part of a probe that is quoted: a view into it, or a padded copy. */
export function quoteOf(
  { packet, transportStart }: ProbePacket,
  { style, bytesMax }: { style: QuoteStyle; bytesMax: number },
): Uint8Array {
  if (style === 'whole') return packet.subarray(0, bytesMax);
  if (style === 'eight-bytes') return packet.subarray(0, 8);
  if (style === 'header-and-eight-bytes') {
    return packet.subarray(0, transportStart + TRANSPORT_BYTES_MIN);
  }
  const padded = new Uint8Array(EXTENDED_QUOTE_BYTES_MIN);
  padded.set(packet.subarray(0, EXTENDED_QUOTE_BYTES_MIN));
  return padded;
}

/** Does to a quote what routers did to the packet. */
export function rewriteQuote(
  quote: Uint8Array,
  probe: ProbePacket,
  { ttl, traveller }: { ttl: number; traveller: Traveller },
): void {
  const { sequenceOffset, quotedSource, tos } = traveller;
  const isIpv4 = probe.flow.source.length === 4;
  const isTranslated = quotedSource !== undefined;
  if (isTranslated || sequenceOffset !== 0) rewriteTransport(quote, probe, traveller);
  if (isTranslated) writeOctets(quote, isIpv4 ? 12 : 8, quotedSource);
  if (isIpv4) rewriteIpv4Header(quote, { ttl, tos });
  else rewriteIpv6Header(quote, { ttl, tos, sentTos: probe.tos });
}

function rewriteIpv4Header(quote: Uint8Array, { ttl, tos }: { ttl: number; tos: number }): void {
  const end = ((quote[0] ?? 0) & 0x0f) * 4;
  quote[1] = tos;
  quote[8] = ttl; // past the end of a shorter quote, writes do nothing
  if (quote.length < end) return;
  writeUint16(quote, 10, 0);
  writeUint16(quote, 10, checksumOf(addWords(0, quote, 0, end)));
}

function rewriteIpv6Header(
  quote: Uint8Array,
  { ttl, tos, sentTos }: { ttl: number; tos: number; sentTos: number },
): void {
  quote[7] = ttl;
  if (tos !== sentTos) writeUint16(quote, 0, (uint16At(quote, 0) & 0xf00f) | (tos << 4));
}

/** Changes port and sequence number, as far as they are quoted, and the checksum with them. */
function rewriteTransport(
  quote: Uint8Array,
  { flow, transport, transportStart: start }: ProbePacket,
  { quotedSource, quotedPort, sequenceOffset }: Traveller,
): void {
  const { kind } = transport;
  if (quote.length < start + TRANSPORT_BYTES_MIN) return;
  if (kind !== 'tcp' && kind !== 'udp' && kind !== 'echo') return;
  let change = 0;
  // Echoes have an identifier for a port (RFC 3022 §2.2); the IPv4 checksum covers no addresses.
  const portAt = start + (kind === 'echo' ? 4 : 0);
  const coversAddresses = kind !== 'echo' || flow.source.length === 16;
  if (quotedSource !== undefined && coversAddresses) {
    change += addWords(0, quotedSource) - addWords(0, flow.source);
  }
  if (quotedPort !== -1) {
    change += quotedPort - uint16At(quote, portAt);
    writeUint16(quote, portAt, quotedPort);
  }
  if (kind === 'tcp' && sequenceOffset !== 0) {
    const before = uint32At(quote, start + 4);
    const after = (before + sequenceOffset) >>> 0;
    change += wordSum(after) - wordSum(before);
    writeUint32(quote, start + 4, after);
  }
  const fieldAt = start + CHECKSUM_OFFSETS[kind];
  if (fieldAt + 2 > quote.length) return;
  const checksum = adjustedChecksum(uint16At(quote, fieldAt), change);
  if (kind !== 'udp') writeUint16(quote, fieldAt, checksum);
  // RFC 768: 0 means that there is none, and a sum of 0 is written as its other form.
  else if (uint16At(quote, fieldAt) !== 0) writeUint16(quote, fieldAt, checksum || 0xffff);
}

const CHECKSUM_OFFSETS = { tcp: 16, udp: 6, echo: 2 } as const;
/** A multiple of 0xffff, and thus of 0 in one's complement, above any change. */
const NOTHING = 0xffff * 64;

/** HC' = ~(~HC + change), RFC 1624 equation 3. */
export function adjustedChecksum(checksum: number, change: number): number {
  return checksumOf((~checksum & 0xffff) + change + NOTHING);
}

/** What a 32-bit field adds to a checksum's sum. */
export function wordSum(value: number): number {
  return (value >>> 16) + (value & 0xffff);
}
