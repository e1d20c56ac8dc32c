/**
 * How near the end of a path is. Who limits its answers may leave the nearest probes that came to
 * it without one: its answer to a farther one is then that of the TTL that was enough, as the
 * quote tells, if all is silent there. Its answers to farther ones also stand for those that it
 * owes to further queries.
 */

import type { ProbeReply } from '../../model/probe.ts';
import type { TraceProbes } from './trace-probes.ts';

/** A probe by its hop and its round. */
export interface ProbePlace {
  readonly hop: number;
  readonly round: number;
}

/**
 * Moves the answer that ended a trace to the hop where it belongs.
 *
 * @param end the hop of the nearest such answer
 * @returns whose answer it is now; undefined where it stays
 */
export function moveEndNear(probes: TraceProbes, end: number): ProbePlace | undefined {
  const round = finalRound(probes, end);
  if (round === undefined) return undefined;
  const spareTtl = (probes.reply(end, round)?.quotedTtl ?? 0) - 1;
  const nearest = Math.max(0, end - spareTtl);
  let hop = end;
  while (hop > nearest && probes.firstReply(hop - 1) === undefined) hop--;
  if (hop === end) return undefined;
  const moved = probes.moveReply({ hop: end, round }, hop);
  return moved === undefined ? undefined : { hop, round: moved };
}

/** The round of the answer that is not a router's on the way. */
function finalRound(probes: TraceProbes, hop: number): number | undefined {
  for (let round = 0; probes.state(hop, round) !== undefined; round++) {
    const reply = probes.reply(hop, round);
    if (reply !== undefined && reply.kind !== 'time-exceeded') return round;
  }
  return undefined;
}

/** Fewer probes of a trace may have been lost by chance. */
const UNANSWERED_MIN = 3;

/**
 * Answers the lost queries of the end with what the end said to probes of more TTL than needed.
 * Hosts send so few ICMP errors a second that the first probes to come to them use them up: of
 * these, nearest first, it then answers some and nothing behind them, as no loss by chance does.
 * All are of one flow, and their round trips are those of the end.
 *
 * @param end the hop that ended the trace
 * @param hopCount hops that were probed, those beyond the end included
 * @returns whose answers were found
 */
export function answerFromBeyond(probes: TraceProbes, end: number, hopCount: number): ProbePlace[] {
  const atEnd = new Set<ProbeReply | undefined>();
  let lost = 0;
  for (let round = 0; probes.state(end, round) !== undefined; round++) {
    atEnd.add(probes.reply(end, round));
    if (probes.state(end, round) === 'lost') lost++;
  }
  const { answered, unanswered } = firstProbesBeyond(probes, end, hopCount);
  if (lost === 0 || lost + unanswered < UNANSWERED_MIN) return [];
  const responder = probes.firstReply(end)?.responder;
  const found: ProbePlace[] = [];
  for (const from of answered) {
    const reply = probes.reply(from.hop, from.round);
    if (reply?.kind !== 'unreachable' || reply.responder !== responder) continue;
    const round = atEnd.has(reply) ? undefined : probes.moveReply(from, end);
    if (round !== undefined) found.push({ hop: end, round });
  }
  return found;
}

/** The first probes of the hops behind the end; as answered none, if one is behind a silent one. */
function firstProbesBeyond(probes: TraceProbes, end: number, hopCount: number) {
  const answered: ProbePlace[] = [];
  let unanswered = 0;
  for (let hop = end + 1; hop < hopCount; hop++) {
    if (probes.reply(hop, 0) === undefined) unanswered++;
    else if (unanswered > 0) return { answered: [], unanswered };
    else answered.push({ hop, round: 0 });
  }
  return { answered, unanswered };
}
