/**
 * ICMP errors as routers make them: a quote of the packet that failed and, where its path was
 * tunnelled, the MPLS labels it wore (RFC 4884, RFC 4950). They are read by `reply.ts`.
 */

import { ICMP_HEADER_BYTES, type IcmpDialect, sealIcmp } from './icmp.ts';
import {
  EXTENDED_QUOTE_BYTES_MIN,
  icmpExtensionBytes,
  mplsObject,
  writeIcmpExtension,
} from './icmp-extension.ts';
import { requireRoom, writeOctets, writeUint32 } from './octets.ts';

export interface IcmpError {
  readonly type: number;
  readonly code: number;
  /** Bytes 4–7: MTU or pointer; 0 when absent. The quote length is put into it where it belongs. */
  readonly parameter?: number;
  /** As much of the failed packet as is to be quoted, from its IP header on. */
  readonly quote: Uint8Array;
  /** Label stack entries, outermost first; an extension is written only if there are some. */
  readonly mpls?: readonly number[];
}

/** Length of the message that `writeIcmpError` writes: for the headers that go before it. */
export function icmpErrorBytes(error: IcmpError, dialect: IcmpDialect): number {
  const { quote, mpls = [] } = error;
  if (mpls.length === 0) return ICMP_HEADER_BYTES + quote.length;
  const extensionBytes = icmpExtensionBytes([mplsObject(mpls)]);
  return ICMP_HEADER_BYTES + paddedQuoteBytes(error, dialect) + extensionBytes;
}

/**
 * Writes an error with its checksum; one without labels costs no memory. In front of an extension
 * the quote is padded with zeros and its length told (RFC 4884 §3); elsewhere it stands as it is.
 *
 * @param pseudoHeaderSum the partial sum for a message of `icmpErrorBytes`; 0 for ICMPv4
 * @returns the offset past the error
 * @throws {RangeError} when `into` is too short, or an error with labels is of a type that has no
 *   quote length, or its quote too long for that
 */
export function writeIcmpError(
  into: Uint8Array,
  offset: number,
  error: IcmpError,
  { dialect, pseudoHeaderSum }: { dialect: IcmpDialect; pseudoHeaderSum: number },
): number {
  const end = offset + icmpErrorBytes(error, dialect);
  requireRoom(into, end);
  into[offset] = error.type;
  into[offset + 1] = error.code;
  writeUint32(into, offset + 4, error.parameter ?? 0);
  const quoteStart = offset + ICMP_HEADER_BYTES;
  writeOctets(into, quoteStart, error.quote);
  if (error.mpls !== undefined && error.mpls.length > 0) {
    const quoteBytes = paddedQuoteBytes(error, dialect);
    const words = quoteBytes / dialect.quoteLengthUnitBytes;
    if (words > 0xff || !dialect.isExtensible(error.type)) {
      throw new RangeError(`type ${error.type} with a quote of ${quoteBytes} bytes has no labels`);
    }
    into[offset + dialect.quoteLengthOffset] = words;
    into.fill(0, quoteStart + error.quote.length, quoteStart + quoteBytes);
    writeIcmpExtension(into, quoteStart + quoteBytes, [mplsObject(error.mpls)]);
  }
  return sealIcmp(into, offset, end, pseudoHeaderSum);
}

function paddedQuoteBytes({ quote }: IcmpError, { quoteLengthUnitBytes }: IcmpDialect): number {
  const units = Math.ceil(quote.length / quoteLengthUnitBytes);
  return Math.max(EXTENDED_QUOTE_BYTES_MIN, units * quoteLengthUnitBytes);
}
