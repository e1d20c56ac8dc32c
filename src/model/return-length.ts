/**
 * How many routers a reply has passed, by the TTL left in it: senders start with 32, 64, 128 or
 * 255, and few ways are longer than the distances between those.
 */

const FIRST_TTLS: readonly number[] = [32, 64, 128, 255];

/** @param replyTtl 0–255 @returns routers on the way back, 0 for a neighbour */
export function returnLength(replyTtl: number): number {
  const first = FIRST_TTLS.find((ttl) => replyTtl <= ttl) ?? 255;
  return first - replyTtl;
}
