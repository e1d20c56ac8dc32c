/**
 * From counts to losses: which links and routers drop packets, how many of them, and how sure that
 * is. A pure function of the counts; `docs/how-the-verdict-is-made.md` tells the method.
 */

import type { PathCounts } from '../../model/path-counts.ts';
import type { Belief } from './belief.ts';
import { gainWithoutSpell, scatterOverRounds, WITHOUT_SPELL_MIN } from './bursts.ts';
import { candidatesOf, type Explanation } from './candidates.ts';
import { flowsAcross } from './coverage-classes.ts';
import { type LossDirection, lossDirection } from './direction.ts';
import { exclusion, type UnprobedHops, type UntestablePlace } from './exclusion.ts';
import type { Term } from './hypothesis.ts';
import { type LimitedResponder, limitedResponders } from './limited-responders.ts';
import { locationPosterior, type PlaceGroup } from './location-posterior.ts';
import { estimatedLoss, lossInterval, probabilityOfLoss } from './loss-interval.ts';
import { lossyFlows } from './lossy-flows.ts';
import { buildPathGraph, type PathGraph } from './path-graph.ts';
import { type ProbeWorth, probeWorths } from './probe-worth.ts';
import { Selection } from './selection.ts';

export interface LocalisationOptions {
  /** Losses below this ratio are of no interest, within (0, 1). */
  readonly minLoss: number;
  /** Probability that a statement must have, within (0, 1). */
  readonly confidence: number;
  /** The last TTL that is probed; no limit unless told. */
  readonly maxTtl?: number;
}

/** One place that loses packets. */
export interface LocatedLoss {
  /** What the counts cannot tell apart, most ordinary first. */
  readonly explanations: readonly Explanation[];
  readonly lossRatio: number;
  /** 95 % interval of `lossRatio`. */
  readonly lossInterval: readonly [number, number];
  /** That it loses at least `minLoss` and that the place is this one: at most 0.99. */
  readonly probability: number;
  /** The same as the model alone has it, which may be wrong itself: what a run waits for. */
  readonly modelProbability: number;
  /** That there is a loss of at least `minLoss` here or at a rival place. */
  readonly detection: number;
  /** Whether probes or their answers were lost, as far as the counts tell. */
  readonly direction: LossDirection;
  /** The most probable places that together are right with 95 %; the first is `explanations`. */
  readonly credibleSet: readonly PlaceGroup[];
  /** Whether only some of the flows across it are hit: then `lossRatio` is that of these. */
  readonly isPartial: boolean;
  /** Indexes into the flows of the counts: those that cross it, or that it hits if partial. */
  readonly flowsAcross: readonly number[];
  readonly flowsLossy: readonly number[];
  /**
   * Probes that had to pass it to be answered, and how many of them were not: without those to
   * interfaces that limit their replies, where there are others.
   */
  readonly probesAcross: number;
  readonly probesLost: number;
  /** Why its place is not clear although it is probable (`isolation/limited-stars.ts`), if so. */
  readonly unclear?: 'limited' | 'doubtful';
}

export interface Localisation {
  readonly graph: PathGraph;
  /** Most probable first. */
  readonly losses: readonly LocatedLoss[];
  readonly limited: readonly LimitedResponder[];
  /** Flows across the place that most looks like a loss, proven or not: where to look closer. */
  readonly leads: readonly number[];
  /** The flows whose probes would tell most of where losses are, and at which hops. */
  readonly worths: readonly ProbeWorth[];
  /** No testable link loses more than this, at the stated confidence; 1 where none is testable. */
  readonly excludedLossRatio: number;
  /** The same of what may hide beside the losses; 0 where nothing else was probed. */
  readonly excludedElsewhere: number;
  /** Links whose loss would show nowhere. */
  readonly untestable: readonly UntestablePlace[];
  /** What single flows rule out before the first TTL; left out where every TTL is probed. */
  readonly unprobed?: UnprobedHops;
}

/** No counts make a place surer than this: the model itself may be wrong. */
const PROBABILITY_MAX = 0.99;
const CREDIBLE = 0.95;
/** A place is worth a closer look when its loss explains this, in nats: about one lost probe. */
const LEAD_GAIN_MIN = 3;

/** Finds the losses that best explain the counts. */
export function localise(counts: PathCounts, options: LocalisationOptions): Localisation {
  const graph = buildPathGraph(counts);
  const selection = new Selection(graph, candidatesOf(graph), 1 - options.confidence);
  selection.run();
  const { belief } = selection;
  const active = [...belief.active];
  const excluded = exclusion(graph, belief, options);
  return {
    graph,
    losses: active
      .filter(({ candidate }) => !candidate.isNuisance)
      .filter((term) => gainWithoutSpell(belief, term) > WITHOUT_SPELL_MIN)
      .map((term) => describeLoss({ graph, selection, options }, term))
      .sort((a, b) => b.probability - a.probability || b.lossRatio - a.lossRatio),
    limited: limitedResponders(graph, belief),
    leads: leads(graph, belief),
    worths: probeWorths(graph, belief),
    ...excluded,
  };
}

interface Context {
  readonly graph: PathGraph;
  readonly selection: Selection;
  readonly options: LocalisationOptions;
}

function describeLoss({ graph, selection, options }: Context, term: Term): LocatedLoss {
  const { model } = selection.belief;
  const { coverage, candidate, members } = term;
  const groups = locationPosterior(selection, term);
  // Where the search ended, and a rival does better once all else is fitted to it, the rival.
  const [named] = groups;
  const detection = probabilityOfLoss(model, coverage, options.minLoss);
  const modelProbability = (named?.probability ?? 0) * detection;
  const across = [...(members ?? flowsAcross(candidate, graph))].sort((a, b) => a - b);
  // What a limited interface leaves unanswered is not lost here, or nobody knows.
  const limited = selection.belief.limitedCells();
  const telling = coverage.cells.filter((cell) => !limited.has(cell));
  const counted = telling.length > 0 ? telling : coverage.cells;
  const sent = counted.reduce((sum, cell) => sum + model.sent(cell), 0);
  const received = counted.reduce((sum, cell) => sum + model.received(cell), 0);
  return {
    explanations: named?.explanations ?? candidate.explanations,
    lossRatio: estimatedLoss(model, coverage),
    lossInterval: lossInterval(model, coverage, scatterOverRounds(selection.belief, term)),
    probability: Math.min(PROBABILITY_MAX, modelProbability),
    modelProbability,
    detection,
    direction: lossDirection(graph, selection.belief, term),
    credibleSet: credibleSet(groups),
    isPartial: members !== undefined,
    flowsAcross: across,
    flowsLossy: lossyFlows(graph, term, across),
    probesAcross: sent,
    probesLost: sent - received,
  };
}

function credibleSet(groups: readonly PlaceGroup[]): readonly PlaceGroup[] {
  // Given that there is a loss at all.
  const all = groups.reduce((total, { probability }) => total + probability, 0);
  let sum = 0;
  const end = groups.findIndex(({ probability }) => {
    sum += probability;
    return sum >= CREDIBLE * all;
  });
  return groups.slice(0, end < 0 ? groups.length : end + 1);
}

function leads(graph: PathGraph, belief: Belief): readonly number[] {
  let best: { term?: Term; gain: number } = { gain: LEAD_GAIN_MIN };
  const all = new Set([...belief.terms, ...belief.active]);
  for (const term of all) {
    if (term.candidate.isNuisance) continue;
    const gain = belief.gainOf(term);
    if (gain > best.gain) best = { term, gain };
  }
  const { term } = best;
  return term === undefined ? [] : (term.members ?? flowsAcross(term.candidate, graph));
}
