/**
 * How right one answer is. A loss counts as named if `isolate` would report it: as good as certain
 * that there is one, and not said to be on the way back. It is right if one of its equal
 * explanations is in the class of a true fault (`truth.ts`), near if one shares an end with it.
 */

import type { Explanation } from '../../src/algorithms/localisation/candidates.ts';
import type { Localisation, LocatedLoss } from '../../src/algorithms/localisation/localise.ts';
import { meaningOf, type NamingContext } from './names.ts';
import { keyOf, type Nameable, type TruthClass } from './truth.ts';
import { isHit, type World } from './world.ts';

export const CONFIDENCE = 0.95;
export const MIN_LOSS = 0.002;

export interface JudgedLoss {
  /** Index of the fault that it names, or −1. */
  readonly fault: number;
  /** Indexes of the faults that it names or shares an end with. */
  readonly near: readonly number[];
  readonly probability: number;
  /** Whether the stated interval holds the loss of the flows that it speaks of. */
  readonly isCovered: boolean;
  readonly relativeError: number;
  readonly explanations: number;
  /** Groups in the credible set, and whether one of them is right; undefined where none is told. */
  readonly credible: { readonly groups: number; readonly isRight: boolean } | undefined;
  /** Whether it says that packets to the target are lost, and whether it may be the target itself. */
  readonly saysForward: boolean;
  readonly mayBeTarget: boolean;
}

/** The losses that would be reported. */
export function namedLosses({ losses }: Localisation): readonly LocatedLoss[] {
  return losses.filter(
    ({ detection, direction }) => detection >= CONFIDENCE && direction !== 'return',
  );
}

export function judgeLoss(
  loss: LocatedLoss,
  truth: readonly TruthClass[],
  context: NamingContext,
): JudgedLoss {
  const meant = meantBy(loss.explanations, loss, context);
  const fault = truth.findIndex(({ members }) => meant.some((each) => members.has(keyOf(each))));
  const named = truth[fault];
  const lossRatio = named === undefined ? Number.NaN : lossOf(named, loss, context.world);
  const [low, high] = loss.lossInterval;
  const credible = loss.credibleSet?.map(({ explanations }) =>
    meantBy(explanations, loss, context),
  );
  return {
    fault,
    near: [...truth.keys()].filter((index) => {
      const each = truth[index];
      return index === fault || meant.some((it) => each && isNear(it, each, context.world));
    }),
    probability: loss.probability,
    isCovered: low <= lossRatio && lossRatio <= high,
    relativeError: Math.abs(loss.lossRatio - lossRatio) / lossRatio,
    explanations: loss.explanations.length,
    credible: credible && {
      groups: credible.length,
      isRight: credible.flat().some((it) => truth.some(({ members }) => members.has(keyOf(it)))),
    },
    saysForward: loss.direction === 'forward',
    mayBeTarget: meant.some(({ kind }) => kind === 'target'),
  };
}

function meantBy(
  explanations: readonly Explanation[],
  loss: LocatedLoss,
  context: NamingContext,
): readonly Nameable[] {
  return explanations.flatMap((each) => meaningOf(each, loss, context));
}

/**
 * The true loss of what a statement speaks of: of the flows that are hit if it says that only some
 * are, else of all that are said to cross the place, on average.
 */
function lossOf(
  { fault }: TruthClass,
  { flowsAcross, isPartial }: LocatedLoss,
  { flows, baseLoss }: World,
): number {
  const hit = flowsAcross.filter((index) => {
    const flow = flows[index];
    return flow !== undefined && isHit(fault, flow);
  });
  const share = isPartial || flowsAcross.length === 0 ? 1 : hit.length / flowsAcross.length;
  const ratio = fault.lossRatio * share;
  return fault.element.kind === 'cable' ? 1 - (1 - ratio) * (1 - baseLoss) : ratio;
}

/** Whether two things share an end. */
export function isNear(nameable: Nameable, { fault }: TruthClass, world: World): boolean {
  const ends = endsOf(fault.element, world);
  return endsOf(nameable, world).some((end) => ends.includes(end));
}

function endsOf(nameable: Nameable, { cables, routers }: World): number[] {
  if (nameable.kind === 'target') return [routers.length - 1];
  if (nameable.kind === 'router') return [nameable.node];
  const { near, far } = cables[nameable.cable] ?? { near: -1, far: -1 };
  return [near, far];
}
