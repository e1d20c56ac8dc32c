/**
 * Candidates by what they cover: those that cover the same cells make one class, and a class is
 * named by the most telling of its explanations.
 */

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
  const classes = new Map<string, GrowingClass>();
  for (const coverage of coverages) {
    const spans = coverage.spans.flatMap((span) => trimmed(span, graph) ?? []);
    if (spans.length === 0) continue;
    const key = spans.map(({ path, from, end }) => String.fromCodePoint(path, from, end)).join('');
    const known = classes.get(key);
    if (known !== undefined) known.coverages.push(coverage);
    else classes.set(key, { spans, cells: spanCells(spans, graph), coverages: [coverage] });
  }
  return [...classes.values()].map(({ spans, cells, coverages: alike }) => {
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

/** The span without leading and trailing positions that have no cell; undefined if none has. */
function trimmed({ path, from, end }: Span, { classes }: PathGraph): Span | undefined {
  const { cells = [], returnCell = -1 } = classes[path] ?? {};
  const hasCell = (position: number): boolean =>
    (position === cells.length ? returnCell : (cells[position] ?? -1)) >= 0;
  let [first, last] = [from, end];
  while (first < last && !hasCell(first)) first++;
  while (first < last && !hasCell(last - 1)) last--;
  return first < last ? { path, from: first, end: last } : undefined;
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
