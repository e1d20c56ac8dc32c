/** Sends the messages of an arena, as far as the kernel takes them. */

import { libc } from './libc.ts';
import type { MessageArena } from './message-arena.ts';
import { errnoName } from './system-error.ts';

/** `accepted` packets went out; `error`, an errno name, is why the next did not. */
export interface SendOutcome {
  readonly accepted: number;
  readonly error: string | undefined;
}

/** Sends slots 0 to `count` − 1, all prepared, in order, up to the first that is refused. */
export function sendMessages(fd: number, arena: MessageArena, count: number): SendOutcome {
  let accepted = 0;
  while (accepted < count) {
    const sent = libc().sendmmsg(fd, arena.headerAddress(accepted), count - accepted, 0);
    // sendmmsg tells the error of a packet only when that packet is its first.
    if (sent === -1) return { accepted, error: errnoName(libc().errno()) };
    accepted += sent;
  }
  return { accepted, error: undefined };
}
