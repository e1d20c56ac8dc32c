/**
 * Which connections are open, from dumps: what a dump lacks that an earlier one had has ended. Ends
 * that were told already by other means are not told again.
 */

import type { Connection } from '../connection.ts';

/** Cookies whose end was told: as many as a busy host ends while events and dumps overtake. */
const TOLD_MAX = 100_000;

/** The connections of a host, by cookie. */
export class OpenConnections {
  #open = new Map<bigint, Connection>();
  readonly #told = new Set<bigint>();

  /** How many are open. */
  get size(): number {
    return this.#open.size;
  }

  /** Takes in a dump. @returns the connections that have ended since the one before */
  dumped(connections: readonly Connection[]): Connection[] {
    const now = new Map<bigint, Connection>();
    for (const connection of connections) {
      if (!this.#told.has(connection.cookie)) now.set(connection.cookie, connection);
    }
    const ended = [...this.#open.values()].filter(({ cookie }) => !now.has(cookie));
    this.#open = now;
    return ended.filter(({ cookie }) => this.#tell(cookie));
  }

  /** Takes in the end of one. @returns whether it is news */
  ended({ cookie }: Connection): boolean {
    this.#open.delete(cookie);
    return this.#tell(cookie);
  }

  #tell(cookie: bigint): boolean {
    if (this.#told.has(cookie)) return false;
    this.#told.add(cookie);
    if (this.#told.size > TOLD_MAX) {
      const [oldest] = this.#told;
      if (oldest !== undefined) this.#told.delete(oldest);
    }
    return true;
  }
}
