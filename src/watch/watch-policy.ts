/** Which connections are traced at all: addresses, ports, and a sample of what is left. */

import { FNV_BASIS, fnvStep } from '../lib/fnv1a.ts';
import { contains, type IpPrefix } from '../lib/ip-prefix.ts';
import type { Connection } from './connection.ts';
import { parseUnmapped } from './connection.ts';

export interface WatchPolicy {
  /** Remote addresses to trace; empty for all. */
  readonly include: readonly IpPrefix[];
  /** Remote addresses never to trace; these win. */
  readonly exclude: readonly IpPrefix[];
  /** Local ports of connections to trace; empty for all. */
  readonly localPorts: readonly number[];
  /** Ports, local or remote, whose connections are never traced. */
  readonly excludePorts: readonly number[];
  /** Part of the addresses that is traced, (0, 1]: an address is in or out as a whole. */
  readonly sample: number;
}

/** Why a connection is not traced; the label of a counter. */
export type SkipReason =
  | 'own-address'
  | 'unroutable'
  | 'not-included'
  | 'excluded'
  | 'port'
  | 'sampled-out';

/**
 * Why `connection` is left alone, or undefined where it is to be traced.
 *
 * @param isOwn whether an address is one of this host
 * @param draw a number in [0, 1) that is always the same for an address
 */
export function skipReason(
  connection: Connection,
  policy: WatchPolicy,
  { isOwn, draw }: { isOwn: (address: string) => boolean; draw: (address: string) => number },
): SkipReason | undefined {
  const { remoteAddress, localPort, remotePort } = connection;
  const bytes = parseUnmapped(remoteAddress);
  if (bytes === undefined || remotePort === 0 || isUnroutable(bytes)) return 'unroutable';
  if (isOwn(remoteAddress)) return 'own-address';
  const { include, exclude, localPorts, excludePorts, sample } = policy;
  if (exclude.some((prefix) => contains(prefix, bytes))) return 'excluded';
  if (include.length > 0 && !include.some((prefix) => contains(prefix, bytes))) {
    return 'not-included';
  }
  if (localPorts.length > 0 && !localPorts.includes(localPort)) return 'port';
  if (excludePorts.includes(localPort) || excludePorts.includes(remotePort)) return 'port';
  return draw(remoteAddress) < sample ? undefined : 'sampled-out';
}

/** Loopback, link-local, multicast, unspecified: no paths lead there. */
function isUnroutable(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes;
  if (bytes.length === 4) {
    return first === 0 || first === 127 || first >= 224 || (first === 169 && second === 254);
  }
  if (first === 0xff || (first === 0xfe && (second & 0xc0) === 0x80)) return true;
  return bytes.subarray(0, 15).every((byte) => byte === 0) && (bytes[15] ?? 0) <= 1;
}

/** A number in [0, 1) for a text: FNV-1a, 32 bits, its high bits mixed down once more. */
export function drawFor(text: string, salt: number): number {
  let hash = (FNV_BASIS ^ salt) >>> 0;
  for (const character of text) {
    hash = fnvStep(hash, character.codePointAt(0) ?? 0) >>> 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b) >>> 0;
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
