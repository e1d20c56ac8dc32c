/**
 * A trace as traceroute(8) of Linux (Dmitry Butskoy's, 2.1) prints it: for programs that read that.
 */

import { isReply, type TraceRecord, type TraceReply } from '../model/trace-record.ts';

/** The whole output, its header included. */
export function formatTraceroute(record: TraceRecord): string {
  const { target, maxTtl, packetBytes } = record;
  const limits = `${maxTtl} hops max, ${packetBytes} byte packets`;
  const header = `traceroute to ${target.name} (${target.address}), ${limits}`;
  const lines = record.hops.map(({ ttl, replies }) => {
    let line = `${String(ttl).padStart(2)} `;
    let shown: string | undefined;
    for (const reply of replies) {
      if (!isReply(reply)) {
        line += ' *';
        continue;
      }
      if (reply.address !== shown) line += ` ${who(reply)}`;
      shown = reply.address;
      line += `  ${reply.rttMs.toFixed(3)} ms`;
      const mark = reply.icmp?.mark ?? '';
      if (mark !== '') line += ` ${mark}`;
    }
    return line;
  });
  return `${[header, ...lines].join('\n')}\n`;
}

function who({ name, address }: TraceReply): string {
  return `${name ?? address} (${address})`;
}
