/**
 * Paths as RIPE Atlas probes report traceroutes (firmware 5080): one JSON line for each flow, whose
 * number is its `paris_id`. It is no measurement of theirs, so that the numbers of measurement and
 * probe are 0.
 */

import type { PathsFlow, PathsRecord, PathsReply } from '../../model/paths-record.ts';
import { ATLAS_NAMES, atlasPacket } from '../trace/trace-atlas.ts';

/** A line for each flow that was probed, lowest first. */
export function formatAtlasPaths(record: PathsRecord, replies: readonly PathsReply[]): string {
  const byFlow = new Map<number, PathsReply[]>();
  for (const reply of replies) {
    byFlow.set(reply.flow, [...(byFlow.get(reply.flow) ?? []), reply]);
  }
  const lines = record.flows.map((flow) => lineOf(flow, byFlow.get(flow.flow) ?? [], record));
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

const MILLISECOND_US = 1000;

function lineOf(flow: PathsFlow, replies: readonly PathsReply[], record: PathsRecord): object {
  const startedSeconds = Math.floor(Date.parse(record.startedAt) / 1000);
  const times = replies.map(({ sentAtUs, rttMs }) => sentAtUs + rttMs * MILLISECOND_US);
  const endedUs = Math.max(startedSeconds * 1e6, ...times);
  return {
    ...ATLAS_NAMES,
    af: record.family,
    dst_name: record.target.name,
    dst_addr: record.target.address,
    src_addr: record.source,
    from: record.source,
    proto: record.protocol.toUpperCase(),
    size: record.payloadBytes,
    paris_id: flow.flow + 1,
    timestamp: startedSeconds,
    endtime: Math.floor(endedUs / 1e6),
    result: flow.path.flatMap((place, i) => hopOf(i + 1, place, { replies, record })),
  };
}

/** Stars where the flow was probed in vain; nothing where it was not probed. */
function hopOf(
  ttl: number,
  place: string | null,
  { replies, record }: { readonly replies: readonly PathsReply[]; readonly record: PathsRecord },
): object[] {
  const own = replies.filter((reply) => reply.ttl === ttl);
  const isSilent = own.length === 0 && place !== null && place.includes('*');
  if (isSilent) return [{ hop: ttl, result: [{ x: '*' }] }];
  if (own.length === 0) return [];
  return [{ hop: ttl, result: own.map((reply) => atlasPacket(reply, record)) }];
}
