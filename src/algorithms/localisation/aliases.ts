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
 *
 * Several links may still lead from one router to the next: side by side, or through a tunnel that
 * hides what is between. Then the interface behind tells: if its own router shows several, and each
 * of them follows other interfaces than the rest, that router answers from where probes come in.
 */

import { neighbours, type PathGraph, SOURCE_VERTEX } from './path-graph.ts';

/** Share of ways into routers that may conflict where they answer by ingress: paths may change … */
const CONFLICTS_MAX = 0.1;
/** … and beyond which routers answer from addresses of their own, whatever single sets say. */
const CONFLICTS_PLENTY = 0.4;
/** Sets that share as much of the smaller one are taken for two views of the same router. */
const SAME_SHARE = 0.5;

type Neighbours = ReadonlyMap<number, ReadonlySet<number>>;

/** Sets of two or more interfaces (vertex ids) that are one router each; no interface is in two. */
export function aliasGroups(graph: PathGraph): readonly ReadonlySet<number>[] {
  const predecessors = neighbours(graph, 'predecessors');
  const successors = neighbours(graph, 'successors');
  const relate = (set: readonly number[]): Relation => relationOf(set, graph, predecessors);
  const seen = nearsOfSeenHops(graph, predecessors);
  const dead = deadEnds(graph, predecessors, successors);
  const sets = [...seen.values(), ...dead].filter((nears) => nears.length > 1);
  const views = mergedViews(sets).map(relate);
  const conflicts = conflictShare(views);
  if (conflicts > CONFLICTS_PLENTY) return [];
  const isOne = ({ kind }: Relation): boolean =>
    kind === 'consistent' || (kind === 'hidden' && conflicts <= CONFLICTS_MAX);
  const isParallel = (set: readonly number[]): boolean => relate(set).kind === 'parallel';
  const parallel = nearsOfIngressRouters(seen, views).filter(isParallel);
  const deadParallel = dead.filter(
    (set) => isParallel(set) && areSiblingsIn(set, parallel, { predecessors, successors }),
  );
  return joined([
    ...sets.filter((set) => isOne(relate(set))).map((set) => ({ set, isParallel: false })),
    ...[...parallel, ...deadParallel].map((set) => ({ set, isParallel: true })),
  ])
    .filter(({ set, isParallel: mayBeParallel }) => {
      const relation = relate(set);
      return isOne(relation) || (mayBeParallel && relation.kind === 'parallel');
    })
    .map(({ set }) => new Set(set));
}

interface Group {
  readonly set: readonly number[];
  /** Whether several links are known to lead into it from one router. */
  readonly isParallel: boolean;
}

/** Sets that overlap are one router. Which are joined first must not depend on their order. */
function joined(sets: readonly Group[]): Group[] {
  const groups: { readonly set: Set<number>; readonly isParallel: boolean }[] = [];
  for (const { set, isParallel } of sets) {
    const touching = groups.filter((group) => set.some((vertex) => group.set.has(vertex)));
    for (const group of touching) groups.splice(groups.indexOf(group), 1);
    groups.push({
      set: new Set([...set, ...touching.flatMap((group) => [...group.set])]),
      isParallel: isParallel || touching.some((group) => group.isParallel),
    });
  }
  return groups.map(({ set, isParallel }) => ({ set: [...set], isParallel }));
}

/** For every interface that answered, and the target: the interfaces seen right before it. */
function nearsOfSeenHops(
  graph: PathGraph,
  predecessors: Neighbours,
): ReadonlyMap<number, readonly number[]> {
  const isInterface = (vertex: number): boolean => graph.vertices[vertex]?.kind === 'interface';
  return new Map(
    [...predecessors]
      .filter(([far]) => isInterface(far) || graph.vertices[far]?.kind === 'target')
      .map(([far, nears]) => [far, [...nears].filter(isInterface)]),
  );
}

/**
 * Per TTL: the interfaces behind which every flow ends. A router that forwards nothing shows no
 * next hop.
 */
function deadEnds(graph: PathGraph, predecessors: Neighbours, successors: Neighbours): number[][] {
  const byTtl = new Map<number, number[]>();
  for (const [far, nears] of predecessors) {
    const vertex = graph.vertices[far];
    if (vertex?.kind !== 'unseen') continue;
    const dead = [...nears].filter((near) => successors.get(near)?.size === 1);
    byTtl.set(vertex.ttl, [...(byTtl.get(vertex.ttl) ?? []), ...dead]);
  }
  return [...byTtl.values()];
}

