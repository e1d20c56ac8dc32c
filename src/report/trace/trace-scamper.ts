/**
 * A trace as scamper's `trace` task writes it with `-O json` (version 20211212): its keys, their
 * order and its spacing. Hops that stayed silent have no entry there.
 */

import {
  isReply,
  type TraceLabel,
  type TraceRecord,
  type TraceReply,
  type TraceStopReason,
} from '../../model/trace-record.ts';
import type { TraceFormatContext } from './trace-format-context.ts';

const METHODS = {
  udp: 'udp-paris',
  'udp-classic': 'udp',
  tcp: 'tcp',
  'tcp-ack': 'tcp-ack',
  icmp: 'icmp-echo-paris',
} as const;

const STOP_REASONS: Readonly<Record<TraceStopReason, string>> = {
  reached: 'COMPLETED',
  unreachable: 'UNREACH',
  loop: 'LOOP',
  'gap-limit': 'GAPLIMIT',
  'max-ttl': 'HOPLIMIT',
  timeout: 'HALTED',
  aborted: 'HALTED',
};

/** Class and type of an MPLS label stack (RFC 4950 §3). */
const MPLS_CLASS = 1;
const MPLS_TYPE = 1;

/** The line that scamper begins a cycle with. */
export function scamperCycleStart({ hostname, nowSeconds }: TraceFormatContext): string {
  return cycleLine('cycle-start', { hostname, start_time: nowSeconds() });
}

/** The line that it ends one with. */
export function scamperCycleStop({ hostname, nowSeconds }: TraceFormatContext): string {
  return cycleLine('cycle-stop', { hostname, stop_time: nowSeconds() });
}

/** One line for the trace. */
export function formatScamper(record: TraceRecord): string {
  const { source, target, hops, stopReason, packetBytes: bytes } = record;
  const ports = { sport: source.port, dport: target.port };
  const flow = record.protocol === 'icmp' ? { icmp_sum: record.icmpChecksum } : ports;
  const replies = hops.flatMap(({ ttl, replies: ofHop }) =>
    ofHop.flatMap((reply, i) =>
      isReply(reply) ? [hopOf(reply, { ttl, attempt: i + 1, bytes })] : [],
    ),
  );
  const fields = spaced({
    userid: 0,
    method: METHODS[record.protocol],
    src: source.address,
    dst: target.address,
    ...flow,
    stop_reason: STOP_REASONS[stopReason],
    stop_data: stopReason === 'unreachable' ? codeOfRefusal(record) : 0,
  });
  const course = spaced({
    hop_count: hops.at(-1)?.ttl ?? 0,
    attempts: record.retries + 1,
    hoplimit: record.maxTtl,
    firsthop: record.firstTtl,
    wait: Math.ceil(record.timeoutMs / 1000),
    wait_probe: 0,
    tos: record.tos,
    probe_size: bytes,
    probe_count: record.measurement.probesSent,
  });
  const start = `"start":${startOf(record.startedAt)}`;
  const ending = replies.length === 0 ? '' : `, "hops":[${replies.join(',')}]`;
  return `{"type":"trace","version":"0.1", ${fields}, ${start}, ${course}${ending}}\n`;
}

function hopOf(
  reply: TraceReply,
  {
    ttl,
    attempt,
    bytes,
  }: { readonly ttl: number; readonly attempt: number; readonly bytes: number },
): string {
  const name = reply.name === null ? {} : { name: reply.name };
  const probe = { probe_ttl: ttl, probe_id: attempt, probe_size: bytes };
  const { sec, usec } = secondsOf(reply.sentAt);
  const answer = {
    reply_ttl: reply.replyTtl,
    reply_tos: reply.replyTos,
    reply_ipid: reply.replyId,
    reply_size: reply.replyBytes,
    ...messageOf(reply),
  };
  return `{${[
    spaced({ addr: reply.address, ...name, ...probe }),
    `"tx":{"sec":${sec}, "usec":${usec}}`,
    `"rtt":${reply.rttMs.toFixed(3)}`,
    spaced(answer),
    ...(reply.mpls.length === 0 ? [] : [extensionOf(reply.mpls)]),
  ].join(', ')}}`;
}

function messageOf({ icmp, quotedTtl, quotedBytes, quotedTos, ...reply }: TraceReply): object {
  if (icmp === null) return reply.tcpFlags === null ? {} : { tcp_flags: reply.tcpFlags };
  const mtu = /^!F-(\d+)$/.exec(icmp.mark)?.[1];
  return {
    icmp_type: icmp.type,
    icmp_code: icmp.code,
    ...(quotedTtl === null ? {} : { icmp_q_ttl: quotedTtl, icmp_q_ipl: quotedBytes }),
    ...(quotedTtl === null || reply.address.includes(':') ? {} : { icmp_q_tos: quotedTos }),
    // scamper itself writes a colon into this key.
    ...(mtu === undefined ? {} : { 'icmp_nhmtu:': Number(mtu) }),
  };
}

function extensionOf(labels: readonly TraceLabel[]): string {
  const entries = labels.map(({ label, trafficClass, isBottomOfStack, ttl }) =>
    spaced({
      mpls_ttl: ttl,
      mpls_s: Number(isBottomOfStack),
      mpls_exp: trafficClass,
      mpls_label: label,
    }),
  );
  const object = spaced({ ie_cn: MPLS_CLASS, ie_ct: MPLS_TYPE, ie_dl: 4 * labels.length });
  return `"icmpext":[{${object}, "mpls_labels":[${entries.map((each) => `{${each}}`).join(',')}]}]`;
}

function codeOfRefusal({ hops }: TraceRecord): number {
  const answers = hops.at(-1)?.replies.filter(isReply) ?? [];
  return answers.find(({ kind }) => kind === 'unreachable')?.icmp?.code ?? 0;
}

function startOf(startedAt: string): string {
  const { sec, usec } = secondsOf(startedAt);
  const ftime = `${startedAt.slice(0, 10)} ${startedAt.slice(11, 19)}`;
  return `{${spaced({ sec, usec, ftime })}}`;
}

/** A time in RFC 3339 with microseconds, in UTC. */
function secondsOf(time: string): { readonly sec: number; readonly usec: number } {
  return { sec: Math.floor(Date.parse(time) / 1000), usec: Number(time.slice(20, 26)) };
}

function cycleLine(type: string, fields: object): string {
  return `{${spaced({ type, list_name: 'default', id: 0, ...fields })}}\n`;
}

/** Members of an object the way scamper parts them. */
function spaced(fields: object): string {
  return Object.entries(fields)
    .map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`)
    .join(', ');
}
