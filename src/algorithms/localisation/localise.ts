/**
 * From counts to losses: which links and routers drop packets, how many of them, and how sure that
 * is. A pure function of the counts; `docs/decisions/0003-localisation.md` tells the method.
 */

import type { PathCounts } from '../../model/path-counts.ts';
import { type Candidate, candidatesOf, type Explanation } from './candidates.ts';
import { LossModel } from './likelihood.ts';
import { estimatedLoss, excludedLoss, lossInterval, probabilityOfLoss } from './loss-interval.ts';
import { buildPathGraph, type PathGraph } from './path-graph.ts';
import { Selection } from './selection.ts';

export interface LocalisationOptions {
  /** Losses below this ratio are of no interest, within (0, 1). */
  readonly minLoss: number;
  /** Probability that a statement must have, within (0, 1). */
  readonly confidence: number;
}

/** One place that loses packets. */
export interface LocatedLoss {
  /** What the counts cannot tell apart, most ordinary first. */
  readonly explanations: readonly Explanation[];
  readonly lossRatio: number;
  /** 95 % interval of `lossRatio`. */
  readonly lossInterval: readonly [number, number];
  /** That it loses at least `minLoss` and that the place is this one. */
  readonly probability: number;
  /** That there is a loss of at least `minLoss` here or at a rival place. */
  readonly detection: number;
  /** Indexes into the flows of the counts. */
  readonly flowsAcross: readonly number[];
  readonly flowsLossy: readonly number[];
  /** Probes that had to pass it to be answered, and how many of them were not. */
  readonly probesAcross: number;
  readonly probesLost: number;
}

/** An interface that answers less than it was asked. */
export interface LimitedResponder {
  readonly vertex: number;
  /** Share of its probes that it answers. */
  readonly answerRatio: number;
  /** Probes that it was sent. */
  readonly sent: number;
}

export interface Localisation {
  readonly graph: PathGraph;
  /** Most probable first. */
  readonly losses: readonly LocatedLoss[];
  readonly limited: readonly LimitedResponder[];
  /** Flows across the place that most looks like a loss, proven or not: where to look closer. */
  readonly leads: readonly number[];
  /** No testable link loses more than this, at the stated confidence; 1 where none is testable. */
  readonly excludedLossRatio: number;
  /** Links whose loss would show nowhere. */
  readonly untestable: readonly Explanation[];
}

/** No counts make a place surer than this: the model itself may be wrong. */
const PROBABILITY_MAX = 0.9999;

/**
 * Rival places are given this much more weight than the model gives them, since it is no more than
 * a model (the temperature of a posterior).
 */
const TEMPERATURE = 1.3;

/** Finds the losses that best explain the counts. */
export function localise(counts: PathCounts, options: LocalisationOptions): Localisation {
  const graph = buildPathGraph(counts);
  const candidates = candidatesOf(graph);
  const model = new LossModel(graph.cells);
  const selection = new Selection(model, candidates, (cell) => graph.cells[cell]?.sent ?? 0);
  selection.run();
  const context = { counts, options, graph, candidates, model, selection };
  const active = [...selection.active];
  return {
    graph,
    losses: active
      .filter((candidate) => !candidate.isNuisance)
      .map((candidate) => describeLoss(context, candidate))
      .sort((a, b) => b.probability - a.probability || b.lossRatio - a.lossRatio),
    limited: active
      .filter((candidate) => candidate.isNuisance)
      .flatMap((candidate) => limitedResponders(context, candidate)),
    leads: leads(context),
    ...exclusion(context),
  };
}

interface Context {
  readonly counts: PathCounts;
  readonly options: LocalisationOptions;
  readonly graph: PathGraph;
  readonly candidates: readonly Candidate[];
  readonly model: LossModel;
  readonly selection: Selection;
}

function describeLoss(context: Context, candidate: Candidate): LocatedLoss {
  const { model, options } = context;
  const { place, explanations } = locationPosterior(context, candidate);
  const detection = probabilityOfLoss(model, candidate.cells, options.minLoss);
  return {
    explanations,
    lossRatio: estimatedLoss(model, candidate.cells),
    lossInterval: lossInterval(model, candidate.cells),
    probability: Math.min(PROBABILITY_MAX, place * detection),
    detection,
    flowsAcross: candidate.flows,
    flowsLossy: lossyFlows(context, candidate),
    ...probesAcross(context, candidate),
  };
}

