/**
 * Forwarding loops: paths that come back to an interface two hops or more behind it, and never get
 * to the target. They are cut behind the router that sends packets back, so that what comes of them
 * is evidence about that router and not about its neighbours.
 */

import { type FlowCounts, STAR } from '../../model/path-counts.ts';

export interface CutPaths {
  readonly flows: readonly FlowCounts[];
  /** Interfaces that send packets back, and to whom: address indexes. */
  readonly loops: ReadonlyMap<number, number>;
}

/** The interfaces of a loop, and which of them sends packets back. */
interface Loop {
  readonly members: string;
  readonly sender: number;
}

/**
 * Cuts every path that loops, and leaves all others as they are. Who sends packets back is not seen
 * where a path is in the loop already at its first hop, and that is not TTL 1: of such a path
 * nothing is left.
 *
 * @param minTtl of the first hop
 */
export function withoutLoops(flows: readonly FlowCounts[], minTtl = 1): CutPaths {
  const loops = new Map<number, number>();
  const found = flows.map((flow) => loopStart(flow));
  if (found.every((start) => start === undefined)) return { flows, loops };
  const passed = new Set(flows.flatMap((flow) => (flow.isReached ? flow.responders : [])));
  const nearest = nearestHops(flows);
  const looping = flows.map((flow, i) => loopOf(flow, found[i], { passed, nearest }));
  const senders = usualSenders(looping);
  const cut = flows.map((flow, i) => {
    const loop = looping[i];
    if (loop === undefined) return flow;
    const isEntrySeen = minTtl === 1 || found[i] !== 0;
    const sender = senders.get(loop.members) ?? loop.sender;
    const end = isEntrySeen ? flow.responders.indexOf(sender) + 1 : 0;
    if (end > 0) loops.set(flow.responders[end - 1] ?? STAR, flow.responders[end] ?? STAR);
    return {
      ...flow,
      isLooping: true as const,
      responders: flow.responders.map((responder, hop) => (hop < end ? responder : STAR)),
      received: flow.received.map((received, hop) => (hop < end ? received : 0)),
      // What the loop answered counts as lost in every round alike.
      ...(flow.lostIn && { lostIn: flow.lostIn.map((rounds, hop) => (hop < end ? rounds : [])) }),
    };
  });
  return { flows: cut, loops };
}

/** The hop of the first interface that answers again two hops or more behind itself. */
function loopStart({ responders, isReached }: FlowCounts): number | undefined {
  if (isReached) return undefined;
  for (const [hop, responder] of responders.entries()) {
    if (responder !== STAR && responders.indexOf(responder, hop + 2) >= 0) return hop;
  }
  return undefined;
}

/** By interface: the first hop at which it answers any flow. */
function nearestHops(flows: readonly FlowCounts[]): ReadonlyMap<number, number> {
  const nearest = new Map<number, number>();
  for (const { responders } of flows) {
    for (const [hop, responder] of responders.entries()) {
      nearest.set(responder, Math.min(hop, nearest.get(responder) ?? hop));
    }
  }
  return nearest;
}

/**
 * Who sends packets back is the first interface of a loop that no path passes on its way to the
 * target. Where all are passed, as routers answer with one address for all ways into them, it is
 * the one behind which packets are nearer to the source than they were.
 */
function loopOf(
  { responders }: FlowCounts,
  start: number | undefined,
  {
    passed,
    nearest,
  }: Record<'passed', ReadonlySet<number>> & Record<'nearest', ReadonlyMap<number, number>>,
): Loop | undefined {
  if (start === undefined) return undefined;
  const closing = responders.indexOf(responders[start] ?? STAR, start + 2);
  const members = responders.slice(start, closing);
  const entry = members.find((responder) => responder !== STAR && !passed.has(responder));
  const sender = entry ?? mostBackwards(members, nearest);
  return { members: [...members].sort((a, b) => a - b).join(), sender };
}

/** The member of a loop whose next hop is nearest to the source, beside itself: the last such. */
function mostBackwards(members: readonly number[], nearest: ReadonlyMap<number, number>): number {
  const hopOf = (index: number): number =>
    nearest.get(members[index % members.length] ?? STAR) ?? 0;
  let [sender, most] = [STAR, Number.NEGATIVE_INFINITY];
  for (const [index, member] of members.entries()) {
    const backwards = hopOf(index) - hopOf(index + 1);
    if (member === STAR || backwards < most) continue;
    [sender, most] = [member, backwards];
  }
  return sender;
}

/** A loop may be entered at any of its routers: the way in of most flows names the sender. */
function usualSenders(loops: readonly (Loop | undefined)[]): Map<string, number> {
  const votes = new Map<string, Map<number, number>>();
  for (const loop of loops) {
    if (loop === undefined) continue;
    const counted = votes.get(loop.members) ?? new Map<number, number>();
    votes.set(loop.members, counted.set(loop.sender, (counted.get(loop.sender) ?? 0) + 1));
  }
  return new Map(
    [...votes].map(([members, counted]) => {
      const [[sender] = [STAR]] = [...counted].sort(([, a], [, b]) => b - a);
      return [members, sender];
    }),
  );
}
