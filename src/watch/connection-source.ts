/** Whoever tells of connections that have ended. */

import type { Connection } from './connection.ts';

/** The names that `--source` takes. */
export type SourceName = 'netlink' | 'eventsocket' | 'poll';

/** What a source tells. */
export interface SourceListener {
  /** A connection has ended; told once for each. */
  ended(connection: Connection): void;
  /** Something was not heard as it should be; a word for the counter, a sentence for the log. */
  trouble(kind: string, message: string): void;
}

/** Tells of connections from `start` to `close`. */
export interface ConnectionSource {
  readonly name: SourceName;
  /** Whether it hears of connections at the moment. */
  readonly isHearing: boolean;
  /** @throws when it cannot work at all */
  start(listener: SourceListener): void;
  close(): void;
}
