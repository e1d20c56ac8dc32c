/**
 * Which interfaces are probably one router, from the paths alone. Routers that answer from the
 * interface a probe came in by show several addresses, one for each link into them. Their next hop
 * gives them away: its own answering interface is the far end of one link, so whatever comes before
 * it on any path is the router at the near end.
 *
 * That inference fails where routers answer from one address of their own: there a next hop has
 * many routers before it. Two interfaces that follow the same interface are therefore taken for two
 * routers, and a set of interfaces counts as one router only if no two of them do that. Where what
 * comes before them is hidden, the rest of the network decides which kind its routers are.
 */

import { neighbours, type PathGraph, SOURCE_VERTEX } from './path-graph.ts';

/** Share of sets that may conflict where routers answer by ingress: paths may have changed … */
const CONFLICTS_MAX = 0.1;
/** … and beyond which routers answer from addresses of their own, whatever single sets say. */
const CONFLICTS_PLENTY = 0.25;

type Neighbours = ReadonlyMap<number, ReadonlySet<number>>;

/** Sets of two or more interfaces (vertex ids) that are one router each; no interface is in two. */
export function aliasGroups(graph: PathGraph): readonly ReadonlySet<number>[] {
  const predecessors = neighbours(graph, 'predecessors');
  const sets = [...nearsOfSeenHops(graph, predecessors), ...deadEnds(graph, predecessors)].filter(
    (nears) => nears.length > 1,
  );
  const conflicts = conflictShare(sets, graph, predecessors);
  if (conflicts > CONFLICTS_PLENTY) return [];
  const context = { graph, predecessors, doAnswerByIngress: conflicts <= CONFLICTS_MAX };
  // Sets that overlap are one router. Which are joined first must not depend on their order.
  const groups: Set<number>[] = [];
  for (const nears of sets.filter((set) => couldBeOneRouter(set, context))) {
    const touching = groups.filter((group) => nears.some((near) => group.has(near)));
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push(new Set([...nears, ...touching.flatMap((group) => [...group])]));
  }
  return groups.filter((group) => couldBeOneRouter([...group], context));
}

/**
 * Of the sets of interfaces before one next hop, where it can be told whether they are one router:
 * the share of those that are not. 1 where none can be told.
 */
function conflictShare(
  sets: readonly (readonly number[])[],
  graph: PathGraph,
  predecessors: Neighbours,
): number {
  const relations = sets.map((set) => relationOf(set, graph, predecessors));
  const conflicting = relations.filter((relation) => relation === 'conflicting').length;
  const consistent = relations.filter((relation) => relation === 'consistent').length;
  return conflicting + consistent === 0 ? 1 : conflicting / (conflicting + consistent);
}

/** For every interface that answered: the interfaces seen right before it. */
function nearsOfSeenHops(graph: PathGraph, predecessors: Neighbours): number[][] {
  return [...predecessors]
    .filter(([far]) => ['interface', 'target'].includes(graph.vertices[far]?.kind ?? ''))
    .map(([, nears]) => [...nears].filter((near) => graph.vertices[near]?.kind === 'interface'));
}

/**
 * Per TTL: the interfaces behind which every flow ends. A router that forwards nothing shows no
 * next hop.
 */
function deadEnds(graph: PathGraph, predecessors: Neighbours): number[][] {
  const successors = neighbours(graph, 'successors');
  const byTtl = new Map<number, number[]>();
  for (const [far, nears] of predecessors) {
    const vertex = graph.vertices[far];
    if (vertex?.kind !== 'unseen') continue;
    const dead = [...nears].filter((near) => successors.get(near)?.size === 1);
    byTtl.set(vertex.ttl, [...(byTtl.get(vertex.ttl) ?? []), ...dead]);
  }
  return [...byTtl.values()];
}

interface Context {
  readonly graph: PathGraph;
  readonly predecessors: Neighbours;
  readonly doAnswerByIngress: boolean;
}

function couldBeOneRouter(
  set: readonly number[],
  { graph, predecessors, doAnswerByIngress: byIngress }: Context,
): boolean {
  const relation = relationOf(set, graph, predecessors);
  return relation === 'consistent' || (relation === 'hidden' && byIngress);
}

/**
 * `conflicting` if two of the interfaces follow the same one or one of them follows another,
 * `consistent` if none do, `hidden` if that cannot be told as what comes before them is not known.
 */
function relationOf(
  set: readonly number[],
  { vertices }: PathGraph,
  predecessors: Neighbours,
): 'conflicting' | 'consistent' | 'hidden' {
  const members = new Set(set);
  const claimed = new Set<number>();
  let known = 0;
  for (const vertex of set) {
    const befores = [...(predecessors.get(vertex) ?? [])];
    const seen = befores.filter((before) => vertices[before]?.kind !== 'silent');
    if (seen.length === befores.length) known++;
    for (const before of seen) {
      if (before === SOURCE_VERTEX || members.has(before) || claimed.has(before)) {
        return 'conflicting';
      }
      claimed.add(before);
    }
  }
  return known === set.length ? 'consistent' : 'hidden';
}
