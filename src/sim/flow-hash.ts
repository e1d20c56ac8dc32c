/**
 * What routers hash to keep the packets of one flow on one path. The hash is Murmur3's, not that of
 * any vendor: measurements must not depend on which.
 */

import { uint32At } from '../wire/octets.ts';

/** The fields of a packet that make its flow. */
export interface FlowFields {
  /** 4 or 16 bytes. */
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  /**
   * First 32 bits of the transport header: ports, or type, code and checksum of an ICMP echo. 0 for
   * ICMP errors, which Linux and most routers hash by their addresses alone, so that all errors of
   * one interface take the same way back.
   */
  readonly leadingBits: number;
}

/** Hash of a flow: 32 bits, the same everywhere until `mixBits` adds a router's own seed. */
export function flowHash({ source, destination, protocol, leadingBits }: FlowFields): number {
  const addresses = mixWords(mixWords(mixBits(protocol), source), destination);
  return mixBits(addresses ^ leadingBits);
}

/** Hash of an address alone: 32 bits. */
export function addressHash(address: Uint8Array): number {
  return mixWords(0, address);
}

/** Spreads every bit of a 32-bit integer over all of them (Murmur3's finalizer, a bijection). */
export function mixBits(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85eb_ca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/**
 * Into which of some equal parts of its range a hash falls, once a router's own seed is in it: the
 * hash-threshold of RFC 2992.
 *
 * @param seed 32 bits; a router with another one spreads the same flows otherwise
 * @returns 0 to `buckets` − 1
 */
export function bucketOf(hash: number, seed: number, buckets: number): number {
  return Math.floor((mixBits(hash ^ seed) / 0x1_0000_0000) * buckets);
}

function mixWords(seed: number, bytes: Uint8Array): number {
  let hash = seed;
  for (let i = 0; i < bytes.length; i += 4) hash = mixBits(hash ^ uint32At(bytes, i));
  return hash;
}
