/**
 * Everything that could explain missing replies, each with the cells in which its loss would show.
 * Candidates with the same cells cannot be told apart by these counts and form one class.
 *
 * A loss on a link shows from its far end on, in every flow that crosses it. A loss inside a router
 * shows behind it (on transit) or from it on (at its entrance). A limit on a responder's ICMP shows
 * at that responder alone, and so does the loss of its replies on their way back; only a link that
 * every path crosses loses the answers of all behind it.
 */

import { aliasGroups } from './aliases.ts';
import type { Candidate, Explanation } from './candidate.ts';
import { CoverageBook, type CoverageKey, KEYS } from './coverage-book.ts';
import { coverageClasses } from './coverage-classes.ts';
import { neighbours, type PathGraph, SOURCE_VERTEX, type Vertex } from './path-graph.ts';
import { hopsOfAllPaths, layersOf } from './path-layers.ts';
import { QuietEnds } from './quiet-ends.ts';

export type { Candidate, Explanation } from './candidate.ts';

/** Every candidate class of a graph that covers at least one cell. */
export function candidatesOf(graph: PathGraph): readonly Candidate[] {
  return new CandidateCollector(graph).collect();
}

/** A place on a path. */
interface Place {
  readonly path: number;
  readonly position: number;
  readonly near: number;
  readonly vertex: number;
}

class CandidateCollector {
  readonly #graph: PathGraph;
  /** By vertex, where it is one of several interfaces: the number of its router and all of them. */
  readonly #routers = new Map<number, { id: number; interfaces: readonly number[] }>();
  readonly #predecessors: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #successors: ReadonlyMap<number, ReadonlySet<number>>;
  readonly #quietEnds: QuietEnds;
  readonly #coverages: CoverageBook;
  /** By address, where there are several: the vertex of each target that answers. */
  readonly #targets = new Map<number, number>();
  /** The positions at which several interfaces answer, and others behind them. */
  readonly #layers: ReadonlySet<number>;
  /** By interface: whether its entrance is another place than the one link that leads to it. */
  readonly #hasEntrance = new Map<number, boolean>();

  constructor(graph: PathGraph) {
    this.#graph = graph;
    this.#coverages = new CoverageBook(graph.vertices.length);
    for (const [id, group] of aliasGroups(graph).entries()) {
      const interfaces = [...group].sort((a, b) => a - b);
      for (const vertex of group) this.#routers.set(vertex, { id, interfaces });
    }
    this.#layers = layersOf(graph);
    this.#predecessors = neighbours(graph, 'predecessors');
    this.#successors = neighbours(graph, 'successors');
    this.#quietEnds = new QuietEnds(graph, this.#successors);
    for (const [id, vertex] of graph.vertices.entries()) {
      if (vertex.kind === 'target') this.#targets.set(vertex.address, id);
    }
    if (this.#targets.size === 1) this.#targets.clear();
  }

  collect(): Candidate[] {
    for (const [path, { vertices }] of this.#graph.classes.entries()) {
      for (const [position, vertex] of vertices.entries()) {
        const near = vertices[position - 1] ?? SOURCE_VERTEX;
        const place = { path, position, near, vertex };
        this.#addLinks(place);
        this.#addNodes(place);
        this.#addEnd(place);
        this.#addLayer(place);
      }
    }
    this.#addReturns();
    return coverageClasses(this.#coverages.all(), this.#graph, (explanation) =>
      this.#isIncomplete(explanation),
    );
  }

  #isIncomplete(explanation: Explanation): boolean {
    if (explanation.kind !== 'link' && explanation.kind !== 'node') return false;
    const named = explanation.kind === 'link' ? explanation.nears : explanation.interfaces;
    const [first = -1] = named;
    return named.length === 1 && this.#routers.has(first);
  }

