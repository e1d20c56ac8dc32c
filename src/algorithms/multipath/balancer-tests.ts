/** Which balancers of a search keep flows together, as far as they have been tested. */

import { type BranchChange, constancyOf } from './constancy.ts';
import type { RouteGraph, Vertex } from './route-graph.ts';
import type { SearchView } from './search.ts';

/** The tests of one search. */
export class BalancerTests {
  readonly #sprayers = new Set<string>();
  readonly #steady = new Set<string>();

  /** Keys of places that send each packet another way. */
  get sprayers(): ReadonlySet<string> {
    return this.#sprayers;
  }

  /** Keys of places that keep the packets of a flow together. */
  get steady(): ReadonlySet<string> {
    return this.#steady;
  }

  /**
   * Tests balancers from the nearest TTL on, and those behind a TTL only when all there are done.
   *
   * @param isReady whether a place has shown all its branches, so that fewer repeats will do
   * @returns the first change of a path that it comes upon
   */
  judge(view: SearchView, isReady: (vertex: Vertex) => boolean): BranchChange | undefined {
    for (const vertices of view.graph.byTtl) {
      const open = vertices.filter(
        (vertex) => this.#isToTest(vertex) || this.#isDisputed(vertex, view),
      );
      const ready = open.filter((vertex) => isReady(vertex) || this.#isDisputed(vertex, view));
      let decided = 0;
      for (const vertex of ready) {
        const verdict = constancyOf(vertex, view);
        if (typeof verdict === 'object') return verdict;
        if (verdict === 'untested') continue;
        (verdict === 'per-packet' ? this.#sprayers : this.#steady).add(vertex.key);
        decided++;
      }
      if (decided < open.length) return undefined;
    }
    return undefined;
  }

  /** The nearest TTL of a place that is still to be tested; Infinity for none. */
  untestedTtl({ byTtl }: RouteGraph): number {
    const ttl = byTtl.findIndex((vertices) => vertices.some((vertex) => this.#isToTest(vertex)));
    return ttl === -1 ? Number.POSITIVE_INFINITY : ttl;
  }

  #isDisputed({ key, flows, ttl }: Vertex, { observations }: SearchView): boolean {
    if (this.#sprayers.has(key)) return false;
    return flows.some((flow) => observations.isDisputed(flow, ttl + 1));
  }

  #isToTest({ key, successors }: Vertex): boolean {
    if (this.#steady.has(key) || this.#sprayers.has(key)) return false;
    let interfaces = 0;
    for (const { kind } of successors.keys()) if (kind === 'interface') interfaces++;
    return interfaces > 1;
  }
}
