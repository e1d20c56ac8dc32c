/** The flow × hop heat map of the page: rows sorted by path, so that a fault shows as one block. */

import type { FlowRecord, IsolateRecord } from '../../../model/isolate-record.ts';
import type { DrawnGraph } from '../../graph/graph-levels.ts';
import { escaped } from '../../graph/svg-markup.ts';

export interface FlowRows {
  /** A whole `table` element; each row says in `data-p` which of the paths it takes. */
  readonly markup: string;
  /** For each distinct path the numbers of what it passes, as the drawing's `data-i` has them. */
  readonly paths: readonly (readonly number[])[];
}

/** Shares of missing replies up to which a cell has a colour; all of them is the last colour. */
const HEAT_STEPS = [0.05, 0.2, 0.5];

/** The order of the flows in the record decides nothing but that of equal ports. */
export function flowRows(record: IsolateRecord, graph: DrawnGraph): FlowRows {
  const rows = graph.walks
    .map((walk, index) => ({ index, walk, flow: record.flows[index] }))
    .filter((row): row is Row => row.flow !== undefined)
    .sort((a, b) => compareWalks(a, b) || a.flow.sourcePort - b.flow.sourcePort);
  const paths: number[][] = [];
  let before = '';
  const hops = Math.max(0, ...record.flows.map(lastProbed)) + 1;
  const body = rows.map(({ walk, flow }) => {
    const passed = [...walk.places, ...walk.hops.map((hop) => hop + graph.places.length)];
    const isNew = String(passed) !== before;
    if (isNew) paths.push(passed);
    before = String(passed);
    return rowMarkup(flow, { record, hops, path: paths.length, isNew });
  });
  const ttls = Array.from(
    { length: hops },
    (_, hop) => `<th scope="col">${record.minTtl + hop}</th>`,
  );
  const head = [
    '<th scope="col" class="port">port</th>',
    ...(record.targets.length > 1 ? ['<th scope="col">target</th>'] : []),
    '<th scope="col">path</th>',
    ...ttls,
  ];
  const markup =
    `<table class="heat"><caption class="unseen">Probes answered of those sent, by flow and TTL` +
    `</caption><thead><tr>${head.join('')}</tr></thead>` +
    `<tbody>\n${body.join('\n')}\n</tbody></table>`;
  return { markup, paths };
}

interface Row {
  readonly index: number;
  readonly walk: DrawnGraph['walks'][number];
  readonly flow: FlowRecord;
}

interface RowView {
  readonly record: IsolateRecord;
  readonly hops: number;
  readonly path: number;
  readonly isNew: boolean;
}

/** Broken flows and lossy ones end up with their paths: those are in the order of the places. */
function compareWalks(a: Row, b: Row): number {
  const [left, right] = [a.walk.places, b.walk.places];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

function lastProbed({ sent }: FlowRecord): number {
  return sent.findLastIndex((count) => count > 0);
}

function rowMarkup(flow: FlowRecord, { record, hops, path, isNew }: RowView): string {
  const cells = Array.from({ length: hops }, (_, hop) => cellMarkup(flow, hop));
  const target = record.targets[flow.target]?.name ?? '';
  const notes = [flow.lossy ? 'loss' : '', flow.changedPath ? 'changed path' : '']
    .filter((note) => note !== '')
    .join(', ');
  const mark = flow.lossy ? '!' : flow.changedPath ? '~' : '';
  const shown = mark === '' ? '' : `<abbr title="${notes}">${mark}</abbr> `;
  return (
    `<tr data-p="${path - 1}" tabindex="-1"${isNew ? ' class="first"' : ''}>` +
    `<th scope="row" class="port">${shown}${flow.sourcePort}</th>` +
    (record.targets.length > 1 ? `<td class="who">${escaped(target)}</td>` : '') +
    `<td class="path">${path}</td>${cells.join('')}</tr>`
  );
}

/** The count alone where all were answered; nothing where nothing was sent. */
function cellMarkup({ path, sent, received }: FlowRecord, hop: number): string {
  const [all, answered] = [sent[hop] ?? 0, received[hop] ?? 0];
  if (all === 0) return '<td></td>';
  if (answered >= all) return `<td class="h0">${all}</td>`;
  if (answered === 0 && (path[hop] ?? null) === null) return `<td class="hx">0/${all}</td>`;
  const missing = 1 - answered / all;
  const step = HEAT_STEPS.findIndex((limit) => missing <= limit) + 1;
  const heat = missing >= 1 ? 5 : step === 0 ? 4 : step;
  return `<td class="h${heat}">${answered}/${all}</td>`;
}
