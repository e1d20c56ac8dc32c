/**
 * A trace as a RIPE Atlas probe reports its traceroutes (firmware 5080): one JSON line each. It is
 * no measurement of theirs, so that the numbers of measurement and probe are 0.
 */

import {
  isReply,
  type TraceHopRecord,
  type TraceRecord,
  type TraceReply,
  type TraceStar,
} from '../../model/trace-record.ts';

/** What tells no measurement of RIPE's from another. */
export const ATLAS_NAMES = {
  fw: 5080,
  msm_id: 0,
  msm_name: 'Traceroute',
  prb_id: 0,
  type: 'traceroute',
} as const;
const PROTOCOLS = {
  udp: 'UDP',
  'udp-classic': 'UDP',
  tcp: 'TCP',
  'tcp-ack': 'TCP',
  icmp: 'ICMP',
} as const;
const IP_HEADER_BYTES = { 4: 20, 6: 40 } as const;
const TCP_HEADER_BYTES = 20;
const ICMP_OR_UDP_HEADER_BYTES = 8;
/** Sizes are without headers, in probes as in replies. */
const PROBE_HEADER_BYTES = {
  udp: ICMP_OR_UDP_HEADER_BYTES,
  'udp-classic': ICMP_OR_UDP_HEADER_BYTES,
  tcp: TCP_HEADER_BYTES,
  'tcp-ack': TCP_HEADER_BYTES,
  icmp: ICMP_OR_UDP_HEADER_BYTES,
} as const;
/** Unreachables by ICMP type and code: network, host, protocol, prohibited. */
const ERRORS: Readonly<Record<4 | 6, Readonly<Record<number, string>>>> = {
  4: { 0: 'N', 1: 'H', 2: 'P', 13: 'A' },
  6: { 0: 'N', 1: 'A', 3: 'H' },
};
const UNREACHABLE_TYPE = { 4: 3, 6: 1 } as const;
const PORT_UNREACHABLE_CODE = { 4: 3, 6: 4 } as const;
/** FIN, SYN, RST, PSH, ACK, URG by their bits, in the order in which they are written. */
const TCP_FLAGS = 'FSRPAU';

/** One line. */
export function formatAtlas(record: TraceRecord): string {
  const startedSeconds = Math.floor(Date.parse(record.startedAt) / 1000);
  const endedSeconds = Math.floor((Date.parse(record.startedAt) + record.durationMs) / 1000);
  const headers = IP_HEADER_BYTES[record.family] + PROBE_HEADER_BYTES[record.protocol];
  return `${JSON.stringify({
    ...ATLAS_NAMES,
    af: record.family,
    dst_name: record.target.name,
    dst_addr: record.target.address,
    src_addr: record.source.address,
    from: record.source.address,
    proto: PROTOCOLS[record.protocol],
    size: record.packetBytes - headers,
    paris_id: record.protocol === 'udp-classic' ? 0 : 1,
    timestamp: startedSeconds,
    endtime: endedSeconds,
    result: record.hops.map((hop) => hopOf(hop, record)),
  })}\n`;
}

function hopOf({ ttl, replies }: TraceHopRecord, record: TraceRecord): object {
  const unsent = replies.find((reply) => !isReply(reply) && reply.unsent !== undefined);
  if (unsent !== undefined && !replies.some(isReply)) {
    return { hop: ttl, error: `sendto failed: ${(unsent as TraceStar).unsent}` };
  }
  const packets = replies.map((reply) =>
    isReply(reply) ? atlasPacket(reply, record) : { x: '*' },
  );
  return { hop: ttl, result: packets };
}

/** As much of a reply as the format shows. */
export type AtlasReply = Pick<
  TraceReply,
  | 'address'
  | 'icmp'
  | 'mpls'
  | 'quotedTos'
  | 'quotedTtl'
  | 'replyBytes'
  | 'replyTtl'
  | 'rttMs'
  | 'tcpFlags'
>;

/** One reply of a hop. */
export function atlasPacket(
  reply: AtlasReply,
  { family, protocol, tos }: Pick<TraceRecord, 'family' | 'protocol' | 'tos'>,
): object {
  const isTcp = reply.tcpFlags !== null;
  const headers = IP_HEADER_BYTES[family] + (isTcp ? TCP_HEADER_BYTES : ICMP_OR_UDP_HEADER_BYTES);
  const { quotedTtl, quotedTos, mpls } = reply;
  return {
    from: reply.address,
    ttl: reply.replyTtl,
    size: Math.max(0, reply.replyBytes - headers),
    ...(isTcp ? { flags: flagsOf(reply.tcpFlags ?? 0) } : {}),
    rtt: Number(reply.rttMs.toFixed(3)),
    ...(quotedTtl === null || quotedTtl === 1 ? {} : { ittl: quotedTtl }),
    ...(quotedTos === null || quotedTos === tos ? {} : { itos: quotedTos }),
    ...errorOf(reply, { family, isUdp: protocol.startsWith('udp') }),
    ...(mpls.length === 0 ? {} : { icmpext: extensionOf(mpls) }),
  };
}

function errorOf(
  { icmp }: AtlasReply,
  { family, isUdp }: { readonly family: 4 | 6; readonly isUdp: boolean },
): object {
  if (icmp === null) return {};
  const { type, code, mark } = icmp;
  if (mark.startsWith('!F')) return { mtu: Number(mark.slice(3)) };
  if (type !== UNREACHABLE_TYPE[family]) return {};
  // What ends a trace by UDP in the ordinary way is no error there.
  if (code === PORT_UNREACHABLE_CODE[family]) return isUdp ? {} : { err: 'p' };
  return { err: ERRORS[family][code] ?? code };
}

function extensionOf(labels: TraceReply['mpls']): object {
  const mpls = labels.map(({ label, trafficClass, isBottomOfStack, ttl }) => ({
    label,
    exp: trafficClass,
    s: Number(isBottomOfStack),
    ttl,
  }));
  return { version: 2, rfc4884: 1, obj: [{ class: 1, type: 1, mpls }] };
}

function flagsOf(bits: number): string {
  return [...TCP_FLAGS].filter((_, bit) => (bits & (1 << bit)) !== 0).join('');
}
