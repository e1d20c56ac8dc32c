/** Whether enough is known of the flows of a run that it may end. */

import type { Localisation } from '../localisation/localise.ts';
import type { FlowTable } from './flow-table.ts';

/** Flows of which as much must be known. */
const KNOWN_SHARE = 0.9;
/** Where the target never answers, this much excluded before it is all that need be known. */
const EXCLUDED_BEFORE_SILENCE = 0.1;

/** Whether most of these flows have been asked at every hop of their paths. */
export function haveExplored(table: FlowTable, flows: readonly number[]): boolean {
  const explored = flows.filter((flow) => {
    const end = table.reachedHop(flow) ?? table.lastKnownHop(flow);
    for (let hop = 0; hop < end; hop++) if (table.isUnexplored(flow, hop)) return false;
    // One that nobody answers has no path to explore.
    return end >= 0 || !table.isUnexplored(flow, 0);
  });
  return explored.length >= KNOWN_SHARE * flows.length;
}

/** Whether most of these flows have a path that has been measured. */
export function haveBeenMeasured(table: FlowTable, flows: readonly number[]): boolean {
  const { counts, flowOf } = table.measured();
  const measured = new Set(flowOf.filter((_, index) => counts.flows[index]?.sent.length !== 0));
  return measured.size >= KNOWN_SHARE * flows.length;
}

/**
 * Whether none of these flows gets to the target, and what could still be learned on the way is
 * known.
 *
 * @param exclude the loss that a clean run is to rule out, within (0, 1)
 */
export function endShortOfTarget(
  table: FlowTable,
  flows: readonly number[],
  { found, exclude }: { readonly found: Localisation; readonly exclude: number },
): boolean {
  const hasReached = flows.some((flow) => table.reachedHop(flow) !== undefined);
  if (found.graph.isTargetReached || hasReached || found.losses.length > 0) return false;
  const { excludedLossRatio } = found;
  const enough = Math.max(exclude, EXCLUDED_BEFORE_SILENCE);
  const isKnown = excludedLossRatio === 1 || excludedLossRatio <= enough;
  return isKnown && !table.hasDoubtfulHops();
}
