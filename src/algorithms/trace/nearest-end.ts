/**
 * How near the end of a path is. Who limits its answers may leave the nearest probes that came to
 * it without one: its answer to a farther one is then that of the TTL that was enough, as the
 * quote tells, if all is silent there.
 */

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
