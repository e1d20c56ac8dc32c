/**
 * Targets that answer with ICMP errors, as hosts do where no service has the UDP port. They limit
 * these (Linux: one a second to each peer), so that missing ones tell nothing of the way there:
 * it is then measured by the routers before the target.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { Localisation } from '../localisation/localise.ts';

/** Probes to the target, and how many it answered. */
export interface TargetAnswers {
  readonly sent: number;
  readonly received: number;
}

/** Whether the target seems to lose packets, or to limit its answers. */
export function blamesTarget({ graph, losses }: Pick<Localisation, 'graph' | 'losses'>): boolean {
  const isTarget = (vertex: number): boolean => graph.vertices[vertex]?.kind === 'target';
  const isBlame = (explanation: Explanation): boolean =>
    explanation.kind === 'target' ||
    (explanation.kind === 'node' && explanation.interfaces.some(isTarget));
  return losses.some(({ explanations }) => explanations.some(isBlame));
}

/** What the target answered on the flows that it answered at all, and on those that get as far. */
export function targetAnswers(counts: PathCounts): TargetAnswers {
  const nearest = nearestTarget(counts);
  let [sent, received] = [0, 0];
  for (const flow of counts.flows) {
    if (!flow.isReached && !endsBefore(flow, nearest)) continue;
    const hop = flow.isReached ? flow.responders.length - 1 : lastKnownHop(flow) + 1;
    sent += flow.sent[hop] ?? 0;
    received += flow.received[hop] ?? 0;
  }
  return { sent, received };
}

/** The same counts up to the last router, where nothing but the target can come next. */
export function withoutTarget(counts: PathCounts): PathCounts {
  const nearest = nearestTarget(counts);
  return { ...counts, flows: counts.flows.map((flow) => cut(flow, nearest)) };
}

function cut(flow: FlowCounts, nearest: number): FlowCounts {
  if (!flow.isReached && !endsBefore(flow, nearest)) return flow;
  const end = flow.isReached ? flow.responders.length - 1 : lastKnownHop(flow) + 1;
  return {
    responders: flow.responders.slice(0, end),
    sent: flow.sent.slice(0, end),
    received: flow.received.slice(0, end),
    isReached: false,
    answeredLate: 0,
  };
}

/** The hop of the target on the shortest path to it. */
function nearestTarget({ flows }: PathCounts): number {
  return Math.min(...flows.flatMap((flow) => (flow.isReached ? [flow.responders.length - 1] : [])));
}

/** Whether the next hop of a path that ends silent may be the target. */
function endsBefore(flow: FlowCounts, nearest: number): boolean {
  const hop = lastKnownHop(flow);
  return hop >= 0 && hop + 1 >= nearest;
}

function lastKnownHop({ responders }: FlowCounts): number {
  return responders.findLastIndex((responder) => responder !== STAR);
}
