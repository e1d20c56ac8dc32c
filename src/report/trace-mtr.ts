/**
 * A trace as `mtr --report --report-wide` prints it (mtr 0.95): one line for each hop with its loss
 * and round trips, and the interfaces that answered beside the first.
 */

import { isReply, type TraceHopRecord, type TraceRecord } from '../model/trace-record.ts';

const HOST_WIDTH_MIN = 33;

/** The whole report with both header lines. */
export function formatMtrReport(record: TraceRecord): string {
  const hosts = record.hops.map(hostOf);
  const width = Math.max(HOST_WIDTH_MIN, ...hosts.map((host) => host.length));
  const start = `HOST: ${record.source.address}`.padEnd(width + 6);
  const header = `${start} Loss%   Snt   Last   Avg  Best  Wrst StDev`;
  const lines = record.hops.map((hop, i) => hopLine(hop, (hosts[i] ?? '').padEnd(width)));
  return `${[`Start: ${record.startedAt}`, header, ...lines].join('\n')}\n`;
}

function hopLine({ ttl, replies }: TraceHopRecord, host: string): string {
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
  return `${String(ttl).padStart(3)}.|-- ${host}${counts}  ${columns}`;
}

function hostOf({ replies }: TraceHopRecord): string {
  const first = replies.find(isReply);
  if (first === undefined) return '???';
  return first.name === null ? first.address : `${first.name} (${first.address})`;
}
