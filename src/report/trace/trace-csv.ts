/** A trace as comma-separated values (RFC 4180): a row for each probe. */

import { isReply, type TraceRecord } from '../../model/trace-record.ts';

const COLUMNS = [
  'target',
  'address',
  'protocol',
  'port',
  'ttl',
  'probe',
  'responder',
  'name',
  'rtt_ms',
  'kind',
  'icmp_type',
  'icmp_code',
  'mark',
  'reply_ttl',
  'quoted_ttl',
  'quoted_tos',
  'mpls_labels',
  'nat',
  'sent_at',
  'asn',
  'as_name',
  'matched_by',
];

export const TRACE_CSV_HEADER: string = `${COLUMNS.join(',')}\r\n`;

/** Rows without the header; cells of what is not known are empty. */
export function formatTraceCsv(record: TraceRecord): string {
  const { target, protocol } = record;
  const start = [target.name, target.address, protocol, target.port];
  const rows = record.hops.flatMap(({ ttl, replies }) =>
    replies.map((reply, probe) => {
      if (!isReply(reply))
        return [...start, ttl, probe, ...new Array<string>(COLUMNS.length - 6).fill('')];
      const { address, name, rttMs, kind, icmp, replyTtl, quotedTtl, quotedTos, as } = reply;
      const labels = reply.mpls.map(({ label }) => label).join(' ');
      const message = [icmp?.type, icmp?.code, icmp?.mark];
      const rest = [
        replyTtl,
        quotedTtl,
        quotedTos,
        labels,
        reply.nat,
        reply.sentAt,
        as?.asn,
        as?.name,
        reply.matchedBy,
      ];
      return [...start, ttl, probe, address, name, rttMs, kind, ...message, ...rest];
    }),
  );
  return rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

/** RFC 4180 §2: quotes around what has a comma, a quote or a line break. */
function cell(value: string | number | boolean | null | undefined): string {
  const text = String(value ?? '');
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
