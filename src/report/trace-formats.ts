/** The formats that a trace can be written in, by name. */

import type { TraceRecord } from '../model/trace-record.ts';
import { formatTraceCsv, TRACE_CSV_HEADER } from './trace-csv.ts';
import { formatGotraceroute } from './trace-gotraceroute.ts';
import { formatMtrReport } from './trace-mtr.ts';
import { formatTraceText } from './trace-text.ts';
import { formatTraceroute } from './trace-traceroute.ts';

/** How records become one output. */
export interface TraceFormatter {
  before(count: number): string;
  each(record: TraceRecord, count: number): string;
  readonly between: string;
  after(count: number): string;
}

const NOTHING = (): string => '';

const FORMATTERS: Readonly<Record<string, TraceFormatter>> = {
  text: { before: NOTHING, each: formatTraceText, between: '\n', after: NOTHING },
  json: {
    before: (count) => (count === 1 ? '' : '['),
    each: (record) => JSON.stringify(record),
    between: ',\n',
    after: (count) => (count === 1 ? '\n' : ']\n'),
  },
  jsonl: {
    before: NOTHING,
    each: (record) => `${JSON.stringify({ type: 'trace', ...record })}\n`,
    between: '',
    after: NOTHING,
  },
  csv: {
    before: () => TRACE_CSV_HEADER,
    each: formatTraceCsv,
    between: '',
    after: NOTHING,
  },
  traceroute: { before: NOTHING, each: formatTraceroute, between: '\n', after: NOTHING },
  mtr: { before: NOTHING, each: formatMtrReport, between: '\n', after: NOTHING },
  gotraceroute: { before: NOTHING, each: formatGotraceroute, between: '\n', after: NOTHING },
};

/** @throws {RangeError} when there is no format of this name */
export function traceFormatter(name: string): TraceFormatter {
  const formatter = FORMATTERS[name];
  if (formatter === undefined) throw new RangeError(`there is no format ${name}`);
  return formatter;
}
