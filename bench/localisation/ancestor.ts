/**
 * The decision of fbtracert (main.go, isLossy), to measure against: a flow is lossy if there is a
 * hop after which all hops answer at a strictly lower rate, and more than two hops are left from
 * there on. It names nobody; a reader takes the link behind that hop for the culprit.
 */

import type { FlowCounts, PathCounts } from '../../src/model/path-counts.ts';

/** Its vectors are as long as this where the target has not answered. */
const MAX_TTL = 30;
const SEGMENT_MIN = 3;

/** Index of the last hop before the loss; undefined where the flow is fine. NaN counts as lower. */
export function lossyBreak(rates: readonly number[]): number | undefined {
  const index = rates.findIndex((rate, i) => rates.slice(i + 1).every((later) => !(later >= rate)));
  return index !== -1 && rates.length - index >= SEGMENT_MIN ? index : undefined;
}

/** The hop of each flow before which all is well, in order of flows; undefined: not lossy. */
export function ancestorBreaks({ flows }: PathCounts): readonly (number | undefined)[] {
  return flows.map((flow) => lossyBreak(ratesOf(flow)));
}

function ratesOf({ sent, received, isReached, answeredLate }: FlowCounts): number[] {
  const last = sent.length - 1;
  const rates = sent.map((count, hop) => {
    // It takes every SYN-ACK for the answer to its probe, however late.
    const late = isReached && hop === last ? answeredLate : 0;
    return ((received[hop] ?? 0) + late) / count;
  });
  if (isReached) return rates;
  // Some other flow's answer has stopped the probes beyond the target: 0 of 0.
  return [...rates, ...new Array<number>(Math.max(0, MAX_TTL - rates.length)).fill(Number.NaN)];
}
