/** What a run lacks that ended before its answer was sure. */

import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import { lossNotExcluded } from '../localisation/unprobed-hops.ts';

/** Odds at which a place counts as found. */
const SETTLED_ODDS = 99;

/**
 * About how many more probes would make a run sure that ended before it was: evidence grows as
 * probes do, and so do the log-odds of a place, while the loss that can be ruled out shrinks.
 *
 * @param probesSent so far
 * @returns rounded up to two digits
 */
export function probesNeeded(
  localisation: Pick<Localisation, 'losses' | 'excludedLossRatio' | 'unprobed'>,
  { probesSent, exclude }: { readonly probesSent: number; readonly exclude: number },
): number {
  const { losses } = localisation;
  const factor =
    losses.length === 0
      ? lossNotExcluded(localisation) / exclude
      : Math.max(...losses.map((loss) => Math.log(SETTLED_ODDS) / logOdds(loss.modelProbability)));
  const needed = Math.max(1, probesSent) * Math.max(0.1, factor - 1);
  return roundedUp(Math.min(needed, PROBES_NEEDED_MAX));
}

/** What would take longer than this is only said to take very long. */
const PROBES_NEEDED_MAX = 1e7;
/** Odds below this tell nothing of how they will grow. */
const LOG_ODDS_MIN = 0.5;

function logOdds(probability: LocatedLoss['modelProbability']): number {
  return Math.max(LOG_ODDS_MIN, Math.log(probability / (1 - probability)));
}

function roundedUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
