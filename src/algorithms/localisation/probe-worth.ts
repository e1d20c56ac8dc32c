/**
 * What one more probe would tell: how far the rival places of each loss, and places that may lose
 * something and have not shown it, disagree about whether it is answered. The measure is the mutual
 * information between the answer and the place, in nats: the entropy of the answer over all rivals,
 * minus its mean entropy under each. Where all say the same, a probe tells nothing, however much a
 * place is suspected.
 */

import type { Belief } from './belief.ts';
import type { Span } from './coverage-classes.ts';
import type { Prospect, Term } from './hypothesis.ts';
import type { PathGraph } from './path-graph.ts';

/** What probes of one flow are worth. */
export interface ProbeWorth {
  /** Index into the flows of the counts. */
  readonly flow: number;
  /** In nats, by hop from the first on. */
  readonly nats: readonly number[];
}

/** One story of where a loss is. */
interface Rival {
  readonly spans: readonly Span[];
  /** The flows that it takes to be hit; undefined for all. */
  readonly members: ReadonlySet<number> | undefined;
  readonly theta: number;
  /** In proportion to its probability. */
  readonly weight: number;
}

/** Only the best of them are held against each other. */
const RIVALS_MAX = 12;
/** Scores count for less than the model has it, since it is no more than a model. */
const FLATTENING = 0.7;
/** Below this share of the best, a rival is none. */
const WEIGHT_MIN = 1e-4;

/** The flows whose probes would tell something about where losses are. */
export function probeWorths(graph: PathGraph, belief: Belief): ProbeWorth[] {
  const worths = new Map<number, number[]>();
  for (const term of [...belief.active]) {
    if (term.candidate.isNuisance) continue;
    belief.without(term, () => {
      const places = belief.prospects().filter((each) => isPlace(each, term));
      addWorth(worths, weighed(places), { graph, belief });
    });
  }
  const hidden = belief.prospects().filter((each) => isPlace(each));
  addWorth(worths, weighed(hidden), { graph, belief });
  return [...worths].map(([flow, nats]) => ({ flow, nats }));
}

function isPlace({ term, theta }: Prospect, own?: Term): boolean {
  const { candidate } = term;
  return (
    theta < 0 && !candidate.isReturn && (!candidate.isNuisance || candidate === own?.candidate)
  );
}

/** The best of them, beside the story that none of them is true, which weighs 1 or less. */
function weighed(places: Prospect[]): { rivals: Rival[]; none: number } {
  places.sort((a, b) => b.score - a.score);
  const best = Math.max(0, places[0]?.score ?? 0);
  const rivals = places.slice(0, RIVALS_MAX).map(({ term, theta, score, mixture }) => ({
    spans: term.candidate.spans,
    members: mixture && new Set(mixture.members),
    theta,
    weight: Math.exp(FLATTENING * (score - best)),
  }));
  return {
    rivals: rivals.filter(({ weight }) => weight > WEIGHT_MIN),
    none: Math.exp(-FLATTENING * best),
  };
}

interface Context {
  readonly graph: PathGraph;
  readonly belief: Belief;
}

/** Adds what these rivals make the probes of each flow worth. */
function addWorth(
  worths: Map<number, number[]>,
  { rivals, none }: { readonly rivals: readonly Rival[]; readonly none: number },
  { graph, belief: { model } }: Context,
): void {
  const all = rivals.reduce((sum, { weight }) => sum + weight, none);
  for (const [path, crossing] of byPath(rivals)) {
    const { cells = [], flows = [] } = graph.classes[path] ?? {};
    const answers = cells.map((cell) => (cell < 0 ? undefined : Math.exp(model.x(cell))));
    for (const flow of flows) {
      const own = crossing.filter(({ rival }) => rival.members?.has(flow) !== false);
      const before = worths.get(flow);
      const nats = answers.map((answer, position) => {
        const hit = own.filter(({ span }) => isWithin(position, span));
        const added = answer === undefined ? 0 : information(hit, answer, all);
        return added + (before?.[position] ?? 0);
      });
      worths.set(flow, nats);
    }
  }
}

function isWithin(position: number, { from, end }: Span): boolean {
  return from <= position && position < end;
}

interface Crossing {
  readonly rival: Rival;
  readonly span: Span;
}

function byPath(rivals: readonly Rival[]): Map<number, Crossing[]> {
  const paths = new Map<number, Crossing[]>();
  for (const rival of rivals) {
    for (const span of rival.spans) {
      const known = paths.get(span.path);
      if (known === undefined) paths.set(span.path, [{ rival, span }]);
      else known.push({ rival, span });
    }
  }
  return paths;
}

/**
 * @param answer chance of an answer where none of them is true
 * @param all weight of all stories, those that leave this cell alone included
 */
function information(hit: readonly Crossing[], answer: number, all: number): number {
  let [weight, chance, entropy] = [0, 0, 0];
  for (const { rival } of hit) {
    const own = answer * Math.exp(rival.theta);
    weight += rival.weight;
    chance += rival.weight * own;
    entropy += rival.weight * entropyOf(own);
  }
  const rest = all - weight;
  const mean = (chance + rest * answer) / all;
  return Math.max(0, entropyOf(mean) - (entropy + rest * entropyOf(answer)) / all);
}

/** Of an event of this probability, in nats. */
function entropyOf(probability: number): number {
  if (probability <= 0 || probability >= 1) return 0;
  return -probability * Math.log(probability) - (1 - probability) * Math.log1p(-probability);
}
