/**
 * Opens who is asked for the networks of addresses: a MaxMind database (MMDB) that the user has, or
 * the routing tables that Team Cymru answers DNS questions with. Both tell text that others wrote,
 * which they make safe to print.
 */

import type { AsLookup } from './as-lookup.ts';

/** Where to look. */
export type AsSource =
  /** A file with the fields of GeoLite2-ASN, or those of IPinfo's (`asn`, `as_name`). */
  | { readonly file: string }
  /** Asks the DNS: the resolver, and whoever it asks, then learn the addresses. */
  | { readonly dns: true; readonly servers?: readonly string[] };

/**
 * Opens a source of origins.
 *
 * @throws {HostError} AS_DATABASE_UNREADABLE for a file that is none, or cannot be read
 */
export async function openAsLookup(source: AsSource): Promise<AsLookup> {
  if ('file' in source) return (await import('./as-database.ts')).openAsDatabase(source.file);
  const { CymruLookup } = await import('./as-cymru.ts');
  return new CymruLookup({ servers: source.servers });
}

const shared = new Map<string, Promise<AsLookup>>();

/** As `openAsLookup`, but one for all of the process: a file is read once. */
export function sharedAsLookup(source: AsSource): Promise<AsLookup> {
  const key = JSON.stringify(source);
  const known = shared.get(key);
  if (known !== undefined) return known;
  const opening = openAsLookup(source);
  shared.set(key, opening);
  opening.catch(() => shared.delete(key));
  return opening;
}
