/** The verdict in one sentence: what a person reads first, and perhaps only. */

import type { Place, Suspect, VerdictKind } from '../../model/verdict.ts';

export interface SummaryFacts {
  readonly verdict: VerdictKind;
  readonly suspects: readonly Suspect[];
  readonly excludedLossRatio: number | null;
  readonly confidence: number;
  /** As the user named it. */
  readonly target: string;
  readonly flows: number;
  readonly pathsFound: number;
  readonly probesSent: number;
  /** Addresses behind which no flow goes on, where the target does not answer. */
  readonly lastHops: readonly string[];
}

/** More last hops than this are counted, not named. */
const LAST_HOPS_NAMED = 4;

export function summarise(facts: SummaryFacts): string {
  const { verdict, suspects, target } = facts;
  const [first, ...others] = suspects;
  switch (verdict) {
    case 'loss-located':
    case 'loss-suspected':
    case 'return-loss':
      return first === undefined
        ? `Loss on the way to ${target}.`
        : lossSentence(facts, first, others);
    case 'target-loss':
      return targetSentence(facts, first);
    case 'no-loss':
      return cleanSentence(facts);
    case 'target-unreachable':
      return unreachableSentence(facts);
    case 'inconclusive':
      return facts.pathsFound === 0
        ? `Inconclusive: nothing answered any of ${facts.probesSent} probes to ${target}.`
        : `Inconclusive: replies from the paths to ${target} are missing, but too few to say where they are lost.`;
  }
}

/** `the link 10.0.0.1 → 10.0.1.1`, `router 10.0.0.1`. */
export function placeText({ kind, near, far, addresses }: Place): string {
  if (kind === 'node') {
    const [first, ...others] = addresses;
    if (first === undefined) return 'a router that never answers';
    return others.length === 0 ? `router ${first}` : `router ${first} (also ${others.join(', ')})`;
  }
  const from = near ?? 'a hop that never answers';
  const to = far ?? 'a next hop that was never seen';
  return `the link ${from} → ${to}`;
}

function lossSentence(
  { verdict, target, flows }: SummaryFacts,
  suspect: Suspect,
  others: readonly Suspect[],
): string {
  const [low, high] = suspect.lossInterval;
  const places = [suspect, ...suspect.equivalents].map(placeText);
  const where = places.length > 2 ? `one of ${places.join('; ')}` : places.join(' or ');
  const subject = verdict === 'loss-suspected' ? `Suspected: ${where}` : capitalised(where);
  const how =
    suspect.lossRatio > 0.99
      ? 'drops everything'
      : `drops ${percent(suspect.lossRatio)} of packets (95 % interval ${percent(low)} to ${percent(high)})`;
  const more = others.length === 0 ? '' : ` ${others.length} more suspected.`;
  const share = `${suspect.flowsAcross} of ${flows} flows to ${target} cross it`;
  return `${subject} ${how}; ${share}; probability ${probability(suspect.probability)}.${more}`;
}

function targetSentence({ target }: SummaryFacts, suspect: Suspect | undefined): string {
  const loss = suspect === undefined ? '' : `${percent(suspect.lossRatio)} of `;
  return (
    `${target} leaves ${loss}probes unanswered while every hop before it is fine: the target, its last link, ` +
    'the last router, or the way back loses them.'
  );
}

function unreachableSentence({ target, flows, lastHops }: SummaryFacts): string {
  const named = lastHops.slice(0, LAST_HOPS_NAMED).join(', ');
  const more =
    lastHops.length > LAST_HOPS_NAMED ? ` and ${lastHops.length - LAST_HOPS_NAMED} more` : '';
  const where = lastHops.length === 0 ? '' : ` the last that answers is ${named}${more}, and`;
  return `${target} does not answer on any of ${flows} flows:${where} no loss shows before it.`;
}

function cleanSentence({
  target,
  excludedLossRatio,
  confidence,
  pathsFound,
}: SummaryFacts): string {
  const paths = pathsFound === 1 ? 'the one path' : `any of ${pathsFound} paths`;
  if (excludedLossRatio === null) return `No loss found on ${paths} to ${target}.`;
  return (
    `No loss on ${paths} to ${target}: no link loses more than ${percent(excludedLossRatio)} ` +
    `(${percent(confidence)} confidence).`
  );
}

/** Two significant digits, as a network engineer writes it: `5 %`, `0.25 %`. */
function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(ratio >= 0.1 ? 3 : 2))} %`;
}

/** Never 1, which no measurement can reach. */
function probability(value: number): string {
  return value > 0.999 ? '> 0.999' : value.toFixed(3);
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
