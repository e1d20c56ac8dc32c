/** Paths as the tables of `fbtracert`: TTLs downwards, a few source ports side by side. */

import type { FbtracertPath } from './fbtracert-paths.ts';

/** Tables of at most `maxColumns` ports each, every one followed by an empty line. */
export function formatFbtracertTables(
  paths: readonly FbtracertPath[],
  { maxColumns }: { readonly maxColumns: number },
): string {
  const tables: string[] = [];
  for (let first = 0; first < paths.length; first += maxColumns) {
    tables.push(`${table(paths.slice(first, first + maxColumns)).join('\n')}\n\n`);
  }
  return tables.join('');
}

function table(paths: readonly FbtracertPath[]): string[] {
  const head = ['TTL', ...paths.flatMap((path) => [`PORT: ${path.sourcePort}`, 'SENT/RCVD'])];
  const depth = Math.max(...paths.map(({ hops }) => hops.length));
  const rows = Array.from({ length: depth }, (_, hop) => [
    `${hop + 1}`,
    ...paths.flatMap((path) => cellsOf(path, hop)),
  ]);
  const widths = head.map((text, column) =>
    Math.max(text.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const rule = `+${widths.map((width) => '-'.repeat(width + 2)).join('+')}+`;
  const framed = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    rule,
    framed(head.map((text, column) => centred(text, widths[column] ?? 0))),
    rule,
    ...rows.map(([ttl = '', ...cells]) =>
      framed([
        ttl.padStart(widths[0] ?? 0),
        ...cells.map((text, i) => text.padEnd(widths[i + 1] ?? 0)),
      ]),
    ),
    rule,
  ];
}

/** Empty behind the end of a path. */
function cellsOf({ hops, sent, received }: FbtracertPath, hop: number): [string, string] {
  const place = hops[hop];
  if (place === undefined) return ['', ''];
  return [place, `${twoDigits(sent[hop] ?? 0)}/${twoDigits(received[hop] ?? 0)}`];
}

function twoDigits(count: number): string {
  return `${count}`.padStart(2, '0');
}

/** An odd space goes to the right. */
function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(text.length + left).padEnd(width);
}