/**
 * How probable a place is beside all rivals, each tried in its stead. Places that differ only in
 * cells of limited responders count as one: those cells tell nothing.
 */
function locationPosterior(
  { candidates, selection }: Context,
  candidate: Candidate,
): { place: number; explanations: readonly Explanation[] } {
  const idle = new Set<number>();
  for (const active of selection.active) {
    if (active.isNuisance) for (const cell of active.cells) idle.add(cell);
  }
  const maskedKey = ({ cells }: Candidate): string => cells.filter((id) => !idle.has(id)).join();
  const ownKey = maskedKey(candidate);
  const rivals = candidates.filter((rival) => rival === candidate || !selection.active.has(rival));
  const scores = selection.without(candidate, () => rivals.map((rival) => selection.score(rival)));
  const best = Math.max(...scores);
  const explanations: Explanation[] = [...candidate.explanations];
  let own = 0;
  let all = 0;
  for (const [i, rival] of rivals.entries()) {
    const weight = Math.exp(((scores[i] ?? 0) - best) / TEMPERATURE);
    all += weight;
    if (maskedKey(rival) !== ownKey) continue;
    own += weight;
    if (rival !== candidate) explanations.push(...rival.explanations);
  }
  return { place: own / all, explanations };
}

/**
 * A place is worth a closer look when its loss explains this much, in nats: about one lost probe.
 */
const LEAD_GAIN_MIN = 3;

function leads({ candidates, model, selection }: Context): readonly number[] {
  let best: { flows: readonly number[]; gain: number } = { flows: [], gain: LEAD_GAIN_MIN };
  for (const candidate of candidates) {
    if (candidate.isNuisance) continue;
    const gain = selection.active.has(candidate)
      ? selection.without(candidate, () => model.fit(candidate.cells).gain)
      : model.fit(candidate.cells).gain;
    if (gain > best.gain) best = { flows: candidate.flows, gain };
  }
  return best.flows;
}

function probesAcross(
  { graph }: Context,
  { cells }: Candidate,
): { probesAcross: number; probesLost: number } {
  let [sent, received] = [0, 0];
  for (const id of cells) {
    sent += graph.cells[id]?.sent ?? 0;
    received += graph.cells[id]?.received ?? 0;
  }
  return { probesAcross: sent, probesLost: sent - received };
}

/** The flows that have themselves lost a probe where the candidate's loss would show. */
function lossyFlows({ counts, graph }: Context, candidate: Candidate): number[] {
  const covered = new Set(candidate.cells);
  const lossy: number[] = [];
  for (const { cells, flows } of graph.classes) {
    const positions = [...cells.keys()].filter((position) => covered.has(cells[position] ?? -1));
    for (const flow of flows) {
      const { sent = [], received = [] } = counts.flows[flow] ?? {};
      const hasLost = positions.some((hop) => (received[hop] ?? 0) < (sent[hop] ?? 0));
      if (hasLost) lossy.push(flow);
    }
  }
  return lossy.sort((a, b) => a - b);
}

function limitedResponders(
  { model, graph }: Context,
  { cells, explanations }: Candidate,
): LimitedResponder[] {
  const answerRatio = 1 - estimatedLoss(model, cells);
  const sent = cells.reduce((sum, id) => sum + (graph.cells[id]?.sent ?? 0), 0);
  return explanations.flatMap((explanation) =>
    explanation.kind === 'responder' ? [{ vertex: explanation.vertex, answerRatio, sent }] : [],
  );
}

/**
 * How much loss can be ruled out on every link that a loss would show on, and the links where not.
 */
function exclusion({ candidates, model, options }: Context): {
  excludedLossRatio: number;
  untestable: readonly Explanation[];
} {
  const untestable: Explanation[] = [];
  let excludedLossRatio = 0;
  let hasTestable = false;
  for (const candidate of candidates) {
    const links = candidate.explanations.filter(({ kind }) => kind === 'link' || kind === 'target');
    if (links.length === 0) continue;
    if (candidate.isNuisance) {
      untestable.push(...links);
      continue;
    }
    hasTestable = true;
    const bound = excludedLoss(model, candidate.cells, 1 - options.confidence);
    excludedLossRatio = Math.max(excludedLossRatio, bound);
  }
  return { excludedLossRatio: hasTestable ? excludedLossRatio : 1, untestable };
}
