/** Lays the rows of the hops out as a table that fits the width, on one or a few lines each. */

import type { IsolateRecord } from '../../model/isolate-record.ts';
import type { Paint } from '../paint.ts';
import { wrap } from '../wrap.ts';
import { type HopRow, hopRows } from './hop-rows.ts';

const HEAD: HopRow = {
  mark: '',
  label: 'hop',
  place: 'interface',
  notes: '',
  flows: 'flows',
  probes: 'probes',
  answered: 'answered',
  next: 'leads to',
};
/** What the last column needs at least; with less, rows take more lines. */
const NEXT_MIN = 16;
const NARROW_INDENT = 6;
const LEGEND = { '!': '! suspect', '?': '? fits the same evidence' };

/** Empty when there are no hops. */
export function hopTable(
  record: IsolateRecord,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const rows = hopRows(record);
  if (rows.length === 0) return [];
  const [head, ...bodies] = layOut([HEAD, ...rows], width);
  const lines = bodies.flatMap((body, i) =>
    rows[i]?.mark === '!' ? body.map((line) => paint.bad(line)) : body,
  );
  const legend = legendOf(rows);
  return [
    ...(head ?? []).map((line) => paint.dim(line)),
    ...lines,
    ...(legend === '' ? [] : wrap(legend, { width, indent: '  ' }).map((line) => paint.dim(line))),
  ];
}

/** The lines of each row, all in the first layout that fits. */
function layOut(rows: readonly HopRow[], width: number): string[][] {
  const full = rows.map((row) => ({ ...row, place: joined(row.place, row.notes) }));
  const whole = tabular(full, width);
  if (whole !== undefined) return whole;
  const bare = tabular(rows, width);
  if (bare === undefined) return rows.map((row, i) => (i === 0 ? [] : narrow(row, width)));
  return bare.map((lines, i) => [...lines, ...noteLines(rows[i]?.notes ?? '', width)]);
}

/** In columns; undefined when they leave too little for the last one. */
function tabular(rows: readonly HopRow[], width: number): string[][] | undefined {
  const widest = (key: Exclude<keyof HopRow, 'mark' | 'notes'>): number =>
    Math.max(...rows.map((row) => row[key].length));
  const widths = {
    label: widest('label'),
    place: widest('place'),
    flows: widest('flows'),
    probes: widest('probes'),
    answered: widest('answered'),
  };
  const heads = rows.map(({ mark, label, place, flows, probes, answered }) =>
    [
      `${mark.padEnd(1)} ${label.padEnd(widths.label)}`,
      place.padEnd(widths.place),
      flows.padStart(widths.flows),
      probes.padStart(widths.probes),
      answered.padStart(widths.answered),
      '',
    ].join('  '),
  );
  const indent = heads[0]?.length ?? 0;
  if (width - indent < Math.min(NEXT_MIN, widest('next'))) return undefined;
  return rows.map(({ next }, i) => {
    // The arrow hangs out, so that labels stand below labels.
    const hanging = ' '.repeat(indent + 2);
    return wrap(next, { width, indent: heads[i] ?? '', hanging }).map((line) => line.trimEnd());
  });
}

function noteLines(notes: string, width: number): string[] {
  if (notes === '') return [];
  return wrap(cutTo(width - NARROW_INDENT, notes), { width, indent: ' '.repeat(NARROW_INDENT) });
}

/** Cuts words that would not fit a line: names may be, addresses never are. */
function cutTo(room: number, notes: string): string {
  const words = notes.split(' ');
  return words.map((word) => (word.length > room ? `${word.slice(0, room - 1)}…` : word)).join(' ');
}

/** As text, for terminals that have no room for columns. */
function narrow(row: HopRow, width: number): string[] {
  const { mark, label, place, notes, flows, probes, answered, next } = row;
  const counts = [
    `${flows} ${flows === '1' ? 'flow' : 'flows'}`,
    probes === '' ? '' : `${probes} ${probes === '1' ? 'probe' : 'probes'}`,
    answered === '' ? '' : `${answered} answered`,
  ];
  const indent = ' '.repeat(Math.max(0, Math.min(NARROW_INDENT, width - place.length)));
  const shortNotes = cutTo(width - indent.length, notes);
  const head = joined(`${mark.padEnd(1)} ${label.padEnd(3)} ${place}`, shortNotes);
  const rest = joined(counts.filter((text) => text !== '').join(', '), next);
  return [
    ...wrap(head, { width, hanging: indent }).map((line) => line.trimEnd()),
    ...wrap(rest, { width, indent }),
  ];
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== '').join(' ');
}

/** What the marks in these rows mean; empty where none has any. */
export function legendOf(rows: readonly HopRow[]): string {
  const used = (['!', '?'] as const).filter((mark) =>
    rows.some((row) => row.mark === mark || row.next.split(/[ ,]/).some((to) => to.endsWith(mark))),
  );
  return used.map((mark) => LEGEND[mark]).join('   ');
}
