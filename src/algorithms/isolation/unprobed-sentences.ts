/**
 * What is to be said where the first TTLs are not probed, or no router answers: a place there is
 * known by no address.
 */

import { counted } from '../../lib/counted.ts';
import type { Suspect } from '../../model/verdict.ts';

/** A run that leaves out the first TTLs, or sees no router. */
export interface UnprobedFacts {
  /** The first TTL that is probed. */
  readonly minTtl: number;
  /** No link before it loses more than this, at the stated confidence. */
  readonly excludedLossRatio: number;
  /**
   * Set where targets are all that answers: `at-target` where that TTL is theirs already, so that
   * no router was asked, `silent` where none of those that were asked answers.
   */
  readonly endToEnd?: 'at-target' | 'silent' | undefined;
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
  facts: UnprobedFacts,
  { target, flows, bound, confidence }: UnprobedTexts,
): string | undefined {
  if (facts.endToEnd === undefined) return undefined;
  return (
    `No loss end to end on ${counted(flows, 'flow')} to ${target}: none loses more than ${bound} ` +
    `(${confidence}). Nothing is known of single links, as ${reason(facts)}.`
  );
}

/** Why only whole flows were measured. */
function reason({ minTtl, endToEnd }: UnprobedFacts): string {
  if (endToEnd === 'at-target') return `TTL ${minTtl} already gets to the target`;
  return minTtl === 1 ? 'no router answers' : `no router from TTL ${minTtl} on answers`;
}

/** Added to the sentence of a clean run whose first links are bounded by single flows. */
export function boundedByFlows({ minTtl }: UnprobedFacts): string {
  return ` Links up to TTL ${minTtl} were measured only together, flow by flow.`;
}

/** No router was asked, and what the target left unanswered tells nothing. */
export function nothingMeasuredSentence(facts: UnprobedFacts, target: string): string {
  return (
    `Inconclusive: only ${target} can tell of loss, as ${reason(facts)}, and that it leaves ` +
    'probes unanswered may be a limit on its replies.'
  );
}

/** Too few probes of single flows to say anything of the first links. */
export function openSentence(
  facts: UnprobedFacts,
  { target, flows, bound, confidence }: UnprobedTexts,
): string {
  const one = flows === 1 ? `the one flow to ${target}` : `one of ${flows} flows to ${target}`;
  const left = `${one} may lose up to ${bound} (${confidence})`;
  return facts.endToEnd === undefined
    ? `Inconclusive: up to TTL ${facts.minTtl}, before which no router was asked, ${left}.`
    : `Inconclusive: measured end to end only, as ${reason(facts)}: ${left}.`;
}

/** Where a loss is that shows from the first TTL on. */
export function unprobedPlace(
  { far }: Suspect,
  { minTtl, endToEnd }: UnprobedFacts,
  target: string,
): string {
  if (endToEnd !== undefined)
    return `somewhere on the way to ${target}, which was measured end to end only`;
  return far === null
    ? `somewhere up to TTL ${minTtl}, before which no router was asked`
    : `somewhere on the way to ${far} (TTL ${minTtl}), before which no router was asked`;
}
