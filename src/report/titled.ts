/** Sections of reports, each with its name above it. */

import type { Paint } from './paint.ts';
import { wrap } from './wrap.ts';

/** Nothing at all where there are no lines; lines too long for `width` go on further indented. */
export function titled(
  title: string,
  lines: readonly string[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  if (lines.length === 0) return [];
  const body = lines.flatMap((line) => wrap(line, { width, indent: '  ', hanging: '    ' }));
  return [paint.dim(title), ...body];
}
