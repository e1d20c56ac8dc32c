/**
 * The graph of a search as it is reported: stars that cannot be told apart are one place, a star
 * that only stands for a missed reply is none, and silence behind the last answer is the end of a
 * path.
 */

import { isEnd, type Observations } from './observations.ts';
import type { RouteGraph, Vertex, VertexKind } from './route-graph.ts';

/** Why a path goes no further. */
export type PathEnd = 'target' | 'refused' | 'loop' | 'silent';

/** One place of the graph. */
export interface Place {
  /** Unique: `2:7`, TTL and address index; `3:*`, silent; `4:#`, of a balancer by packets. */
  readonly id: string;
  readonly kind: VertexKind;
  readonly ttl: number;
  /** Indexes of addresses, ascending. */
  readonly members: readonly number[];
  readonly flows: readonly number[];
  readonly end: PathEnd | null;
  /** Vertices of the search that this is. */
  readonly vertices: readonly Vertex[];
}

/** Flows that went from one place to the next. */
export interface PlaceLink {
  readonly near: Place;
  readonly far: Place;
  readonly flows: number;
}

export interface PlaceGraph {
  /** By TTL, the source first. */
  readonly places: readonly Place[];
  readonly links: readonly PlaceLink[];
  placeOf(vertex: Vertex | undefined): Place | undefined;
}

/** Whether a star is nothing but replies that an interface has missed. */
export function isMissedReply({ kind }: Vertex, place: Place | undefined): boolean {
  return kind === 'star' && place?.kind === 'interface';
}

/**
 * Joins vertices to places.
 *
 * @param isFollowed whether the search has looked behind a star as far as it was to
 */
export function placesOf(
  graph: RouteGraph,
  observations: Observations,
  isFollowed: (star: Vertex) => boolean = () => true,
): PlaceGraph {
  const groups = new Groups();
  const trailing = trailingStars(graph);
  const deadEnds = deadEndsOf(graph, trailing);
  for (const star of deadEnds) {
    const twin = restingEnd(star, observations);
    if (twin !== undefined) groups.join(star, twin);
  }
  const isTrailing = new Set([...trailing].filter((star) => !deadEnds.has(star)));
  for (const hop of graph.byTtl.toReversed()) {
    const stars = hop.filter(({ kind, successors }) => kind === 'star' && successors.size > 0);
    joinStars(
      stars.filter((star) => !trailing.has(star)),
      groups,
      observations,
    );
  }
  const shown = graph.vertices.filter((vertex) => !isTrailing.has(vertex));
  const isSilentEnd = (vertex: Vertex): boolean =>
    deadEnds.has(vertex) && chainOf(vertex).every(isFollowed);
  return joined(shown, { groups, isTrailing, isSilentEnd, observations });
}

/** Joins the stars of a hop, behind which somebody answers, with what they cannot be told from. */
function joinStars(hop: readonly Vertex[], groups: Groups, observations: Observations): void {
  const stars = new Map<string, Vertex>();
  for (const star of hop) {
    const twin = standIn(star, observations);
    if (twin !== undefined) {
      groups.join(star, twin);
      continue;
    }
    const behind = [...star.successors.keys()].map((far) => groups.rootOf(far).key);
    const signature = [...new Set(behind)].sort().join(' ');
    const other = stars.get(signature);
    if (other === undefined) stars.set(signature, star);
    else groups.join(star, other);
  }
}

/** Stars behind which nobody answers. */
function trailingStars({ byTtl }: RouteGraph): Set<Vertex> {
  const trailing = new Set<Vertex>();
  for (const hop of byTtl.toReversed()) {
    for (const vertex of hop) {
      if (vertex.kind !== 'star') continue;
      if ([...vertex.successors.keys()].every((far) => trailing.has(far))) trailing.add(vertex);
    }
  }
  return trailing;
}

/** Trailing stars where others from the same place go on: branches that lead nowhere. */
function deadEndsOf({ vertices }: RouteGraph, trailing: ReadonlySet<Vertex>): Set<Vertex> {
  const dead = new Set<Vertex>();
  for (const { successors } of vertices) {
    const behind = [...successors.keys()];
    const silent = behind.filter((far) => trailing.has(far));
    if (silent.length < behind.length) for (const star of silent) dead.add(star);
  }
  return dead;
}

/** The end of other paths beside a dead end, where it is known not to answer each time. */
function restingEnd(star: Vertex, observations: Observations): Vertex | undefined {
  const beside = [...star.predecessors].flatMap(({ successors }) => [...successors.keys()]);
  return beside.find((each) => each.isEnd && isFickle(each, observations));
}

