/** Whose networks addresses belong to, whoever is asked; see `as-sources.ts` for who can be. */

import type { AsOrigin } from '../../model/as-origin.ts';

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