  #addLinks(place: Place): void {
    const { near, vertex: far } = place;
    if (near === SOURCE_VERTEX && this.#graph.minTtl > 1) {
      this.#addUnprobed(place);
      return;
    }
    const explanation: Explanation = { kind: 'link', nears: [near], far };
    const { kind, ttl } = this.#describe(far);
    const isFarHidden = kind === 'silent' || kind === 'unseen';
    const isNearHidden = this.#describe(near).kind === 'silent';
    if (isNearHidden && isFarHidden) {
      this.#cover([KEYS.hidden, ttl, 1], explanation, place);
    } else if (isNearHidden) {
      this.#cover([KEYS.linkFromHidden, far, 0], explanation, place);
    } else {
      const key = isFarHidden ? KEYS.linkToHidden : KEYS.link;
      this.#cover([key, near, isFarHidden ? Number(kind === 'unseen') : far], explanation, place);
      this.#addLinkFromRouter(place, isFarHidden);
    }
  }

  /** What is before the first TTL has no links to tell apart, and may be crossed by anybody. */
  #addUnprobed(place: Place): void {
    const { vertex: far } = place;
    this.#cover([KEYS.before, far, 0], { kind: 'before', far }, place);
    const isOnly = (this.#successors.get(SOURCE_VERTEX)?.size ?? 0) < 2;
    if (!isOnly) this.#cover([KEYS.beforeAll, 0, 0], { kind: 'before' }, place);
  }

  #addLinkFromRouter(place: Place, isFarHidden: boolean): void {
    const { near, vertex: far } = place;
    const router = this.#routers.get(near);
    if (router === undefined) return;
    const farKey = isFarHidden ? -1 - Number(this.#describe(far).kind === 'unseen') : far;
    const explanation: Explanation = { kind: 'link', nears: router.interfaces, far };
    this.#cover([KEYS.linkFromRouter, router.id, farKey + 2], explanation, place);
  }

  #addNodes(place: Place): void {
    const { vertex, near } = place;
    const { kind, ttl } = this.#describe(vertex);
    if (kind === 'interface') {
      this.#addRouter(place, [vertex], [KEYS.transit, KEYS.entrance, vertex]);
      const router = this.#routers.get(vertex);
      if (router !== undefined) {
        const keys = [KEYS.routerTransit, KEYS.routerEntrance, router.id] as const;
        this.#addRouter(place, router.interfaces, keys);
      }
    } else if (kind === 'unseen') {
      this.#cover([KEYS.unseen, ttl, 0], { kind: 'node', interfaces: [], ttl }, place);
      this.#addHiddenEnd(place);
      this.#addQuietEnds(place);
    }
    const before = this.#describe(near);
    if (before.kind !== 'silent') return;
    const silent: Explanation = { kind: 'node', interfaces: [], ttl: before.ttl };
    this.#cover([KEYS.hidden, before.ttl, 0], silent, place);
  }

  /**
   * Flows that end behind a hop from which others go on over a silent router may have passed that
   * router too, and been lost behind it.
   */
  #addHiddenEnd(place: Place): void {
    const hidden = [...(this.#successors.get(place.near) ?? [])].find(
      (vertex) => this.#describe(vertex).kind === 'silent',
    );
    if (hidden === undefined) return;
    const explanation: Explanation = { kind: 'link', nears: [hidden], far: place.vertex };
    this.#cover([KEYS.hiddenToUnseen, this.#describe(place.vertex).ttl, 0], explanation, place);
  }

  /** A flow may have gone on unanswered, and been lost behind an interface that is quiet. */
  #addQuietEnds(place: Place): void {
    const routers = new Set<number>();
    for (const vertex of this.#quietEnds.onwardFrom(place.near)) {
      const router = this.#routers.get(vertex);
      const id = router?.id ?? -1 - vertex;
      if (routers.has(id)) continue;
      routers.add(id);
      const nears = router?.interfaces ?? [vertex];
      const explanation: Explanation = { kind: 'link', nears, far: place.vertex };
      const key = [KEYS.quietToUnseen, router?.id ?? 0, router === undefined ? vertex : 0] as const;
      this.#cover(key, explanation, place);
    }
  }

  #addRouter(
    place: Place,
    interfaces: readonly number[],
    [transit, entrance, id]: readonly [number, number, number],
  ): void {
    const { ttl } = this.#describe(place.vertex);
    const explanation: Explanation = { kind: 'node', interfaces, ttl };
    this.#cover([transit, id, 0], explanation, { ...place, position: place.position + 1 });
    if (this.#isEntered(interfaces)) this.#cover([entrance, id, 0], explanation, place);
  }

  /** Whether a router has several links into it: the entrance of one that has not is that link. */
  #isEntered(interfaces: readonly number[]): boolean {
    const [first = -1] = interfaces;
    const cacheKey = interfaces.length === 1 ? first : -1 - first;
    const known = this.#hasEntrance.get(cacheKey);
    if (known !== undefined) return known;
    const nears = new Set<number>();
    for (const vertex of interfaces) {
      for (const near of this.#predecessors.get(vertex) ?? []) {
        const router = this.#routers.get(near);
        nears.add(router === undefined ? near : -1 - router.id);
      }
    }
    this.#hasEntrance.set(cacheKey, nears.size > 1);
    return nears.size > 1;
  }

  /** What can withhold a reply at this place alone. */
  #addEnd(place: Place): void {
    const { path, position, vertex } = place;
    const { kind } = this.#describe(vertex);
    if (kind === 'target' || kind === 'unseen') {
      const { explanation, key } = this.#targetOf(path);
      this.#cover([KEYS.target, key, 0], explanation, place);
    } else if (kind === 'interface') {
      const span = { path, from: position, end: position + 1 };
      const alone: Explanation = { kind: 'responder', vertex };
      this.#coverages.cover([KEYS.responder, vertex, 0], alone, span);
      const router = this.#routers.get(vertex);
      if (router === undefined) return;
      // One control plane answers for all interfaces of a router.
      const aliases = router.interfaces.filter((each) => each !== vertex);
      const shared: Explanation = { kind: 'responder', vertex, aliases };
      this.#coverages.cover([KEYS.router, router.id, 0], shared, span);
    }
  }

  /** The target of a path as an explanation, and what tells it from others. */
  #targetOf(path: number): { readonly explanation: Explanation; readonly key: number } {
    const vertex = this.#targets.get(this.#graph.classes[path]?.target ?? -1);
    if (vertex === undefined) return { explanation: { kind: 'target' }, key: 0 };
    return { explanation: { kind: 'target', vertex }, key: vertex };
  }

  /** Routers of one layer are often set up alike, and limit their answers alike. */
  #addLayer({ path, position, vertex }: Place): void {
    const { kind } = this.#describe(vertex);
    if (kind !== 'interface' || !this.#layers.has(position)) return;
    const explanation: Explanation = { kind: 'responder', vertex, layer: position };
    this.#coverages.cover([KEYS.layer, position, 0], explanation, {
      path,
      from: position,
      end: position + 1,
    });
  }

  /**
   * Loss on the way back can be told from loss on the way there only where the target repeats its
   * answers. Which way answers take is unknown, but for links that all paths have in common.
   */
  #addReturns(): void {
    const { classes, doesTargetRepeat } = this.#graph;
    if (!doesTargetRepeat) return;
    for (const [path, { vertices, returnCell }] of classes.entries()) {
      if (returnCell < 0) continue;
      const span = { path, from: vertices.length, end: vertices.length + 1 };
      const { explanation, key } = this.#targetOf(path);
      this.#coverages.cover([KEYS.returnFromTarget, key, 0], explanation, span, { isReturn: true });
    }
    for (const [position, far] of hopsOfAllPaths(classes).entries()) {
      const near = classes[0]?.vertices[position - 1] ?? SOURCE_VERTEX;
      const explanation: Explanation =
        near === SOURCE_VERTEX && this.#graph.minTtl > 1
          ? { kind: 'before', far }
          : { kind: 'link', nears: [near], far };
      for (const [path, { vertices, returnCell }] of classes.entries()) {
        const isTargetLast = this.#describe(vertices.at(-1) ?? SOURCE_VERTEX).kind !== 'interface';
        const end = vertices.length - Number(isTargetLast);
        const key = [KEYS.returnLink, position, 0] as const;
        this.#coverages.cover(key, explanation, { path, from: position, end }, { isReturn: true });
        if (returnCell < 0) continue;
        const back = { path, from: vertices.length, end: vertices.length + 1 };
        this.#coverages.cover(key, explanation, back, { isReturn: true });
      }
    }
  }

  /** From a place on, to the end of its path. */
  #cover(key: CoverageKey, explanation: Explanation, place: Place): void {
    const end = this.#graph.classes[place.path]?.vertices.length ?? 0;
    this.#coverages.cover(key, explanation, { path: place.path, from: place.position, end });
  }

  #describe(vertex: number): { kind: Vertex['kind']; ttl: number } {
    const described = this.#graph.vertices[vertex] ?? { kind: 'source' };
    return { kind: described.kind, ttl: described.kind === 'source' ? 0 : described.ttl };
  }
}
