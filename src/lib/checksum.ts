/**
 * The Internet checksum (RFC 1071) in the pieces that packet code needs: partial sums that can be
 * kept and added to, and the fold to 16 bits.
 */

/**
 * Adds the 16-bit big-endian words of `bytes[start, end)` to `sum`; a last odd byte counts as the
 * high half of a word (RFC 1071 §4.1). The range is two parameters, as this runs for every packet
 * and V8 does not always spare an object.
 *
 * @param sum a partial sum, for example of a pseudo header
 * @param start the offset of the first word; of bytes summed in pieces, each piece but the last
 *   must have an even length
 * @returns a partial sum: exact, not folded
 */
export function addWords(
  sum: number,
  bytes: Uint8Array,
  start = 0,
  end: number = bytes.length,
): number {
  let total = sum;
  let i = start;
  for (; i + 1 < end; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  if (i < end) total += (bytes[i] ?? 0) << 8;
  return total;
}

/** Folds a partial sum, below 2^47, to 16 bits with end-around carry: the one's complement sum. */
export function foldSum(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 0x10000);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The checksum field that goes with a partial sum: the complement of its fold, 0–0xffff. */
export function checksumOf(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}
