/** Text as Graphviz reads it, whatever it contains. */

import { keptPrintable } from '../../lib/printable.ts';

/** In quotes. */
export function quoted(text: string): string {
  return quotedLines([text]);
}

/** In quotes, each line centred below the one before. */
export function quotedLines(lines: readonly string[]): string {
  return `"${lines.map(escapedText).join('\\n')}"`;
}

/** In quotes, lines that begin below each other: each ends, to Graphviz, at the two letters \l. */
export function quotedLeft(lines: readonly string[]): string {
  return `"${lines.map((line) => `${escapedText(line)}\\l`).join('')}"`;
}

/** Inside quotes; Graphviz reads entities too, so that `&` is written as one. */
function escapedText(text: string): string {
  const safe = keptPrintable(text);
  return safe.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('&', '&amp;');
}
