/** What the engine and the sockets count beside the answers, of all that ran at a time. */

import type { LinkCounters } from '../../model/packet-link.ts';
import type { SpoilCounts } from '../../model/spoil-counts.ts';
import type { EngineCounters } from '../../probing/engine-counters.ts';

/**
 * The counts by now.
 *
 * @param known earlier ones, returned where nothing was counted since: thousands of measurements
 *   that begin together need them once
 */
export function spoilCounts(
  parts: {
    readonly engine: { readonly counters: EngineCounters };
    readonly link: { counters(): LinkCounters };
  },
  known?: SpoilCounts,
): SpoilCounts {
  const { lateReplies, duplicates, foreignReplies, malformed, sendErrors } = parts.engine.counters;
  const { socketDrops } = parts.link.counters();
  const now = { lateReplies, duplicates, foreignReplies, malformed, socketDrops, sendErrors };
  if (known !== undefined && totalOf(known) === totalOf(now)) return known;
  return { ...now, sendErrors: { ...sendErrors } };
}

/** None of them ever goes back. */
function totalOf({ sendErrors, ...counts }: SpoilCounts): number {
  return [...Object.values(counts), ...Object.values(sendErrors)].reduce((sum, n) => sum + n, 0);
}

/** What came between two times. */
export function spoilsBetween(before: SpoilCounts, after: SpoilCounts): SpoilCounts {
  const errors = Object.entries(after.sendErrors).map(
    ([error, count]) => [error, count - (before.sendErrors[error] ?? 0)] as const,
  );
  return {
    lateReplies: after.lateReplies - before.lateReplies,
    duplicates: after.duplicates - before.duplicates,
    foreignReplies: after.foreignReplies - before.foreignReplies,
    malformed: after.malformed - before.malformed,
    socketDrops: after.socketDrops - before.socketDrops,
    sendErrors: Object.fromEntries(errors.filter(([, count]) => count > 0)),
  };
}
