/** From localised losses to the verdict: what to call it, and whom to suspect. */

import type {
  Place,
  RejectedCause,
  Suspect,
  UntestableLink,
  VerdictKind,
} from '../../model/verdict.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import type { PathGraph, Vertex } from '../localisation/path-graph.ts';
import { lossNotExcluded } from '../localisation/unprobed-hops.ts';
import { loopingRouters, type PlaceNames, placeOf, ttlOf, untestableLinks } from './places.ts';

export interface Verdict {
  readonly verdict: VerdictKind;
  readonly suspects: readonly Suspect[];
  /** No testable link loses more than this; null where nothing is excluded. */
  readonly excludedLossRatio: number | null;
  readonly untestable: readonly UntestableLink[];
  readonly rejected: readonly RejectedCause[];
}

/** Where larger losses than this could not be excluded, too little answered for any verdict. */
const EXCLUDED_MAX = 0.5;

/** A larger bound rules nothing out. */
const STATED_MAX = 0.9999;

/** A router that says that it does not forward some flows. */
export interface RefusingRouter {
  readonly address: string;
  readonly ttl: number;
  readonly flows: readonly number[];
}

/** A router's own word is as good as any measurement. */
const PROBABILITY_BY_WORD = 0.9999;

/** The verdict, with routers that refuse flows as the first suspects. */
export function withRefusals(verdict: Verdict, refusing: readonly RefusingRouter[]): Verdict {
  if (refusing.length === 0) return verdict;
  const suspects = refusing.map(
    ({ address, ttl, flows }): Suspect => ({
      kind: 'node',
      near: null,
      far: null,
      addresses: [address],
      ttl,
      direction: 'forward',
      lossRatio: 1,
      lossInterval: [1, 1],
      probability: PROBABILITY_BY_WORD,
      flowsAcross: flows.length,
      flowsLossy: flows.length,
      probesAcross: 0,
      probesLost: 0,
      equivalents: [],
    }),
  );
  return {
    ...verdict,
    verdict: 'loss-located',
    suspects: [...suspects, ...verdict.suspects],
    excludedLossRatio: null,
  };
}

/** Losses that are certain enough to be reported at all. */
export function reportable(localisation: Localisation, confidence: number): LocatedLoss[] {
  return localisation.losses.filter(({ detection }) => detection >= confidence);
}

/** Which way the packets went that a loss took, as far as anything tells. */
export type DirectionOf = (loss: LocatedLoss) => Suspect['direction'];

/**
 * Names what a localisation shows, for statements that hold with probability `confidence`.
 *
 * @param directionOf what else than the counts says of the direction of a loss
 */
export function concludeVerdict(
  localisation: Localisation,
  { directionOf = () => 'unknown', ...names }: VerdictNames,
  confidence: number,
): Verdict {
  const { graph, limited, unprobed } = localisation;
  const placeNames = { ...names, graph };
  const losses = reportable(localisation, confidence);
  // What single flows rule out before the first TTL is as good as a measurement of its links.
  const isBounded = unprobed?.isExcluded === true;
  const excludedLossRatio = isBounded
    ? lossNotExcluded(localisation)
    : localisation.excludedLossRatio;
  const untestable = localisation.untestable.filter(
    ({ why }) => !isBounded || why !== 'not-probed',
  );
  const hasExcluded = losses.length === 0 && excludedLossRatio <= STATED_MAX;
  return {
    verdict: verdictKind(localisation, losses, { confidence, directionOf }),
    suspects: losses.map((loss) => suspectOf(loss, placeNames, directionOf(loss))),
    excludedLossRatio: hasExcluded ? excludedLossRatio : null,
    untestable: untestableLinks(untestable, placeNames),
    rejected: limited.filter(isProvenLimit(graph)).map(({ vertex, answerRatio }) => {
      const place = placeOf({ kind: 'node', interfaces: [vertex], ttl: 0 }, placeNames);
      const answered = `${Math.round(answerRatio * 100)} %`;
      return {
        cause: 'icmp-rate-limit',
        where: place?.addresses[0] ?? '',
        why: `answers ${answered} of its probes, but the hops behind it do not miss them`,
      };
    }),
  };
}

