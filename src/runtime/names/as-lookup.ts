/**
 * Whose networks addresses belong to: from a MaxMind database (MMDB) that the user has, or from the
 * routing tables that Team Cymru answers DNS questions with. Both tell text that others wrote: it
 * is made safe to print here.
 */

import type { AsOrigin } from '../../model/as-origin.ts';

/** Where to look. */
export type AsSource =
  /** A file with the fields of GeoLite2-ASN, or those of IPinfo's (`asn`, `as_name`). */
  | { readonly file: string }
  /** Asks the DNS: the resolver, and whoever it asks, then learn the addresses. */
  | { readonly dns: true; readonly servers?: readonly string[] };

/** Looks addresses up. Keeps what it has learned, so one should serve a whole process. */
export interface AsLookup {
  /**
   * Never fails: addresses of which nothing is known are left out.
   *
   * @param addresses in any textual form; those that are in no public network are not asked for
   * @param signal ends the look-ups early, with what is known by then
   */
  originsOf(
    addresses: Iterable<string>,
    signal?: AbortSignal,
  ): Promise<ReadonlyMap<string, AsOrigin>>;
}

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
