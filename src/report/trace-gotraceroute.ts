/**
 * A trace as the command `gotraceroute` prints it with `-j`, or indented with `-J`: an array with
 * one object for each TTL, keys and order of its Go structure. Of several probes at a TTL the first
 * answer counts.
 */

import { isReply, type TraceHopRecord, type TraceRecord } from '../model/trace-record.ts';

/** Go's zero time, for hops that did not answer. */
const NEVER = '0001-01-01T00:00:00Z';
const INDENT = 4;
/** Its source address is read from quotes, and there is none. */
const UNKNOWN = '0.0.0.0';

/** One compact JSON array and a newline. */
export function formatGotraceroute(record: TraceRecord): string {
  return `${JSON.stringify(record.hops.map((hop) => hopOf(hop, record)))}\n`;
}

/** The same as `-J` has it: its objects indented, the array not. */
export function formatPrettyGotraceroute(record: TraceRecord): string {
  const objects = record.hops.map((hop) => JSON.stringify(hopOf(hop, record), undefined, INDENT));
  return `[${objects.join(',\n')}]\n`;
}

function hopOf({ ttl, replies }: TraceHopRecord, record: TraceRecord): object {
  const reply = replies.find(isReply);
  const { source, target } = record;
  const elapsedNs = Math.round((reply?.rttMs ?? 0) * 1e6);
  const sentAt = reply?.sentAt ?? record.startedAt;
  return {
    Success: reply !== undefined,
    Src: { Host: '', IP: reply === undefined ? UNKNOWN : source.address },
    Dst: { Host: '', IP: target.address },
    Node: { Host: reply?.name ?? '', IP: reply?.address ?? '' },
    Step: ttl,
    ID: 0,
    DstPort: target.port ?? 0,
    Sent: sentAt,
    Received: reply === undefined ? NEVER : later(sentAt, reply.rttMs),
    Elapsed: elapsedNs,
    IcmpType: reply?.icmp?.type ?? 0,
  };
}

/** A time with microseconds, so many milliseconds later. */
function later(time: string, ms: number): string {
  const [whole = '', micros = '0'] = /^(.*\.\d{3})(\d{3})Z$/.exec(time)?.slice(1) ?? [];
  const us = Number(micros) + Math.round(ms * 1000);
  const date = new Date(Date.parse(`${whole}Z`) + Math.floor(us / 1000));
  return `${date.toISOString().slice(0, -1)}${String(us % 1000).padStart(3, '0')}Z`;
}
