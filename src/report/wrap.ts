/** Breaks text into lines that fit a width, which may be infinite. */

export { counted } from '../lib/counted.ts';

export interface WrapOptions {
  /** Columns that a line may take; a single word may take more, as it is never broken. */
  readonly width: number;
  /** Before the first line. */
  readonly indent?: string;
  /** Before all further lines, or as much of it as a long word leaves; by default the same. */
  readonly hanging?: string;
}

/**
 * At least one line; breaks only at spaces, which then vanish: not between a number and its `%`,
 * nor behind an arrow.
 */
export function wrap(text: string, options: WrapOptions): string[] {
  const { width, indent = '', hanging = indent } = options;
  const lines: string[] = [];
  let line = indent;
  let isEmpty = true;
  for (const word of text.split(/(?<!→) (?!%)/)) {
    if (!isEmpty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = hanging.slice(0, Math.max(0, width - word.length)); // all of a long word is worth more
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}

/** Items with commas between them, and how many are left out where there are more than `max`. */
export function listed(items: readonly string[], max: number): string {
  if (items.length <= max) return items.join(', ');
  return `${items.slice(0, max).join(', ')} and ${items.length - max} more`;
}
