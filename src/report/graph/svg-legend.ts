/** The legend of the drawings: what colours and dashes mean, and how wide a line is. */

import { LEVELS, type Level, SHOWN_LOSS_RATIO } from './graph-levels.ts';
import { percent } from './svg-markup.ts';

export interface LegendEntry {
  readonly level: Level;
  readonly text: string;
}

/** One entry for each level, worst first. */
export function legendEntries(): LegendEntry[] {
  const texts: Readonly<Record<Level, string>> = {
    lossy: 'loses packets',
    possible: 'suspected, or fits the same evidence',
    clear: 'no loss seen',
    unknown: `not enough data (${percent(SHOWN_LOSS_RATIO)} loss could still hide)`,
  };
  return LEVELS.map((level) => ({ level, text: texts[level] }));
}

/** What the width of a line says. */
export const WIDTH_TEXT = 'wide: many flows';
