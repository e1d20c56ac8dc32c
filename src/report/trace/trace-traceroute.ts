/**
 * A trace as traceroute(8) of Linux (Dmitry Butskoy's, 2.1) prints it: for programs that read that.
 */

import {
  isReply,
  type TraceHopRecord,
  type TraceRecord,
  type TraceReply,
} from '../../model/trace-record.ts';
import type { TraceFormatContext } from './trace-format-context.ts';

/** The whole output, its header included; without names as with -n, with networks as with -A. */
export function formatTraceroute(
  record: TraceRecord,
  _count: number,
  { isNumeric }: Pick<TraceFormatContext, 'isNumeric'>,
): string {
  const { target, maxTtl, packetBytes, asSource } = record;
  const limits = `${maxTtl} hops max, ${packetBytes} byte packets`;
  const header = `traceroute to ${target.name} (${target.address}), ${limits}`;
  const place = (reply: TraceReply): string => {
    const who = isNumeric ? reply.address : named(reply);
    return asSource === null ? ` ${who}` : ` ${who} ${network(reply)}`;
  };
  return `${[header, ...record.hops.map((hop) => hopLine(hop, place))].join('\n')}\n`;
}

function hopLine({ ttl, replies }: TraceHopRecord, place: (reply: TraceReply) => string): string {
  let line = `${String(ttl).padStart(2)} `;
  let shown: string | undefined;
  for (const reply of replies) {
    if (!isReply(reply)) {
      line += ' *';
      continue;
    }
    if (reply.address !== shown) line += place(reply);
    shown = reply.address;
    line += `  ${reply.rttMs.toFixed(3)} ms`;
    const mark = reply.icmp?.mark ?? '';
    if (mark !== '') line += ` ${mark}`;
  }
  return line;
}

function named({ name, address }: TraceReply): string {
  return `${name ?? address} (${address})`;
}

function network({ as }: TraceReply): string {
  return as === null ? '[*]' : `[AS${as.asn}]`;
}
