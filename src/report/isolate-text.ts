/**
 * The human report of an isolate record: the sentence first, then the evidence, the hops as a
 * compact graph, the paths, and what spoiled the measurement, if anything did.
 */

import type { IsolateRecord } from '../model/isolate-record.ts';
import { hopTable } from './hop-table.ts';
import { evidenceLines } from './isolate-evidence.ts';
import { type Paint, plainPaint } from './paint.ts';
import { withLossyFlows } from './suspect-paths.ts';
import { counted, listed, wrap } from './wrap.ts';

export interface TextOptions {
  /** Columns of the terminal; `Infinity` for what is no terminal, where nothing is wrapped. */
  readonly width: number;
  readonly paint?: Paint;
  /** Which flows the table of hops tells of: by default all of them. */
  readonly show?: 'all' | 'suspects';
}

const PORTS_LISTED = 10;
/** Our own process was kept from its work for longer than timing can bear. */
const SLOW_LOOP_MS = 50;

/** Lines end with a newline, the last one too. */
export function formatIsolateText(record: IsolateRecord, options: TextOptions): string {
  const { width, paint = plainPaint, show = 'all' } = options;
  const sections = [
    wrap(headline(record), { width }).map((line) => paint.strong(line)),
    titled('Evidence', evidenceLines(record), { width, paint }),
    hopTable(show === 'all' ? record : withLossyFlows(record), { width, paint }),
    wrap(pathsLine(record), { width, hanging: '  ' }),
    titled('Measurement', spoilers(record), { width, paint }),
    wrap(costLine(record), { width, hanging: '  ' }).map((line) => paint.dim(line)),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function titled(
  title: string,
  lines: readonly string[],
  { width, paint }: { readonly width: number; readonly paint: Paint },
): string[] {
  if (lines.length === 0) return [];
  const body = lines.flatMap((line) => wrap(line, { width, indent: '  ', hanging: '    ' }));
  return [paint.dim(title), ...body];
}

function headline({ summary, partial }: IsolateRecord): string {
  return partial ? `${summary} (partial: interrupted)` : summary;
}

function pathsLine({ paths: { found, lossy, broken } }: IsolateRecord): string {
  const end = broken === 0 ? '' : ' (their flows never reach the target)';
  return `Paths: ${found} found, ${lossy} with loss, ${broken} broken${end}`;
}

/** What spoiled the measurement, a line each; empty when nothing did. */
export function spoilers({ measurement, stopReason, flows }: IsolateRecord): string[] {
  const { socketDrops, sendErrors, skippedPorts, notes, lateReplies, malformed } = measurement;
  const { loopDelayP99Ms } = measurement;
  const changed = flows.filter(({ changedPath }) => changedPath).length;
  const inUse = listed(skippedPorts.map(String), PORTS_LISTED);
  const facts: readonly (readonly [isTold: boolean, text: string])[] = [
    [stopReason.startsWith('max-'), `ended by --${stopReason} before the answer was sure`],
    [changed > 0, `${counted(changed, 'flow')} changed path during the measurement`],
    [socketDrops > 0, `${counted(socketDrops, 'packet')} lost by our own kernel before we read`],
    [sendErrors > 0, `${counted(sendErrors, 'probe')} refused by our own kernel, and sent again`],
    [lateReplies > 0, `replies that came after their time-out: ${lateReplies}`],
    [malformed > 0, `${counted(malformed, 'malformed packet')} received`],
    [skippedPorts.length > 0, `source ports in use, and skipped: ${inUse}`],
    [
      loopDelayP99Ms > SLOW_LOOP_MS,
      `this host was busy: our process waited up to ${Math.round(loopDelayP99Ms)} ms for its turn`,
    ],
  ];
  return [...facts.flatMap(([isTold, text]) => (isTold ? [text] : [])), ...notes];
}

/** What the measurement cost. */
export function costLine(record: IsolateRecord): string {
  const { probesSent, repliesReceived, durationMs, seed, flows, simulated } = record;
  const parts = [
    counted(probesSent, 'probe'),
    repliesReceived === 1 ? '1 reply' : `${repliesReceived} replies`,
    counted(flows.length, 'flow'),
    `${(durationMs / 1000).toFixed(1)} s`,
    `seed ${seed}`,
  ];
  return `${parts.join(', ')}${simulated === null ? '' : ` (simulated: ${simulated})`}`;
}
