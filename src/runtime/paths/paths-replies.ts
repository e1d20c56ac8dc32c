/** Lists the replies of a multipath search, for formats that show each. */

import { familyOf, type IpFamily } from '../../lib/ip-address.ts';
import { icmpMark } from '../../model/icmp-mark.ts';
import type { PathsReply } from '../../model/paths-record.ts';
import type { ProbeReply } from '../../model/probe.ts';
import { isWholeRung } from '../../model/trace-record.ts';
import { decodeMplsEntry } from '../../wire/icmp-extension.ts';
import type { PathsParts } from './paths-places.ts';

/** What kind of packet it is, and what it quotes. */
function causeOf(
  { code, details, quotedTtl }: ProbeReply,
  { family, isWhole }: { readonly family: IpFamily; readonly isWhole: boolean },
): Pick<PathsReply, 'icmp' | 'tcpFlags' | 'quotedTtl' | 'quotedTos'> {
  const { icmpType: type = -1, mtu = 0, tcpFlags = -1, quotedTos = -1 } = details ?? {};
  const isQuoting = isWhole && quotedTos >= 0;
  return {
    icmp: type < 0 ? null : { type, code, mark: icmpMark({ family, type, code, mtu }) },
    tcpFlags: tcpFlags < 0 ? null : tcpFlags,
    quotedTtl: isQuoting ? quotedTtl : null,
    quotedTos: isQuoting ? quotedTos : null,
  };
}

/** Every reply, in the order of flows and TTLs. */
export function pathsReplies({ discovery, addresses, ...parts }: PathsParts): PathsReply[] {
  const { observations } = discovery;
  const family = familyOf(parts.network.destination);
  const isWhole = isWholeRung(parts.network.station.parts.rung);
  const epochUs = parts.startedAt.getTime() * 1000 - parts.startedAtUs;
  const replies: PathsReply[] = [];
  for (let flow = 0; flow < observations.flows; flow++) {
    for (let ttl = 1; ttl <= parts.options.settings.maxTtl; ttl++) {
      for (const reply of observations.cellAt(flow, ttl)?.answers ?? []) {
        const { details } = reply;
        replies.push({
          flow,
          ttl,
          attempt: reply.round,
          address: addresses.textOf(reply.responder),
          sentAtUs: Math.round(epochUs + (details?.sentAtUs ?? 0)),
          rttMs: reply.rttUs / 1000,
          replyTtl: reply.replyTtl,
          replyBytes: details?.replyBytes ?? 0,
          replyId: details?.replyIdentification ?? 0,
          ...causeOf(reply, { family, isWhole }),
          mpls: reply.mpls.map(decodeMplsEntry),
        });
      }
    }
  }
  return replies;
}