/** Sets that are mostly the same are joined: few flows show each next hop only some of a router. */
function mergedViews(sets: readonly (readonly number[])[]): number[][] {
  const views: Set<number>[] = [];
  for (const set of [...sets].sort((a, b) => b.length - a.length)) {
    const same = views.filter((view) => {
      const shared = set.filter((vertex) => view.has(vertex)).length;
      return shared >= SAME_SHARE * Math.min(set.length, view.size);
    });
    for (const view of same) views.splice(views.indexOf(view), 1);
    views.push(new Set([...set, ...same.flatMap((view) => [...view])]));
  }
  return views.map((view) => [...view]);
}

interface Relation {
  readonly set: readonly number[];
  /**
   * `apart` if one of the interfaces follows another, or the source, `parallel` if two of them
   * follow the same one, `consistent` if none do, `hidden` if that cannot be told as what comes
   * before them is not known.
   */
  readonly kind: 'apart' | 'parallel' | 'consistent' | 'hidden';
  /** Of those that follow the same interface, each with all that do: how many such sets. */
  readonly conflicts: number;
}

function relationOf(
  set: readonly number[],
  { vertices }: PathGraph,
  predecessors: Neighbours,
): Relation {
  const members = new Set(set);
  const ways: { readonly befores: Set<number>; size: number }[] = [];
  let known = 0;
  for (const vertex of set) {
    const befores = [...(predecessors.get(vertex) ?? [])];
    const seen = befores.filter((before) => vertices[before]?.kind !== 'silent');
    if (seen.some((before) => before === SOURCE_VERTEX || members.has(before))) {
      return { set, kind: 'apart', conflicts: 1 };
    }
    if (seen.length === befores.length) known++;
    const shared = ways.filter((way) => seen.some((before) => way.befores.has(before)));
    for (const way of shared) ways.splice(ways.indexOf(way), 1);
    ways.push({
      befores: new Set([...seen, ...shared.flatMap((way) => [...way.befores])]),
      size: shared.reduce((sum, { size }) => sum + size, 1),
    });
  }
  const conflicts = ways.filter(({ size }) => size > 1).length;
  if (conflicts > 0) return { set, kind: 'parallel', conflicts };
  return { set, kind: known === set.length ? 'consistent' : 'hidden', conflicts };
}

/**
 * Of the ways into what would be one router if all answered by ingress, where that can be told: the
 * share of those that consist of several links. 1 where none can be told.
 */
function conflictShare(views: readonly Relation[]): number {
  let [conflicting, consistent] = [0, 0];
  for (const { set, kind, conflicts } of views) {
    conflicting += conflicts;
    if (kind === 'consistent') consistent += set.length;
  }
  return conflicting + consistent === 0 ? 1 : conflicting / (conflicting + consistent);
}

/** What comes before each interface of a router that answers by ingress. */
function nearsOfIngressRouters(
  seen: ReadonlyMap<number, readonly number[]>,
  views: readonly Relation[],
): readonly (readonly number[])[] {
  return views
    .filter(({ kind }) => kind === 'consistent')
    .flatMap(({ set }) => set.map((vertex) => seen.get(vertex) ?? []))
    .filter((nears) => nears.length > 1);
}

/**
 * Whether all that has the same interfaces before it as a dead end is known to be of routers that
 * several links lead into, as many or more: then the dead end is one such router.
 */
function areSiblingsIn(
  dead: readonly number[],
  routers: readonly (readonly number[])[],
  { predecessors, successors }: Record<'predecessors' | 'successors', Neighbours>,
): boolean {
  const befores = new Set(dead.flatMap((vertex) => [...(predecessors.get(vertex) ?? [])]));
  const siblings = new Set([...befores].flatMap((before) => [...(successors.get(before) ?? [])]));
  for (const vertex of dead) siblings.delete(vertex);
  const known = new Set(routers.flat());
  const areAsWide = routers.some((router) => router.length >= dead.length);
  return areAsWide && [...siblings].every((vertex) => known.has(vertex));
}
