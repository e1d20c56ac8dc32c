/**
 * A trace as `mtr --report --report-wide` prints it (mtr 0.95): one line for each hop with its loss
 * and round trips, and the interfaces that answered below the first.
 */

import {
  isReply,
  type TraceHopRecord,
  type TraceRecord,
  type TraceReply,
} from '../../model/trace-record.ts';

/**
 * The whole report with both header lines.
 *
 * @param hostname of the host that it was measured from
 */
export function formatMtrReport(record: TraceRecord, hostname: string): string {
  const hosts = record.hops.map(({ replies }) => hostOf(replies.find(isReply)));
  const width = Math.max(hostname.length, ...hosts.map((host) => host.length));
  const hasAs = record.asSource !== null; // as with --aslookup
  const start = `HOST: ${hostname.padEnd(hasAs ? width + 1 + AS_TEXT_LENGTH : width)}`;
  const header = `${start} Loss%   Snt   Last   Avg  Best  Wrst StDev`;
  const lines = record.hops.flatMap((hop, i) => {
    const first = hop.replies.find(isReply);
    const host = (hosts[i] ?? '').padEnd(width);
    const place = hasAs ? `. ${asText(first)} ${host} ` : `.|-- ${host}`;
    return [hopLine(hop, place), ...otherLines(hop, hasAs)];
  });
  return `${[`Start: ${record.startedAt.slice(0, 19)}+0000`, header, ...lines].join('\n')}\n`;
}

/** Further interfaces that answered at the same TTL. */
function otherLines({ replies }: TraceHopRecord, hasAs: boolean): string[] {
  const answers = replies.filter(isReply);
  const firsts = answers.filter(
    ({ address }, i) => answers.findIndex((each) => each.address === address) === i,
  );
  return firsts.slice(1).map((reply, i) => {
    const who = hasAs ? `${asText(reply)} ${hostOf(reply)}` : hostOf(reply);
    return `    |  ${i === 0 ? '`' : ' '}|-- ${who}`;
  });
}

const AS_TEXT_LENGTH = 8;

function asText(reply: TraceReply | undefined): string {
  return `AS${reply?.as?.asn ?? '???'}`.padEnd(AS_TEXT_LENGTH);
}

function hopLine({ ttl, replies }: TraceHopRecord, place: string): string {
  const rtts = replies.filter(isReply).map(({ rttMs }) => rttMs);
  const lossPercent = replies.length === 0 ? 0 : 100 * (1 - rtts.length / replies.length);
  const mean = rtts.length === 0 ? 0 : rtts.reduce((sum, rtt) => sum + rtt, 0) / rtts.length;
  const squares = rtts.reduce((sum, rtt) => sum + (rtt - mean) ** 2, 0);
  const deviation = rtts.length < 2 ? 0 : Math.sqrt(squares / (rtts.length - 1));
  const [best, worst] = rtts.length === 0 ? [0, 0] : [Math.min(...rtts), Math.max(...rtts)];
  const times = [rtts.at(-1) ?? 0, mean, best, worst, deviation];
  const columns = times.map((value) => value.toFixed(1).padStart(5)).join(' ');
  const loss = `${lossPercent.toFixed(1)}%`.padStart(6);
  const counts = `${loss} ${String(replies.length).padStart(5)}`;
  return `${String(ttl).padStart(3)}${place}${counts}  ${columns}`;
}

function hostOf(reply: TraceReply | undefined): string {
  return reply === undefined ? '???' : (reply.name ?? reply.address);
}
