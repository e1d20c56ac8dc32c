/**
 * A trace as the command `gotraceroute` prints it: as text, or with `-j`, and indented with `-J`,
 * an array with one object for each TTL, keys and order of its Go structure. Of several probes at a
 * TTL the first answer counts.
 */

import { isReply, type TraceHopRecord, type TraceRecord } from '../../model/trace-record.ts';

/** Go's zero time, for hops that did not answer. */
const NEVER = '0001-01-01T00:00:00Z';
const INDENT = 4;
/** Its source address is read from quotes, and there is none. */
const UNKNOWN = '0.0.0.0';

const IP_HEADER_BYTES = { 4: 20, 6: 40 } as const;
const HEADER_BYTES = { tcp: 20, 'tcp-ack': 20, udp: 8, 'udp-classic': 8, icmp: 8 } as const;

/** Its text, with the header whatever the first TTL. */
export function formatGotracerouteText(record: TraceRecord): string {
  const { target, family, protocol, maxTtl, packetBytes, hops } = record;
  const payload = packetBytes - IP_HEADER_BYTES[family] - HEADER_BYTES[protocol];
  const limits = `${maxTtl} hops max, ${payload} byte packet payload`;
  const lines = hops.map(({ ttl, replies }) => {
    const reply = replies.find(isReply);
    if (reply === undefined) return `${String(ttl).padEnd(3)} *`;
    const { name, address, rttMs } = reply;
    const who = name === null ? address : `${name} (${address})`;
    return `${String(ttl).padEnd(3)} ${who}  ${Math.floor(rttMs)}ms`;
  });
  const header = `traceroute to ${target.name} (${target.address}), ${limits}`;
  return `${[header, ...lines].join('\n')}\n`;
}

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
    Sent: goTime(sentAt),
    Received: reply === undefined ? NEVER : goTime(later(sentAt, reply.rttMs)),
    Elapsed: elapsedNs,
    IcmpType: reply?.icmp?.type ?? 0,
  };
}

/** Go writes no zeros at the end of a fraction. */
function goTime(time: string): string {
  return time.replace(/\.?0+Z$/, 'Z');
}

/** A time with microseconds, so many milliseconds later. */
function later(time: string, ms: number): string {
  const [whole = '', micros = '0'] = /^(.*\.\d{3})(\d{3})Z$/.exec(time)?.slice(1) ?? [];
  const us = Number(micros) + Math.round(ms * 1000);
  const date = new Date(Date.parse(`${whole}Z`) + Math.floor(us / 1000));
  return `${date.toISOString().slice(0, -1)}${String(us % 1000).padStart(3, '0')}Z`;
}
