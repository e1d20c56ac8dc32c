/** What each explanation covers, put together path by path. */

import type { Explanation, Span } from './candidate.ts';
import type { Coverage } from './coverage-classes.ts';

/** What a coverage stands for: the first part of its key. */
export const KEYS = {
  link: 0,
  linkFromRouter: 1,
  linkToHidden: 2,
  linkFromHidden: 3,
  transit: 4,
  routerTransit: 5,
  entrance: 6,
  routerEntrance: 7,
  unseen: 8,
  hidden: 9,
  responder: 10,
  target: 11,
  returnFromTarget: 12,
  returnLink: 13,
  hiddenToUnseen: 14,
  router: 15,
  layer: 16,
  before: 17,
  beforeAll: 18,
  quietToUnseen: 19,
} as const;

/** What it stands for, and up to two numbers that tell it from others of its kind. */
export type CoverageKey = readonly [kind: number, first: number, second: number];

/** The coverages of one graph. */
export class CoverageBook {
  /** Numbers in a key are below this. */
  readonly #size: number;
  readonly #coverages = new Map<number, Coverage>();

  /** @param vertices how many the graph has */
  constructor(vertices: number) {
    this.#size = vertices + 4;
  }

  all(): Iterable<Coverage> {
    return this.#coverages.values();
  }

  /** Adds a part of a path to what an explanation covers. */
  cover(
    [kind, first, second]: CoverageKey,
    explanation: Explanation,
    span: Span,
    { isReturn = false }: { readonly isReturn?: boolean } = {},
  ): void {
    const key = (kind * this.#size + first) * this.#size + second;
    const known = this.#coverages.get(key);
    const coverage = known ?? { explanation, spans: [], isReturn };
    if (known === undefined) this.#coverages.set(key, coverage);
    const last = coverage.spans.at(-1);
    // A path that comes by twice is covered from the first time on.
    const isCovered = last?.path === span.path && span.from < last.end;
    if (!isCovered && span.from < span.end) coverage.spans.push(span);
  }
}