/** A star, and the stars behind it. */
function chainOf(star: Vertex): Vertex[] {
  return [star, ...[...star.successors.keys()].flatMap(chainOf)];
}

/**
 * The one interface that a star may be: beside it, between the same places, and known not to
 * answer each time.
 */
function standIn(star: Vertex, observations: Observations): Vertex | undefined {
  const candidates = new Set<Vertex>();
  for (const near of star.predecessors) {
    for (const beside of near.successors.keys()) {
      if (beside.kind !== 'interface' || !isFickle(beside, observations)) continue;
      const leadsOn = [...star.successors.keys()].every((far) => beside.successors.has(far));
      if (leadsOn) candidates.add(beside);
    }
  }
  const [only] = candidates;
  return candidates.size === 1 ? only : undefined;
}

function isFickle({ flows, ttl }: Vertex, observations: Observations): boolean {
  return flows.some((flow) => (observations.cellAt(flow, ttl)?.lost ?? 0) > 0);
}

/** Vertices that are one place. */
class Groups {
  readonly #roots = new Map<Vertex, Vertex>();

  join(vertex: Vertex, into: Vertex): void {
    this.#roots.set(vertex, this.rootOf(into));
  }

  rootOf(vertex: Vertex): Vertex {
    let root = vertex;
    for (let next = this.#roots.get(root); next !== undefined; next = this.#roots.get(root)) {
      root = next;
    }
    return root;
  }
}

function joined(
  vertices: readonly Vertex[],
  {
    groups,
    isTrailing,
    isSilentEnd,
    observations,
  }: {
    readonly groups: Groups;
    readonly isTrailing: ReadonlySet<Vertex>;
    readonly isSilentEnd: (vertex: Vertex) => boolean;
    readonly observations: Observations;
  },
): PlaceGraph {
  const byRoot = new Map<Vertex, Vertex[]>();
  for (const vertex of vertices) {
    const root = groups.rootOf(vertex);
    byRoot.set(root, [...(byRoot.get(root) ?? []), vertex]);
  }
  const counts = new Map<string, number>();
  const placeByRoot = new Map<Vertex, Place>();
  for (const [root, own] of [...byRoot].sort(([a], [b]) => a.ttl - b.ttl || a.index - b.index)) {
    const members = [...root.members].sort((a, b) => a - b);
    const sign = { source: 'source', interface: `${members[0]}`, star: '*', clump: '#' }[root.kind];
    const stem = `${root.ttl}:${sign}`;
    const count = (counts.get(stem) ?? 0) + 1;
    counts.set(stem, count);
    placeByRoot.set(root, {
      id: count === 1 ? stem : `${stem}${count}`,
      kind: root.kind,
      ttl: root.ttl,
      members,
      flows: [...new Set(own.flatMap(({ flows }) => flows))].sort((a, b) => a - b),
      end: isSilentEnd(root) ? 'silent' : endOf(root, isTrailing, observations),
      vertices: own,
    });
  }
  const placeOf = (vertex: Vertex | undefined): Place | undefined =>
    vertex === undefined ? undefined : placeByRoot.get(groups.rootOf(vertex));
  return { places: [...placeByRoot.values()], links: linksOf(vertices, placeOf), placeOf };
}

function endOf(
  { isEnd: hasEnded, successors, flows, ttl }: Vertex,
  isTrailing: ReadonlySet<Vertex>,
  observations: Observations,
): PathEnd | null {
  if (!hasEnded) {
    const behind = [...successors.keys()];
    return behind.length > 0 && behind.every((far) => isTrailing.has(far)) ? 'silent' : null;
  }
  const ending = flows.flatMap((flow) => observations.cellAt(flow, ttl)?.answers ?? []);
  if (ending.some(({ isTarget }) => isTarget)) return 'target';
  return ending.some(isEnd) ? 'refused' : 'loop';
}

function linksOf(
  vertices: readonly Vertex[],
  placeOf: (vertex: Vertex) => Place | undefined,
): PlaceLink[] {
  const links = new Map<string, PlaceLink>();
  for (const vertex of vertices) {
    const near = placeOf(vertex);
    for (const [next, flows] of vertex.successors) {
      const far = placeOf(next);
      if (near === undefined || far === undefined) continue;
      const key = `${near.id} ${far.id}`;
      links.set(key, { near, far, flows: flows + (links.get(key)?.flows ?? 0) });
    }
  }
  return [...links.values()];
}
