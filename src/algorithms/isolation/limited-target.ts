/**
 * Targets that limit their answers. Hosts limit ICMP errors, with which they answer where no
 * service has the UDP port (Linux: one a second to each peer), and some of them resets. Missing
 * answers then tell nothing of the way there: it is measured by the routers before the target.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { Localisation } from '../localisation/localise.ts';

/** Probes to the target, and how many it answered. */
export interface TargetAnswers {
  readonly sent: number;
  readonly received: number;
  /** The same while it was asked less often; undefined where that was not tried. */
  readonly whenSlow?: Pick<TargetAnswers, 'sent' | 'received'>;
  /** Set where each answer came some time after the one before, as those of a limit do. */
  readonly isByClock?: true;
}

/** Whether the target seems to lose packets, or to limit its answers. */
export function blamesTarget({ graph, losses }: Pick<Localisation, 'graph' | 'losses'>): boolean {
  const isTarget = (vertex: number): boolean => graph.vertices[vertex]?.kind === 'target';
  const isBlame = (explanation: Explanation): boolean =>
    explanation.kind === 'target' ||
    (explanation.kind === 'node' && explanation.interfaces.some(isTarget));
  return losses.some(({ explanations }) => explanations.some(isBlame));
}

/**
 * What a target answered on the flows that it answered at all, and on those that get as far.
 *
 * @param target address index; that of the counts unless told
 */
export function targetAnswers(counts: PathCounts, target: number = counts.target): TargetAnswers {
  const nearest = nearestTargets(counts);
  let [sent, received] = [0, 0];
  for (const flow of counts.flows) {
    if ((flow.target ?? counts.target) !== target) continue;
    if (!flow.isReached && !endsBefore(flow, nearest.get(target))) continue;
    const hop = flow.isReached ? flow.responders.length - 1 : lastKnownHop(flow) + 1;
    sent += flow.sent[hop] ?? 0;
    received += flow.received[hop] ?? 0;
  }
  return { sent, received };
}

/** The same counts up to the last router, where nothing but the target can come next. */
export function withoutTarget(counts: PathCounts): PathCounts {
  const nearest = nearestTargets(counts);
  return {
    ...counts,
    flows: counts.flows.map((flow) => cut(flow, nearest.get(flow.target ?? counts.target))),
  };
}

function cut(flow: FlowCounts, nearest: number | undefined): FlowCounts {
  if (!flow.isReached && !endsBefore(flow, nearest)) return flow;
  const end = flow.isReached ? flow.responders.length - 1 : lastKnownHop(flow) + 1;
  return {
    ...(flow.target === undefined ? {} : { target: flow.target }),
    responders: flow.responders.slice(0, end),
    sent: flow.sent.slice(0, end),
    received: flow.received.slice(0, end),
    isReached: false,
    answeredLate: 0,
    ...(flow.lostIn && { lostIn: flow.lostIn.slice(0, end) }),
    ...(flow.sentIn && { sentIn: flow.sentIn.slice(0, end) }),
  };
}

/** The hop of each target on the shortest path to it; those that never answered are left out. */
function nearestTargets({ flows, target: usual }: PathCounts): ReadonlyMap<number, number> {
  const nearest = new Map<number, number>();
  for (const { isReached, responders, target = usual } of flows) {
    const hop = responders.length - 1;
    if (isReached) nearest.set(target, Math.min(nearest.get(target) ?? hop, hop));
  }
  return nearest;
}

/** Whether the next hop of a path that ends silent may be the target. */
function endsBefore(flow: FlowCounts, nearest = Number.POSITIVE_INFINITY): boolean {
  const hop = lastKnownHop(flow);
  return hop >= 0 && hop + 1 >= nearest;
}

function lastKnownHop({ responders }: FlowCounts): number {
  return responders.findLastIndex((responder) => responder !== STAR);
}
