/** The hash FNV-1a of 32 bits, a step at a time, so that nothing has to be put together for it. */

/** Where a hash begins. */
export const FNV_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

/** @param value below 2^32; more than a byte is mixed in as a whole; @returns 32 bits, signed */
export function fnvStep(hash: number, value: number): number {
  return Math.imul(hash ^ value, PRIME);
}
