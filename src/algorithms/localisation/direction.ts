/**
 * Whether probes or their answers were lost. Counts of probes without an answer do not tell; what
 * does is a target that repeats lost answers, and interfaces that answer some flows and not others:
 * ICMP errors all go home the same way, whichever flow they quote.
 */

import type { Belief } from './belief.ts';
import type { Term } from './hypothesis.ts';
import type { PathGraph } from './path-graph.ts';

export type LossDirection = 'forward' | 'return' | 'unknown';

/** Evidence for lost probes must outweigh that for lost answers by this much, in nats. */
const EVIDENCE_MIN = 3;

/** The direction that the counts show for an active loss. */
export function lossDirection(graph: PathGraph, belief: Belief, term: Term): LossDirection {
  if (term.candidate.isReturn) return 'return';
  return belief.without(term, () => {
    const proven = arrivalEvidence(graph, belief, term) + icmpEvidence(graph, belief, term);
    return proven >= EVIDENCE_MIN ? 'forward' : 'unknown';
  });
}

/**
 * Where the target repeats its answers, probes that it never answered did not arrive: in nats, what
 * the loss explains of those.
 */
function arrivalEvidence(
  { classes, doesTargetRepeat }: PathGraph,
  { model }: Belief,
  { coverage }: Term,
): number {
  if (!doesTargetRepeat) return 0;
  const { theta } = model.fit(coverage);
  const covered = new Set(coverage.cells);
  const last = classes.flatMap(({ cells, returnCell }) =>
    returnCell >= 0 && covered.has(cells.at(-1) ?? -1) ? (cells.at(-1) ?? []) : [],
  );
  return Math.max(0, model.gainOf(model.cover(last), theta));
}

/** In nats: what the loss explains at routers, beyond what limits of their own would explain. */
function icmpEvidence(graph: PathGraph, { model, terms }: Belief, { coverage }: Term): number {
  const { theta } = model.fit(coverage);
  const covered = new Set(coverage.cells);
  let evidence = 0;
  for (const { candidate, coverage: own } of terms) {
    const isRouter = candidate.explanations.some(({ kind }) => kind === 'responder');
    if (!isRouter || candidate.isLayer || own.theta < 0) continue;
    const shared = own.cells.filter((cell) => covered.has(cell));
    if (shared.length === 0) continue;
    evidence += model.gainOf(model.cover(shared), theta) - model.fit(own).gain;
  }
  return graph.classes.length > 0 ? Math.max(0, evidence) : 0;
}
