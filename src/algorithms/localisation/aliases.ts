/**
 * Which interfaces are probably one router, from the paths alone. Routers that answer from the
 * interface a probe came in by show several addresses, one for each link into them. Their next hop
 * gives them away: its own answering interface is the far end of one link, so whatever comes before
 * it on any path is the router at the near end.
 *
 * That inference fails where routers answer from one address of their own: there a next hop has
 * many routers before it. Two interfaces that follow the same interface are therefore taken for two
 * routers, and a set of interfaces counts as one router only if no two of them do that.
 */

import { neighbours, type PathGraph, SOURCE_VERTEX } from './path-graph.ts';

type Neighbours = ReadonlyMap<number, ReadonlySet<number>>;

/** Sets of two or more interfaces (vertex ids) that are one router each; no interface is in two. */
export function aliasGroups(graph: PathGraph): readonly ReadonlySet<number>[] {
  const predecessors = neighbours(graph, 'predecessors');
  const groupOf = new Map<number, ReadonlySet<number>>();
  for (const nears of [...nearsOfSeenHops(graph, predecessors), ...deadEnds(graph, predecessors)]) {
    const group = new Set(nears);
    for (const near of nears) for (const alias of groupOf.get(near) ?? []) group.add(alias);
    if (group.size < 2 || !canBeOneRouter(group, predecessors)) continue;
    for (const near of group) groupOf.set(near, group);
  }
  return [...new Set(groupOf.values())];
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

function canBeOneRouter(group: ReadonlySet<number>, predecessors: Neighbours): boolean {
  const claimed = new Set<number>();
  for (const vertex of group) {
    for (const before of predecessors.get(vertex) ?? []) {
      if (before === SOURCE_VERTEX || group.has(before) || claimed.has(before)) return false;
      claimed.add(before);
    }
  }
  return true;
}
