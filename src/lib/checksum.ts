/**
 * The Internet checksum (RFC 1071) in the pieces that packet code needs: partial sums that can be
 * kept and added to, and the fold to 16 bits.
 */

/**
 * Adds the 16-bit big-endian words of `bytes[start, end)` to `sum`; a last odd byte counts as the
 * high half of a word (RFC 1071 §4.1).
 *
 * @param sum a partial sum below 2^32, for example of a pseudo header
 * @returns a partial sum: not folded, exact for up to 128 KiB in all
 */
export function addWords(
  sum: number,
  bytes: Uint8Array,
  { start = 0, end = bytes.length }: { start?: number; end?: number } = {},
): number {
  return addWordsOf(bytes, start, end, sum);
}

/** `addWords` for code that runs for every packet: V8 does not always spare the object. */
export function addWordsOf(bytes: Uint8Array, start: number, end: number, sum: number): number {
  let total = sum;
  let i = start;
  for (; i + 1 < end; i += 2) total += ((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0);
  if (i < end) total += (bytes[i] ?? 0) << 8;
  return total;
}

/** Folds a partial sum to 16 bits with end-around carry: the one's complement sum. */
export function foldSum(sum: number): number {
  let folded = (sum & 0xffff) + Math.floor(sum / 0x10000);
  while (folded > 0xffff) folded = (folded & 0xffff) + (folded >>> 16);
  return folded;
}

/** The checksum field that goes with a partial sum: the complement of its fold. */
export function checksumOf(sum: number): number {
  return ~foldSum(sum) & 0xffff;
}
