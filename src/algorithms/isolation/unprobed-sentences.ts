/** What is to be said where the first TTLs are not probed: a place there is known by no address. */

import { counted } from '../../lib/counted.ts';
import type { Suspect } from '../../model/verdict.ts';

/** A run that leaves out the first TTLs. */
export interface UnprobedFacts {
  /** The first TTL that is probed, above 1. */
  readonly minTtl: number;
  /** No link before it loses more than this, at the stated confidence. */
  readonly excludedLossRatio: number;
  /** Whether even that TTL is at the target, or behind it: then no router was asked at all. */
  readonly isEndToEnd: boolean;
}

/** What the sentences share with all others; numbers as text, with their units. */
export interface UnprobedTexts {
  readonly target: string;
  readonly flows: number;
  /** Of what single flows rule out before the first TTL. */
  readonly bound: string;
  /** As `95 % confidence`. */
  readonly confidence: string;
}

/** No loss end to end; undefined where routers were asked as well. */
export function endToEndCleanSentence(
  { minTtl, isEndToEnd }: UnprobedFacts,
  { target, flows, bound, confidence }: UnprobedTexts,
): string | undefined {
  if (!isEndToEnd) return undefined;
  return (
    `No loss end to end on ${counted(flows, 'flow')} to ${target}: none loses more than ${bound} ` +
    `(${confidence}). No router on the way was asked: TTL ${minTtl} already gets to the target.`
  );
}

/** Added to the sentence of a clean run whose first links are bounded by single flows. */
export function boundedByFlows({ minTtl }: UnprobedFacts): string {
  return ` Links up to TTL ${minTtl} were measured only together, flow by flow.`;
}

/** No router was asked, and what the target left unanswered tells nothing. */
export function nothingMeasuredSentence({ minTtl }: UnprobedFacts, target: string): string {
  return (
    `Inconclusive: TTL ${minTtl} already gets to ${target}, so that no router on the way was ` +
    'asked, and that the target leaves probes unanswered may be a limit on its replies.'
  );
}

/** Too few probes of single flows to say anything of the first links. */
export function openSentence(
  { minTtl, isEndToEnd }: UnprobedFacts,
  { target, flows, bound, confidence }: UnprobedTexts,
): string {
  const one = flows === 1 ? `the one flow to ${target}` : `one of ${flows} flows to ${target}`;
  const left = `${one} may lose up to ${bound} (${confidence})`;
  return isEndToEnd
    ? 'Inconclusive: measured end to end only, as ' +
        `TTL ${minTtl} already gets to the target: ${left}.`
    : `Inconclusive: up to TTL ${minTtl}, before which no router was asked, ${left}.`;
}

/** Where a loss is that shows from the first TTL on. */
export function unprobedPlace(
  { far }: Suspect,
  { minTtl, isEndToEnd }: UnprobedFacts,
  target: string,
): string {
  if (isEndToEnd) return `somewhere on the way to ${target}, which was measured end to end only`;
  return far === null
    ? `somewhere up to TTL ${minTtl}, before which no router was asked`
    : `somewhere on the way to ${far} (TTL ${minTtl}), before which no router was asked`;
}
