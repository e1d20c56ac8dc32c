/** Losses in one sentence: where, how much, on how many flows, and how sure that is. */

import { counted } from '../../lib/counted.ts';
import { placeText } from '../../model/place-text.ts';
import type { Place, Suspect } from '../../model/verdict.ts';
import { confidenceText, listed, opened, percent, probability } from './sentence-text.ts';
import { FLAG_NAMES, type SummaryFacts } from './summary-facts.ts';
import { unprobedPlace } from './unprobed-sentences.ts';

/** What a sentence lists beyond this is counted, not named. */
const PLACES_NAMED = 3;
export const LAST_HOPS_NAMED = 4;
const TOTAL_LOSS = 0.995;
/** A larger bound on what other links lose is none. */
const BOUND_MAX = 0.5;

/** A loss of packets that was located or is suspected. */
export function lossSentence(
  facts: SummaryFacts,
  suspect: Suspect,
  others: readonly Suspect[],
): string {
  if (suspect.beforeTtl !== undefined) return unprobedLossSentence(facts, suspect, others);
  if (suspect.direction === 'return') return returnSentence(facts, suspect, others);
  const { verdict, target, flows, onlyPackets, sprayed = [], loops = [] } = facts;
  const places = [suspect, ...suspect.equivalents].map((place) => placeIn(place, facts));
  const where = listed(places, PLACES_NAMED, 'or');
  const subject = verdict === 'loss-suspected' ? `Suspected: ${where}` : opened(where);
  const verb = suspect.flowsAcross === 1 ? 'crosses' : 'cross';
  const crossing =
    suspect.flowsAcross === flows
      ? `every flow to ${target} crosses it`
      : `${suspect.flowsAcross} of ${counted(flows, 'flow')} to ${target} ${verb} it`;
  const certainty = `probability ${probability(suspect.probability)}`;
  const more = `${loopText(loops, suspect)}${alsoSuspected(others, facts)}${leftElsewhere(facts)}`;
  const lost = `loses ${lossText(suspect, onlyPackets)}`;
  return `${subject} ${lost}; ${crossing}; ${certainty}.${sprayText(suspect, sprayed)}${more}`;
}

/** A run ends when it knows where the loss is: what others may lose need not be much less. */
function leftElsewhere({
  verdict,
  excludedElsewhere = 0,
  exclude = 1,
  confidence,
}: SummaryFacts): string {
  if (verdict !== 'loss-located' || excludedElsewhere <= exclude) return '';
  if (excludedElsewhere > BOUND_MAX) return ' Losses on other links are not ruled out.';
  const most = `up to ${percent(excludedElsewhere)}`;
  return ` Losses ${most} on other links are not ruled out (${confidenceText(confidence)}).`;
}

/** A place, or the target by its address. */
function placeIn(place: Place, { targetAddresses = [] }: SummaryFacts): string {
  const [address, another] = place.addresses;
  const isTarget = place.kind === 'node' && another === undefined && address !== undefined;
  return isTarget && targetAddresses.includes(address) ? `the target ${address}` : placeText(place);
}

/** Of a loss that shows from the first TTL on, where that is not 1. */
function unprobedLossSentence(
  summaryFacts: SummaryFacts,
  suspect: Suspect,
  others: readonly Suspect[],
): string {
  const { target, flows, onlyPackets, unprobed, flagNames = FLAG_NAMES } = summaryFacts;
  const { beforeTtl: minTtl = 1, flowsLossy, probability: sure } = suspect;
  const facts = unprobed ?? { minTtl, excludedLossRatio: 1 };
  const where = unprobedPlace(suspect, facts, target);
  return (
    `Loss ${where}: ${lossText(suspect, onlyPackets)}, ` +
    `seen on ${flowsLossy} of ${counted(flows, 'flow')} to ${target}; ` +
    `probability ${probability(sure)}. ${flagNames.minTtl} 1 would show where.` +
    alsoSuspected(others, summaryFacts)
  );
}

/** Where a place stands for all interfaces that a balancer sends the packets of one flow to. */
function sprayText(suspect: Suspect, sprayed: readonly (readonly string[])[]): string {
  const named = new Set(
    [suspect, ...suspect.equivalents].flatMap(({ near, far, addresses }) => [
      near,
      far,
      ...addresses,
    ]),
  );
  const clump = sprayed.find((members) => members.some((address) => named.has(address)));
  if (clump === undefined) return '';
  const members = listed(clump, LAST_HOPS_NAMED, 'and');
  return ` Packets of one flow are sprayed there over ${members}: which of them loses is not seen.`;
}

/** The other suspects by their places. */
export function alsoSuspected(others: readonly Suspect[], facts: SummaryFacts): string {
  if (others.length === 0) return '';
  const places = others.map((other) =>
    other.direction === 'return' ? `the way back from ${facts.target}` : placeIn(other, facts),
  );
  return ` Also suspected: ${listed([...new Set(places)], PLACES_NAMED, 'and')}.`;
}

/** Where the suspect is the one that sends packets back. */
function loopText(
  loops: readonly { readonly from: string; readonly to: string }[],
  { near, addresses }: Suspect,
): string {
  const loop = loops.find(({ from }) => from === near || addresses.includes(from));
  return loop === undefined ? '' : ` It is a loop: ${loop.from} sends packets back to ${loop.to}.`;
}

/** Probes tell little of the way back: which routers it has is not seen. */
export function returnSentence(
  facts: SummaryFacts,
  suspect: Suspect,
  others: readonly Suspect[] = [],
): string {
  const { target, flows, onlyPackets } = facts;
  const lost = lossText(suspect, onlyPackets).replace('packets', 'answers');
  const seen = `seen on ${suspect.flowsLossy} of ${counted(flows, 'flow')}`;
  const certainty = `while the probes arrive; probability ${probability(suspect.probability)}`;
  const unseen = 'On which of its links is not seen.';
  const elsewhere = others.filter(({ direction }) => direction !== 'return');
  return (
    `The way back from ${target} loses ${lost}, ${seen}, ${certainty}. ${unseen}` +
    alsoSuspected(elsewhere, facts)
  );
}

function lossText(
  { lossRatio, lossInterval: [low, high] }: Suspect,
  onlyPackets: string | undefined,
): string {
  if (lossRatio > TOTAL_LOSS) {
    return onlyPackets === undefined ? 'every packet' : `every packet ${onlyPackets}, and no other`;
  }
  const only = onlyPackets === undefined ? '' : `, only of those ${onlyPackets}`;
  const interval = `95 % interval ${percent(low)} to ${percent(high)}`;
  return `${percent(lossRatio)} of packets${only} (${interval})`;
}

/** Answers of the target alone are missing. */
export function targetSentence(facts: SummaryFacts, suspect: Suspect): string {
  const { target, blamedTarget = target, suspects, onlyPackets } = facts;
  const lost = lossText(suspect, onlyPackets).replace('packets', 'probes');
  const loses = `${opened(blamedTarget)} leaves ${lost}`;
  const isHidden = suspect.equivalents.some(
    ({ kind, near, far }) => kind === 'link' && (near === null || far === null),
  );
  const suspected = isHidden
    ? ', and what is right before it never answers: that, the target, or the way back loses them'
    : ' while every hop before it is fine: the target, its last link, the last router, or the ' +
      'way back loses them';
  return `${loses} unanswered${suspected}.${alsoSuspected(suspects.slice(1), facts)}`;
}
