/** Lists the replies of a multipath search, for formats that show each. */

import type { PathsReply } from '../model/paths-record.ts';
import type { PathsParts } from './paths-record.ts';

/** Every reply, in the order of flows and TTLs. */
export function pathsReplies({ discovery, addresses, ...parts }: PathsParts): PathsReply[] {
  const { observations } = discovery;
  const epochUs = parts.startedAt.getTime() * 1000 - parts.startedAtUs;
  const replies: PathsReply[] = [];
  for (let flow = 0; flow < observations.flows; flow++) {
    for (let ttl = 1; ttl <= parts.options.settings.maxTtl; ttl++) {
      for (const { reply } of observations.cellAt(flow, ttl)?.answers ?? []) {
        const { details } = reply;
        replies.push({
          flow,
          ttl,
          attempt: reply.round,
          address: addresses.textOf(reply.responder),
          sentAtUs: Math.round(epochUs + (details?.sentAtUs ?? 0)),
          rttMs: reply.rttUs / 1000,
          replyTtl: reply.replyTtl,
          icmpType: details?.icmpType ?? -1,
          icmpCode: reply.code,
          quotedTtl: (details?.quotedTos ?? -1) < 0 ? -1 : reply.quotedTtl,
          quotedTos: details?.quotedTos ?? -1,
        });
      }
    }
  }
  return replies;
}
