/** Rows of text in aligned columns. */

export interface ColumnOptions {
  /** Lines are cut at this many characters. */
  readonly width: number;
  /** Indexes of columns that are aligned to the right. */
  readonly right: ReadonlySet<number>;
  readonly separator: string;
}

/** One line a row, without trailing spaces. */
export function columns(rows: readonly (readonly string[])[], options: ColumnOptions): string[] {
  const { width, right, separator } = options;
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) =>
      right.has(i) ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0),
    );
    const line = cells.join(separator).trimEnd();
    return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
  });
}
