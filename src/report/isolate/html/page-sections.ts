/** The sections of the page below the graph: evidence, hops, how to reproduce, measurement. */

import type { IsolateRecord } from '../../../model/isolate-record.ts';
import type { Suspect } from '../../../model/verdict.ts';
import { lossText } from '../../graph/graph-levels.ts';
import { escaped, probabilityText } from '../../graph/svg-markup.ts';
import { counted } from '../../wrap.ts';
import { hopRows } from '../hop-rows.ts';
import { legendOf } from '../hop-table.ts';
import {
  filterLines,
  onePathLines,
  placeName,
  reachLines,
  rejectedLines,
  systemLines,
  targetLines,
  untestableLines,
} from '../isolate-evidence.ts';
import { costLine } from '../isolate-text.ts';
import { type CommandGroup, reproduction } from '../reproduce-lines.ts';
import { spoilers } from '../spoilers.ts';

const DIRECTION: Readonly<Record<Suspect['direction'], string>> = {
  forward: 'on the way there',
  return: 'on the way back',
  unknown: 'there or back',
};

/** Sections with a heading each, in the order of the page. */
export function pageSections(record: IsolateRecord): string {
  return [
    section('evidence', 'Evidence', evidence(record)),
    section('reproduce', 'Reproduce', reproduce(record)),
    section('hops', 'Hops', hops(record)),
    section('measurement', 'Measurement', measurement(record)),
  ].join('\n');
}

/** Empty when it has nothing to say. */
function section(id: string, title: string, body: string): string {
  if (body === '') return '';
  const heading = `<h2 id="${id}-title">${title}</h2>`;
  return `<section id="${id}" aria-labelledby="${id}-title">${heading}\n${body}</section>`;
}

function evidence(record: IsolateRecord): string {
  const { suspects, untestable } = record;
  const head = ['suspect', 'loss (95 % interval)', 'probability', 'flows', 'probes', 'lost'];
  const rows = suspects.map((suspect) => {
    const { flowsLossy, flowsAcross, probesLost, probesAcross } = suspect;
    const rivals = suspect.equivalents.map((rival) => placeName(rival, record)).join(', ');
    const place =
      `<strong>${escaped(placeName(suspect, record))}</strong>` +
      (rivals === '' ? '' : `<br><span class="dim">fits as well: ${escaped(rivals)}</span>`);
    return [
      `<th scope="row">${place}</th>`,
      `<td>${lossText(suspect)}</td>`,
      `<td>${escaped(probabilityText(suspect.probability))}</td>`,
      `<td>${flowsLossy} of ${flowsAcross} lose</td>`,
      `<td>${probesLost} of ${probesAcross} lost</td>`,
      `<td>${DIRECTION[suspect.direction]}</td>`,
    ];
  });
  const [first] = suspects;
  const around = first === undefined ? '' : aroundLine(first, record);
  const lines = [
    around,
    ...(first === undefined ? [] : systemLines(first, record)),
    ...targetLines(record),
    ...reachLines(record),
    ...filterLines(record),
    ...onePathLines(record),
    ...rejectedLines(record),
    ...untestableLines(untestable),
  ].filter((line) => line !== '');
  return (rows.length === 0 ? '' : table('suspects', head, rows)) + list(lines);
}

/** What the flows that avoid the first suspect did. */
function aroundLine({ flowsAcross, flowsLossy }: Suspect, { flows }: IsolateRecord): string {
  const around = flows.length - flowsAcross;
  if (around === 0) return 'all flows cross the suspect: there is none around it to compare with';
  const lossy = Math.max(0, flows.filter((flow) => flow.lossy).length - flowsLossy);
  return `${lossy} of ${counted(around, 'flow')} around the suspect lose packets`;
}

function reproduce(record: IsolateRecord): string {
  const { groups, notes } = reproduction(record);
  return groups.map(commandGroup).join('') + list(notes);
}

function commandGroup({ title, commands }: CommandGroup): string {
  const lines = commands.map(escaped).join('\n');
  return `<h3>${title}</h3><pre tabindex="0">${lines}</pre>`;
}

/** The same table as in the text report, for those who cannot see the graph, and for tickets. */
function hops(record: IsolateRecord): string {
  const rows = hopRows(record);
  const cells = rows.map((row) => [
    `<td>${row.mark}</td>`,
    `<th scope="row">${row.label}</th>`,
    `<td>${escaped([row.place, row.notes].filter((part) => part !== '').join(' '))}</td>`,
    `<td class="number">${row.flows}</td>`,
    `<td class="number">${row.probes}</td>`,
    `<td class="number">${row.answered}</td>`,
    `<td>${escaped(row.next)}</td>`,
  ]);
  const head = ['mark', 'hop', 'interface', 'flows', 'probes', 'answered', 'leads to'];
  if (rows.length === 0) return '';
  const legend = legendOf(rows);
  return table('hop-table', head, cells) + (legend === '' ? '' : `<p class="dim">${legend}</p>`);
}

function measurement(record: IsolateRecord): string {
  const { startedAt, version, source, measurement: own } = record;
  const spoiled = spoilers(record);
  const facts = [
    costLine(record),
    `from ${source}, ${startedAt}, fantrace ${version}`,
    `${own.foreignReplies} foreign replies, ${own.duplicates} duplicates, all set aside`,
  ];
  const verdict = spoiled.length === 0 ? '<p>Nothing spoiled the measurement.</p>' : list(spoiled);
  return `${verdict}<p class="dim">${facts.map(escaped).join('<br>')}</p>`;
}

function list(lines: readonly string[]): string {
  if (lines.length === 0) return '';
  return `<ul>${lines.map((line) => `<li>${escaped(line)}</li>`).join('\n')}</ul>`;
}

/** Cells come as markup. Scrolls by itself where it is too wide. */
function table(id: string, head: readonly string[], rows: readonly (readonly string[])[]): string {
  const heads = head.map((text) => `<th scope="col">${escaped(text)}</th>`).join('');
  const body = rows.map((cells) => `<tr>${cells.join('')}</tr>`).join('\n');
  return (
    `<div class="scroll" tabindex="0" role="region" aria-label="${id}, as a table">` +
    `<table class="${id}"><thead><tr>${heads}</tr></thead><tbody>\n${body}\n</tbody></table></div>`
  );
}
