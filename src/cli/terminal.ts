/** What the stream that a report goes to can show: colours and width. */

import type { Paint } from '../report/paint.ts';

/** The part of a tty.WriteStream that counts here. */
export interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

const WIDTH_MIN = 40;
const WIDTH_DEFAULT = 80;

/**
 * Whether to use colours: `NO_COLOR` (not empty) and `FORCE_COLOR` (0 or false for none) decide
 * before anything else, then whether it is a terminal that knows colours.
 */
export function wantsColor({ isTTY = false }: Output, environment: Environment): boolean {
  const { NO_COLOR, FORCE_COLOR, TERM } = environment;
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false;
  if (FORCE_COLOR !== undefined) return !['0', 'false'].includes(FORCE_COLOR);
  return isTTY && TERM !== 'dumb';
}

/** Columns to fill; nothing is wrapped for what is no terminal. */
export function outputWidth({ isTTY = false, columns = 0 }: Output): number {
  if (!isTTY) return Number.POSITIVE_INFINITY;
  return columns === 0 ? WIDTH_DEFAULT : Math.max(WIDTH_MIN, columns); // a pty may have no size
}

/** Colours for an output, by functions that do nothing where it has none. */
export async function paintFor(output: Output, environment: Environment): Promise<Paint> {
  const { createColors } = (await import('picocolors')).default;
  const { bold, dim, red } = createColors(wantsColor(output, environment));
  return { strong: bold, dim, bad: red };
}
