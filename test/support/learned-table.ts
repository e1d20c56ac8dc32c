/** Flow tables that have learned paths, as rounds of probing would have taught them. */

import { FlowTable } from '../../src/algorithms/isolation/flow-table.ts';
import type { ProbeReply } from '../../src/model/probe.ts';
import { NO_DETAILS } from '../../src/model/probe.ts';
import { type Hop, TARGET_ADDRESS } from './path-counts.ts';

/** What a hop answers to one probe at TTL 1 + `hop`. */
export function replyFrom(
  hop: Exclude<Hop, '*'>,
  {
    flow,
    ttl,
    round,
    sentAtUs,
  }: Pick<ProbeReply, 'flow' | 'ttl' | 'round'> & { readonly sentAtUs?: number },
): ProbeReply {
  const isTarget = hop === 'T';
  return {
    flow,
    ttl,
    round,
    kind: isTarget ? 'refused' : 'time-exceeded',
    responder: isTarget ? TARGET_ADDRESS : hop,
    isTarget,
    code: 0,
    rttUs: 1000,
    replyTtl: 60,
    quotedTtl: isTarget ? 0 : 1,
    mpls: [],
    ...(sentAtUs !== undefined && { details: { ...NO_DETAILS, sentAtUs } }),
  };
}

/** Sends every flow one probe to each hop of its path, and lets it be answered or lost. */
export function teachRound(table: FlowTable, paths: readonly (readonly Hop[])[]): number {
  const round = table.startRound();
  for (const path of paths) for (const _ of path) table.ordered();
  for (const [flow, path] of paths.entries()) {
    for (const [position, hop] of path.entries()) {
      const ttl = position + 1;
      if (hop === '*') table.lost(flow, ttl, round);
      else table.replied(replyFrom(hop, { flow, ttl, round }));
    }
  }
  table.commitRounds();
  return round;
}

/** A table that knows these paths, from TTL 1 on. */
export function tableOf(paths: readonly (readonly Hop[])[], rounds = 1): FlowTable {
  const table = new FlowTable({
    flows: paths.length,
    minTtl: 1,
    maxTtl: 30,
    target: TARGET_ADDRESS,
  });
  for (let i = 0; i < rounds; i++) teachRound(table, paths);
  return table;
}
