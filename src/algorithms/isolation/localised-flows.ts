/** Localisations in terms of flows: what was counted by path epoch, told of whole flows. */

import type { Localisation } from '../localisation/localise.ts';
import { type PlaceNames, placeOf } from './places.ts';
import { reportable } from './verdict.ts';

/** A place that is this probable is all but sure. */
export const SETTLED_PROBABILITY = 0.99;

/**
 * The same localisation with flows in the place of their epochs.
 *
 * @param flowOf by index into the flows of the counts: which flow it was
 */
export function byFlow(localisation: Localisation, flowOf: readonly number[]): Localisation {
  const flowsOf = (epochs: readonly number[]): number[] => [
    ...new Set(epochs.map((epoch) => flowOf[epoch] ?? epoch)),
  ];
  const { graph, losses, leads, worths } = localisation;
  return {
    ...localisation,
    graph: {
      ...graph,
      classes: graph.classes.map((path) => ({ ...path, flows: flowsOf(path.flows) })),
    },
    losses: losses.map((loss) => ({
      ...loss,
      flowsAcross: flowsOf(loss.flowsAcross),
      flowsLossy: flowsOf(loss.flowsLossy),
    })),
    leads: flowsOf(leads),
    worths: worths.map(({ flow, nats }) => ({ flow: flowOf[flow] ?? flow, nats })),
  };
}

/** Names of the places of all losses; undefined where one is not sure, or there is none. */
export function settledPlaces(
  localisation: Localisation,
  names: PlaceNames,
  confidence: number,
): string | undefined {
  const losses = reportable(localisation, confidence);
  const isSure =
    losses.length > 0 &&
    losses.length === localisation.losses.length &&
    losses.every((loss) => loss.modelProbability >= confidence && loss.unclear === undefined);
  if (!isSure) return undefined;
  return losses
    .map(({ explanations: [first] }) => first && JSON.stringify(placeOf(first, names)))
    .sort()
    .join();
}
