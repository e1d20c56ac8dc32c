/** What the counts rule out: the most that any testable link loses, and links that are not. */

import type { Belief } from './belief.ts';
import type { Candidate, Explanation } from './candidates.ts';
import { excludedLoss } from './loss-interval.ts';
import { endsAt, type PathClass, type PathGraph } from './path-graph.ts';

/**
 * Why a loss on a link would show nowhere: a router at its end never answers, so that nobody knows
 * which flows cross it; its far end answers too little, and nothing behind does; nothing behind
 * answers since the target does not; nothing behind was asked, as its far end is at the last TTL
 * that is probed; or it is before the first one, so that flows which cross it cannot be told from
 * others.
 */
export type UntestableReason =
  | 'silent'
  | 'limited'
  | 'unanswering-target'
  | 'max-ttl'
  | 'not-probed';

export interface UntestablePlace {
  readonly explanation: Explanation;
  readonly why: UntestableReason;
}

/**
 * What the counts of single flows say of links that cannot be told apart: before the first TTL that
 * is probed, or between routers of which none answers.
 */
export interface UnprobedHops {
  /** None of them loses more than this, at the stated confidence. */
  readonly excludedLossRatio: number;
  /** Whether that is as little as a clean run wants to rule out. */
  readonly isExcluded: boolean;
}

/** A bound of 1 says that nothing is testable, and no less than that. */
const BOUND_MAX = 1 - 1e-9;

export interface Exclusion {
  /** No testable link loses more than this, at the stated confidence; 1 where none is testable. */
  readonly excludedLossRatio: number;
  /**
   * The same without the probes that the losses which are believed account for: what may hide
   * beside them. 0 where nothing else was probed.
   */
  readonly excludedElsewhere: number;
  readonly untestable: readonly UntestablePlace[];
}

/**
 * How much loss can be ruled out on every link that a loss would show on, and the links where not.
 *
 * @param options.confidence probability that the bound holds, within (0, 1), at every look
 * @param options.maxTtl the last TTL that is probed; no limit unless told
 */
export function exclusion(
  graph: PathGraph,
  belief: Belief,
  {
    confidence,
    maxTtl = Number.POSITIVE_INFINITY,
  }: { readonly confidence: number; readonly maxTtl?: number },
): Exclusion {
  const untestable: UntestablePlace[] = [];
  let [excludedLossRatio, excludedElsewhere] = [0, 0];
  let hasTestable = false;
  // What a limited interface leaves unanswered may be loss just as well: it rules nothing out.
  const idle = belief.limitedCells();
  const lossy = new Set(
    [...belief.active].flatMap(({ candidate, coverage }) =>
      candidate.isNuisance ? [] : coverage.cells,
    ),
  );
  const boundOn = (cells: readonly number[]): number => {
    const bound = excludedLoss(belief.model, belief.model.cover(cells), 1 - confidence);
    return Math.min(bound, BOUND_MAX);
  };
  for (const { candidate, coverage } of belief.terms) {
    if (candidate.isReturn) continue;
    const unprobed = candidate.explanations.filter(({ kind }) => kind === 'before');
    if (unprobed.length > 0) {
      const named = unprobed.filter((each) => 'far' in each && each.far !== undefined);
      untestable.push(...named.map((explanation) => ({ explanation, why: 'not-probed' }) as const));
      continue;
    }
    const links = candidate.explanations.filter(({ kind }) => kind === 'link' || kind === 'target');
    const hidden = links.filter((link) => isHidden(link, graph));
    untestable.push(...hidden.map((explanation) => ({ explanation, why: 'silent' }) as const));
    const known = links.filter(
      (link) => !isHidden(link, graph) && !isBehindHidden(link, candidate, hidden),
    );
    if (known.length === 0) continue;
    const telling = coverage.cells.filter((cell) => !idle.has(cell));
    if (candidate.isNuisance || telling.length === 0) {
      const why = unansweredBy(candidate, graph, maxTtl);
      untestable.push(...known.map((explanation) => ({ explanation, why }) as const));
      continue;
    }
    hasTestable = true;
    const bound = boundOn(telling);
    excludedLossRatio = Math.max(excludedLossRatio, bound);
    const elsewhere = telling.filter((cell) => !lossy.has(cell));
    if (elsewhere.length === 0) continue;
    const boundElsewhere = elsewhere.length === telling.length ? bound : boundOn(elsewhere);
    excludedElsewhere = Math.max(excludedElsewhere, boundElsewhere);
  }
  return {
    excludedLossRatio: hasTestable ? excludedLossRatio : 1,
    excludedElsewhere,
    untestable,
  };
}

/** What keeps a link from showing its loss anywhere but in replies that may be limited. */
function unansweredBy({ spans }: Candidate, graph: PathGraph, maxTtl: number): UntestableReason {
  const leads = spans.some(({ path }) => graph.classes[path]?.isReached);
  const cut = new Set(endsAt(graph, maxTtl));
  const isCut = (path: PathClass | undefined): boolean => path !== undefined && cut.has(path);
  if (!leads && spans.some(({ path }) => isCut(graph.classes[path]))) return 'max-ttl';
  return graph.isTargetReached || leads ? 'limited' : 'unanswering-target';
}

/**
 * Whether both ends of a link are unknown, or one, and the other is a host: there may be many such
 * links, and which flows cross which is hidden. A lone silent router is taken for what it seems,
 * one router.
 */
function isHidden(explanation: Explanation, { vertices }: PathGraph): boolean {
  if (explanation.kind !== 'link') return false;
  const ends = [...explanation.nears, explanation.far].map((vertex) => vertices[vertex]?.kind);
  const isUnknown = ends.includes('silent');
  return isUnknown && !ends.some((kind) => kind === 'interface' || kind === 'unseen');
}

/** The target is no link: where the last link is hidden, nothing is left that was tested. */
function isBehindHidden(
  { kind }: Explanation,
  { isNuisance }: Candidate,
  hidden: readonly Explanation[],
): boolean {
  return kind === 'target' && hidden.length > 0 && !isNuisance;
}
