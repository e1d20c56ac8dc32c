/** The formats that a trace can be written in, by name. */

import type { TraceRecord } from '../../model/trace-record.ts';
import { formatAtlas } from './trace-atlas.ts';
import { formatTraceCsv, TRACE_CSV_HEADER } from './trace-csv.ts';
import type { TraceFormatContext } from './trace-format-context.ts';
import {
  formatGotraceroute,
  formatGotracerouteText,
  formatPrettyGotraceroute,
} from './trace-gotraceroute.ts';
import { formatMtrReport } from './trace-mtr.ts';
import { formatScamper, scamperCycleStart, scamperCycleStop } from './trace-scamper.ts';
import { formatTraceText } from './trace-text.ts';
import { formatTraceroute } from './trace-traceroute.ts';

/** How records become one output. */
export interface TraceFormatter {
  readonly before: (count: number, context: TraceFormatContext) => string;
  readonly each: (record: TraceRecord, count: number, context: TraceFormatContext) => string;
  readonly between: string;
  readonly after: (count: number, context: TraceFormatContext) => string;
}

const NOTHING = (): string => '';
/** One after the other, with an empty line or nothing between. */
const PLAIN = { before: NOTHING, after: NOTHING } as const;

const FORMATTERS: Readonly<Record<string, TraceFormatter>> = {
  text: { ...PLAIN, each: formatTraceText, between: '\n' },
  json: jsonFormatter(undefined),
  jsonl: {
    ...PLAIN,
    each: (record) => `${JSON.stringify({ type: 'trace', ...record })}\n`,
    between: '',
  },
  csv: { ...PLAIN, before: () => TRACE_CSV_HEADER, each: formatTraceCsv, between: '' },
  traceroute: { ...PLAIN, each: formatTraceroute, between: '\n' },
  mtr: {
    ...PLAIN,
    each: (record, _count, { hostname }) => formatMtrReport(record, hostname),
    between: '\n',
  },
  'gotraceroute-text': { ...PLAIN, each: formatGotracerouteText, between: '\n' },
  gotraceroute: { ...PLAIN, each: formatGotraceroute, between: '\n' },
  scamper: {
    before: (_count, context) => scamperCycleStart(context),
    each: formatScamper,
    between: '',
    after: (_count, context) => scamperCycleStop(context),
  },
  atlas: { ...PLAIN, each: formatAtlas, between: '' },
};

/** Of the formats that can be indented, how they are. */
const PRETTY_FORMATTERS: Readonly<Record<string, TraceFormatter>> = {
  json: jsonFormatter(2),
  gotraceroute: { ...PLAIN, each: formatPrettyGotraceroute, between: '\n' },
};

function jsonFormatter(indent: number | undefined): TraceFormatter {
  return {
    before: (count) => (count === 1 ? '' : '['),
    each: (record) => JSON.stringify(record, undefined, indent),
    between: ',\n',
    after: (count) => (count === 1 ? '\n' : ']\n'),
  };
}

/** @throws {RangeError} when there is no format of this name, or it cannot be indented */
export function traceFormatter(name: string, isPretty = false): TraceFormatter {
  const formatter = (isPretty ? PRETTY_FORMATTERS : FORMATTERS)[name];
  if (formatter === undefined) throw new RangeError(`there is no format ${name}`);
  return formatter;
}
