/** The loss that needs no explanation: every link loses a little. */

import type { CellColumns } from './cell-columns.ts';

/** What a healthy link loses before anything is known of this network. */
export const BACKGROUND_LOSS = 4e-5;
/** A background beyond this is no background: it is for the candidates to explain. */
const BACKGROUND_MAX = 1.5e-4;
const BACKGROUND_MIN = 1e-5;
/** The prior of the background weighs as much as this many lost probes. */
const BACKGROUND_PSEUDO_LOSSES = 4;

/**
 * The best loss of a link by one step of EM, between what any network loses and what would be a
 * fault, with a prior that a few lost probes outweigh.
 *
 * @param present what a link is taken to lose now
 */
export function bestBackground(cells: CellColumns, present: number): number {
  let explained = BACKGROUND_PSEUDO_LOSSES;
  let crossings = BACKGROUND_PSEUDO_LOSSES / BACKGROUND_LOSS;
  for (let id = 0; id < cells.size; id++) {
    const links = cells.links[id] as number;
    crossings += (cells.sent[id] as number) * links;
    const lost = cells.lost[id] as number;
    // Of what is lost here, the background's share of the loss.
    if (lost > 0) explained += lost * Math.min(1, (links * present) / cells.failOf(id));
  }
  return Math.min(BACKGROUND_MAX, Math.max(BACKGROUND_MIN, explained / crossings));
}
