/** A located loss with nothing special about it, for tests of what is made of one. */

import type { LocatedLoss } from '../../src/algorithms/localisation/localise.ts';

/** @param changes what the test is about; a `probability` goes for the model's as well */
export function locatedLoss(changes: Partial<LocatedLoss> = {}): LocatedLoss {
  return {
    explanations: [{ kind: 'target' }],
    lossRatio: 0.1,
    lossInterval: [0.05, 0.15],
    probability: 0.99,
    modelProbability: changes.probability ?? 0.99,
    detection: 0.999,
    direction: 'unknown',
    credibleSet: [],
    isPartial: false,
    flowsAcross: [0, 2],
    flowsLossy: [2],
    probesAcross: 400,
    probesLost: 20,
    ...changes,
  };
}
