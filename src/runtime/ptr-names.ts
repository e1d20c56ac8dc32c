/**
 * Names of addresses from the DNS, asked for only when measuring is over: a slow resolver can then
 * delay the report, but not lose a reply.
 */

import { Resolver } from 'node:dns/promises';
import pLimit from 'p-limit';
import { parseIpAddress } from '../lib/ip-address.ts';
import { printable } from '../lib/printable.ts';

const QUERIES_AT_ONCE = 32;
const QUERY_TIMEOUT_MS = 700;
/** All look-ups together may take no longer. */
const TOTAL_TIMEOUT_MS = 2500;
const ADDRESSES_MAX = 1024;

/**
 * The first PTR name of each address that has one, made safe to print. Never fails.
 *
 * @param signal ends the look-ups early, with the names that are known by then
 */
export async function ptrNames(
  addresses: Iterable<string>,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const resolver = new Resolver({ timeout: QUERY_TIMEOUT_MS, tries: 1 });
  const limit = pLimit(QUERIES_AT_ONCE);
  const names = new Map<string, string>();
  const patience = AbortSignal.timeout(TOTAL_TIMEOUT_MS);
  const ending = signal === undefined ? patience : AbortSignal.any([patience, signal]);
  const isOver = new Promise<void>((resolve) => {
    const end = (): void => {
      limit.clearQueue();
      resolver.cancel();
      resolve();
    };
    if (ending.aborted) end();
    else ending.addEventListener('abort', end, { once: true });
  });
  const asked = [...new Set(addresses)].slice(0, ADDRESSES_MAX);
  const queries = asked.map((address) =>
    limit(async () => {
      const [name] = await resolver.resolvePtr(reverseName(address));
      if (name !== undefined && name !== '') names.set(address, printable(name));
    }),
  );
  await Promise.race([Promise.allSettled(queries), isOver]);
  return names;
}

/** The domain name under which an address has its PTR records (RFC 1035 §3.5, RFC 3596 §2.5). */
export function reverseName(address: string): string {
  const bytes = parseIpAddress(address) ?? new Uint8Array();
  if (bytes.length === 4) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  const nibbles = [...bytes].flatMap((byte) => [byte >> 4, byte & 0x0f]);
  return `${nibbles
    .reverse()
    .map((nibble) => nibble.toString(16))
    .join('.')}.ip6.arpa`;
}
