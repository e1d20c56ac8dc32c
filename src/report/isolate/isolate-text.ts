/**
 * The human report of an isolate record: the sentence first, then the evidence, the hops as a
 * compact graph, the paths, how to reproduce, and what spoiled the measurement, if anything did.
 */

import type { IsolateRecord, ReadFrom } from '../../model/isolate-record.ts';
import { type Paint, plainPaint } from '../paint.ts';
import { withLossyFlows, withProbedFlows } from '../suspect-paths.ts';
import { titled } from '../titled.ts';
import { counted, wrap } from '../wrap.ts';
import { hopTable } from './hop-table.ts';
import { evidenceLines, pathsText } from './isolate-evidence.ts';
import { reproduction } from './reproduce-lines.ts';
import { ownHostSentences, spoilers } from './spoilers.ts';

export interface TextOptions {
  /** Columns of the terminal; `Infinity` for what is no terminal, where nothing is wrapped. */
  readonly width: number;
  readonly paint?: Paint;
  /** Which flows the table of hops tells of: by default all of them. */
  readonly show?: 'all' | 'suspects';
}

/** Lines end with a newline, the last one too. */
export function formatIsolateText(whole: IsolateRecord, options: TextOptions): string {
  const record = withProbedFlows(whole);
  const { width, paint = plainPaint, show = 'all' } = options;
  const sections = [
    [headline(record), ...ownHostSentences(record)].flatMap((line) =>
      wrap(line, { width }).map((each) => paint.strong(each)),
    ),
    titled('Evidence', evidenceLines(record), { width, paint }),
    hopTable(show === 'all' ? record : withLossyFlows(record), { width, paint }),
    wrap(pathsLine(record), { width, hanging: '  ' }),
    reproduceLines(record, { width, paint }),
    titled('Measurement', spoilers(record), { width, paint }),
    wrap(costLine(record), { width, hanging: '  ' }).map((line) => paint.dim(line)),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

/** Commands keep to one line, however long, so that they can be pasted. */
function reproduceLines(
  record: IsolateRecord,
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  const { groups, notes } = reproduction(record);
  if (groups.length === 0) return [];
  return [
    paint.dim('Reproduce'),
    ...groups.flatMap(({ title, commands }) => [
      `  ${title}:`,
      ...commands.map((command) => `    ${command}`),
    ]),
    ...notes.flatMap((note) => wrap(note, { width, indent: '  ', hanging: '    ' })),
  ];
}

function headline({ summary, partial }: IsolateRecord): string {
  return partial ? `${summary} (partial: interrupted)` : summary;
}

function pathsLine(record: IsolateRecord): string {
  const end = record.paths.broken === 0 ? '' : ' (their flows never reach the target)';
  return `Paths: ${pathsText(record)}${end}`;
}

/** What the measurement cost. */
export function costLine(record: IsolateRecord): string {
  const { probesSent, repliesReceived, durationMs, seed, flows, simulated, readFrom } = record;
  const parts = [
    counted(probesSent, 'probe'),
    counted(repliesReceived, 'reply', 'replies'),
    counted(flows.length, 'flow'),
    `${(durationMs / 1000).toFixed(1)} s`,
    readFrom === undefined ? `seed ${seed}` : readFromText(readFrom),
  ];
  return `${parts.join(', ')}${simulated === null ? '' : ` (simulated: ${simulated})`}`;
}

/** Where there was nothing to draw by a seed. */
function readFromText({ formats, files, traces }: ReadFrom): string {
  const source = counted(files.length, 'file');
  return `${counted(traces, 'trace')} in ${source} (${formats.join(', ')})`;
}
