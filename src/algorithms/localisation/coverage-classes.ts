/**
 * Candidates by what they cover: those that cover the same cells make one class, and a class is
 * named by the most telling of its explanations.
 */

import { FNV_BASIS, fnvStep } from '../../lib/fnv1a.ts';
import type { Candidate, Explanation, Span } from './candidate.ts';
import type { PathGraph } from './path-graph.ts';

export type { Span } from './candidate.ts';

/** One explanation and what it covers. */
export interface Coverage {
  readonly explanation: Explanation;
  readonly spans: Span[];
  readonly isReturn: boolean;
}

interface GrowingClass {
  readonly spans: readonly Span[];
  readonly cells: readonly number[];
  readonly coverages: Coverage[];
}

/**
 * Merges the coverages that have the same cells; those without any cell are left out.
 *
 * @param isIncomplete whether an explanation speaks of one of several interfaces of a router
 */
export function coverageClasses(
  coverages: Iterable<Coverage>,
  graph: PathGraph,
  isIncomplete: (explanation: Explanation) => boolean,
): Candidate[] {
  const classes: GrowingClass[] = [];
  const byHash = new Map<number, GrowingClass[]>();
  for (const coverage of coverages) {
    const spans = trimmedSpans(coverage.spans, graph);
    if (spans.length === 0) continue;
    const hash = hashOf(spans);
    const alike = byHash.get(hash);
    const known = alike?.find((each) => areSame(each.spans, spans));
    if (known !== undefined) {
      known.coverages.push(coverage);
      continue;
    }
    const created = { spans, cells: spanCells(spans, graph), coverages: [coverage] };
    classes.push(created);
    if (alike === undefined) byHash.set(hash, [created]);
    else alike.push(created);
  }
  return classes.map(({ spans, cells, coverages: alike }) => {
    const explanations = alike.map(({ explanation }) => explanation);
    return {
      spans,
      cells,
      flowCount: pathsOf(spans).reduce(
        (sum, path) => sum + (graph.classes[path]?.flows.length ?? 0),
        0,
      ),
      explanations: ranked(explanations.filter(isWhole).filter(isSeen)),
      isNuisance: explanations.some(({ kind }) => kind === 'responder'),
      isLayer: explanations.every(isLayer),
      isIncomplete: explanations.every(isIncomplete),
      isReturn: alike.every(({ isReturn }) => isReturn),
    };
  });
}

/** The flows across a candidate. */
export function flowsAcross({ spans }: Pick<Candidate, 'spans'>, { classes }: PathGraph): number[] {
  return pathsOf(spans).flatMap((path) => classes[path]?.flows ?? []);
}

function pathsOf(spans: readonly Span[]): number[] {
  const paths: number[] = [];
  for (const { path } of spans) if (paths.at(-1) !== path) paths.push(path);
  return paths;
}

/** FNV-1a over the numbers of some spans. */
function hashOf(spans: readonly Span[]): number {
  let hash = FNV_BASIS;
  for (const { path, from, end } of spans) {
    hash = fnvStep(fnvStep(fnvStep(hash, path), from), end);
  }
  return hash;
}

function areSame(some: readonly Span[], others: readonly Span[]): boolean {
  if (some.length !== others.length) return false;
  for (let i = 0; i < some.length; i++) {
    const [one, other] = [some[i], others[i]];
    if (one?.path !== other?.path || one?.from !== other?.from || one?.end !== other?.end) {
      return false;
    }
  }
  return true;
}

function isLayer(explanation: Explanation): boolean {
  return explanation.kind === 'responder' && explanation.layer !== undefined;
}

/** Ids of the cells under some spans: ascending, as paths and their positions are numbered. */
function spanCells(spans: readonly Span[], { classes }: PathGraph): number[] {
  const ids: number[] = [];
  for (const { path, from, end } of spans) {
    const { cells = [], returnCell = -1 } = classes[path] ?? {};
    for (let position = from; position < end; position++) {
      const id = position === cells.length ? returnCell : (cells[position] ?? -1);
      if (id >= 0) ids.push(id);
    }
  }
  return ids;
}

/** The spans without leading and trailing positions that have no cell; those without any go. */
function trimmedSpans(spans: readonly Span[], graph: PathGraph): Span[] {
  const trimmed: Span[] = [];
  for (const span of spans) {
    let { from, end } = span;
    while (from < end && !hasCell(span.path, from, graph)) from++;
    while (from < end && !hasCell(span.path, end - 1, graph)) end--;
    const isWhole = from === span.from && end === span.end;
    if (from < end) trimmed.push(isWhole ? span : { path: span.path, from, end });
  }
  return trimmed;
}

function hasCell(path: number, position: number, { classes }: PathGraph): boolean {
  const { cells, returnCell = -1 } = classes[path] ?? {};
  return (position === cells?.length ? returnCell : (cells?.[position] ?? -1)) >= 0;
}

/**
 * Whether no other explanation of the class says the same of more interfaces of the same router.
 */
function isWhole(explanation: Explanation, _: number, all: readonly Explanation[]): boolean {
  const mine = interfacesOf(explanation);
  return !all.some((other) => {
    const theirs = interfacesOf(other);
    const isSameFar =
      explanation.kind !== 'link' || (other.kind === 'link' && other.far === explanation.far);
    return (
      other.kind === explanation.kind &&
      isSameFar &&
      theirs.length > mine.length &&
      mine.every((vertex) => theirs.includes(vertex))
    );
  });
}

/** Whether it says more than that there is a router that nobody has seen, or nothing else does. */
function isSeen(explanation: Explanation, _: number, all: readonly Explanation[]): boolean {
  const isUnseen = explanation.kind === 'node' && explanation.interfaces.length === 0;
  return !isUnseen || all.every(({ kind }) => kind !== 'link');
}

function interfacesOf(explanation: Explanation): readonly number[] {
  if (explanation.kind === 'link') return explanation.nears;
  return explanation.kind === 'node' ? explanation.interfaces : [];
}

/** The order in which equal explanations are named. */
function ranked(explanations: readonly Explanation[]): readonly Explanation[] {
  const rank = (explanation: Explanation): number => {
    if (explanation.kind === 'before') return -1;
    if (explanation.kind === 'target') return 0;
    if (explanation.kind === 'node') return explanation.interfaces.length > 0 ? 1 : 3;
    return explanation.kind === 'link' ? 2 : 4;
  };
  return [...explanations].sort((a, b) => rank(a) - rank(b));
}
