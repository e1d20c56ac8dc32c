/**
 * The human report of an isolate record: the sentence first, then the evidence, the hops as a
 * compact graph, the paths, and what spoiled the measurement, if anything did.
 */

import type { IsolateRecord } from '../model/isolate-record.ts';
import { hopTable } from './hop-table.ts';
import { evidenceLines } from './isolate-evidence.ts';
import { type Paint, plainPaint } from './paint.ts';
import { counted, listed, wrap } from './wrap.ts';

export interface TextOptions {
  /** Columns of the terminal; `Infinity` for what is no terminal, where nothing is wrapped. */
  readonly width: number;
  readonly paint?: Paint;
}

const PORTS_LISTED = 10;
/** Our own process was kept from its work for longer than timing can bear. */
const SLOW_LOOP_MS = 50;

/** Lines end with a newline, the last one too. */
export function formatIsolateText(record: IsolateRecord, options: TextOptions): string {
  const { width, paint = plainPaint } = options;
  const sections = [
    wrap(headline(record), { width }).map((line) => paint.strong(line)),
    titled('Evidence', evidenceLines(record), { width, paint }),
    hopTable(record, { width, paint }),
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
  { width, paint }: Required<TextOptions>,
): string[] {
  if (lines.length === 0) return [];
  const body = lines.flatMap((line) => wrap(line, { width, indent: '  ', hanging: '      ' }));
  return [paint.dim(title), ...body];
}

function headline({ summary, partial }: IsolateRecord): string {
  return partial ? `${summary} (partial: interrupted)` : summary;
}

function pathsLine({ paths: { found, lossy, broken } }: IsolateRecord): string {
  const end = broken === 0 ? '' : ' (their flows never reach the target)';
  return `Paths: ${found} found, ${lossy} with loss, ${broken} broken${end}`;
}

function spoilers({ measurement, stopReason, flows }: IsolateRecord): string[] {
  const { socketDrops, sendErrors, skippedPorts, notes, lateReplies, malformed } = measurement;
  const lines: string[] = [];
  const told = (count: number, noun: string, what: string): void => {
    if (count > 0) lines.push(`${counted(count, noun)} ${what}`);
  };
  if (stopReason.startsWith('max-'))
    lines.push(`ended by --${stopReason} before the answer was sure`);
  told(
    flows.filter(({ changedPath }) => changedPath).length,
    'flow',
    'took another path meanwhile',
  );
  told(socketDrops, 'packet', 'dropped by our own kernel before we could read them');
  told(sendErrors, 'time', 'our own kernel refused a probe, which was then sent again');
  if (lateReplies > 0)
    lines.push(
      lateReplies === 1
        ? '1 reply after its time-out'
        : `${lateReplies} replies after their time-out`,
    );
  told(malformed, 'malformed packet', 'received');
  told(
    skippedPorts.length,
    'source port',
    `in use, and skipped: ${listed(skippedPorts.map(String), PORTS_LISTED)}`,
  );
  if (measurement.loopDelayP99Ms > SLOW_LOOP_MS) {
    lines.push(
      `this host was busy: our process waited up to ${Math.round(measurement.loopDelayP99Ms)} ms for its turn`,
    );
  }
  return [...lines, ...notes];
}

function costLine(record: IsolateRecord): string {
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