/** Whether something behind an interface answered: else a loss on the way to it looks the same. */
function isProvenLimit({ classes, vertices }: PathGraph): (limited: { vertex: number }) => boolean {
  const behind = new Set(
    classes.flatMap((path) => {
      const last = path.vertices.findLastIndex((id) => isAnswering(vertices[id]));
      return path.vertices.slice(0, Math.max(0, last));
    }),
  );
  return ({ vertex }) => behind.has(vertex);
}

function isAnswering(vertex: Vertex | undefined): boolean {
  return vertex?.kind === 'interface' || vertex?.kind === 'target';
}

export interface VerdictNames extends Omit<PlaceNames, 'graph'> {
  readonly directionOf?: DirectionOf;
}

function verdictKind(
  localisation: Localisation,
  losses: readonly LocatedLoss[],
  { confidence, directionOf }: { readonly confidence: number; readonly directionOf: DirectionOf },
): VerdictKind {
  const { graph, losses: all, excludedLossRatio, unprobed } = localisation;
  if (graph.classes.length === 0) return 'inconclusive';
  const areOnTheWayBack = losses.every((loss) => directionOf(loss) === 'return');
  if (losses.length > 0 && areOnTheWayBack) return 'return-loss';
  const isUnprobed = ({ explanations }: LocatedLoss): boolean =>
    explanations.some(({ kind }) => kind === 'before');
  const isAtTarget = (loss: LocatedLoss): boolean =>
    !isUnprobed(loss) && loss.explanations.some(({ kind }) => kind === 'target');
  const onTheWay = losses.filter((loss) => !isAtTarget(loss));
  const isSure = (loss: LocatedLoss): boolean =>
    loss.modelProbability >= confidence && !isUnprobed(loss) && loss.unclear !== 'limited';
  if (onTheWay.some(isSure)) return 'loss-located';
  if (onTheWay.length > 0) return 'loss-suspected';
  if (losses.length > 0) return 'target-loss';
  // 1 means that no link was testable at all: the target is out of reach from the first on, or it
  // and all routers hardly answer.
  const hasMeasuredNothing = graph.isTargetReached && unprobed === undefined;
  const isVague = excludedLossRatio > EXCLUDED_MAX && (excludedLossRatio < 1 || hasMeasuredNothing);
  const isOpen = graph.isTargetReached && unprobed?.isExcluded === false;
  if (all.length > 0 || isVague || isOpen) return 'inconclusive';
  return graph.isTargetReached ? 'no-loss' : 'target-unreachable';
}

function suspectOf(loss: LocatedLoss, names: PlaceNames, direction: Suspect['direction']): Suspect {
  const [first, ...others] = loss.explanations as [Explanation, ...Explanation[]];
  const place = placeOf(first, names);
  if (place === undefined) throw new RangeError('a loss of traffic needs a place');
  return {
    ...place,
    ttl: ttlOf(first, names),
    direction,
    lossRatio: loss.lossRatio,
    lossInterval: loss.lossInterval,
    probability: loss.probability,
    flowsAcross: loss.flowsAcross.length,
    flowsLossy: loss.flowsLossy.length,
    probesAcross: loss.probesAcross,
    probesLost: loss.probesLost,
    equivalents: distinct(
      [
        ...others.flatMap((other) => placeOf(other, names) ?? []),
        ...loopingRouters(loss.explanations, names),
      ],
      place,
    ),
  };
}

/** Places that are named differently from each other, and from the first. */
function distinct(places: readonly Place[], first: Place): Place[] {
  const named = new Set([JSON.stringify(first)]);
  return places.filter((place) => {
    const name = JSON.stringify(place);
    return !named.has(name) && named.add(name);
  });
}
