/** The verdict in one sentence: what a person reads first, and perhaps only. */

import { counted } from '../../lib/counted.ts';
import { placeText } from '../../model/place-text.ts';
import type { Suspect, VerdictKind } from '../../model/verdict.ts';
import { listed, opened, percent, probability } from './sentence-text.ts';
import {
  boundedByFlows,
  endToEndCleanSentence,
  nothingMeasuredSentence,
  openSentence,
  type UnprobedFacts,
  type UnprobedTexts,
  unprobedPlace,
} from './unprobed-sentences.ts';

export interface SummaryFacts {
  readonly verdict: VerdictKind;
  readonly suspects: readonly Suspect[];
  readonly excludedLossRatio: number | null;
  readonly confidence: number;
  /** As the user named it; several as a list. */
  readonly target: string;
  /** Of several targets: the one that the first suspect is; empty where it is none. */
  readonly blamedTarget?: string;
  /** Of several targets: those that answer no flow, how many flows go there, and the others. */
  readonly unreached?: { readonly target: string; readonly flows: number; readonly others: string };
  readonly flows: number;
  readonly pathsFound: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  /** What sets the packets apart that alone are lost, as `of 1400 bytes`; undefined for all. */
  readonly onlyPackets?: string | undefined;
  /** Interfaces over which a balancer sprays the packets of one flow, by balancer. */
  readonly sprayed?: readonly (readonly string[])[];
  /** Routers that say that they do not forward some flows, and how many flows that are. */
  readonly refusing: readonly { readonly address: string; readonly flows: number }[];
  /** Routers that send packets back, and to whom. */
  readonly loops?: readonly { readonly from: string; readonly to: string }[];
  /** Addresses behind which no flow goes on, where the target does not answer. */
  readonly lastHops: readonly string[];
  /** About how many more probes would make a statement sure that is not; null where it is. */
  readonly probesNeeded?: number | null;
  /** The loss that a clean run was to rule out. */
  readonly exclude?: number;
  /** The largest TTL, when even there routers answered; else undefined. */
  readonly tooSmallMaxTtl: number | undefined;
  /** Probes to those routers, and how many of them were not answered. */
  readonly atMaxTtl?: { readonly sent: number; readonly unanswered: number };
  /** Set where the first TTLs are not probed, or no router answers. */
  readonly unprobed?: UnprobedFacts | undefined;
  /** What the flags are called that sentences name; as `fantrace isolate` has them unless told. */
  readonly flagNames?: FlagNames | undefined;
}

/** Names of flags on the command line that the user wrote. */
export interface FlagNames {
  readonly minTtl: string;
  readonly maxTtl: string;
  readonly maxProbes: string;
}

export const FLAG_NAMES: FlagNames = {
  minTtl: '--min-ttl',
  maxTtl: '--max-ttl',
  maxProbes: '--max-probes',
};

/** What a sentence lists beyond this is counted, not named. */
const LAST_HOPS_NAMED = 4;
const PLACES_NAMED = 3;
const TOTAL_LOSS = 0.995;

/** The sentence. */
export function summarise(facts: SummaryFacts): string {
  const needed = facts.probesNeeded ?? 0;
  // More of the same probes would never tell which of the links it is that nobody probed.
  const isUnprobed = facts.suspects[0]?.beforeTtl !== undefined;
  const isSuspected = facts.verdict === 'loss-suspected' && !isUnprobed;
  const isOpen = isSuspected || (facts.verdict === 'inconclusive' && !isNothingMeasured(facts));
  const sentence = `${verdictSentence(facts)}${silentTargets(facts)}`;
  if (needed > 0 && facts.verdict === 'no-loss') return `${sentence}${leftOpen(facts, needed)}`;
  if (needed === 0 || !isOpen || facts.repliesReceived === 0) return sentence;
  return `${sentence} Not sure: about ${counted(needed, 'more probe')} needed.`;
}

/** What a clean run that was cut short did not get to. */
function leftOpen({ excludedLossRatio, exclude = 1 }: SummaryFacts, needed: number): string {
  if ((excludedLossRatio ?? 1) <= exclude) return '';
  return ` Ruling out ${percent(exclude)} takes about ${counted(needed, 'more probe')}.`;
}

/** Whether only the target was asked, and is known to limit what it answers. */
function isNothingMeasured({ unprobed, pathsFound }: SummaryFacts): boolean {
  return unprobed?.endToEnd !== undefined && pathsFound === 0;
}

/** Beside a loss: those of several targets that never answer. */
function silentTargets({ verdict, unreached }: SummaryFacts): string {
  const isSaid = verdict === 'target-unreachable' || verdict === 'inconclusive';
  if (isSaid || unreached === undefined || unreached.flows === 0) return '';
  return ` ${opened(unreached.target)} answers none of ${counted(unreached.flows, 'flow')}.`;
}

function verdictSentence(facts: SummaryFacts): string {
  const [first, ...others] = facts.suspects;
  if (facts.refusing.length > 0) return refusalSentence(facts);
  switch (facts.verdict) {
    case 'loss-located':
    case 'loss-suspected':
      return first === undefined ? '' : lossSentence(facts, first, others);
    case 'return-loss':
      return first === undefined ? '' : returnSentence(facts, first);
    case 'target-loss':
      return first === undefined ? '' : targetSentence(facts, first);
    case 'no-loss':
      return cleanSentence(facts);
    case 'target-unreachable':
      return opened(unreachableSentence(facts));
    case 'inconclusive':
      return inconclusiveSentence(facts);
  }
}

function refusalSentence({ target, flows, refusing, suspects }: SummaryFacts): string {
  const refused = refusing.reduce((sum, router) => sum + router.flows, 0);
  const named = listed(
    refusing.map(({ address }) => address),
    LAST_HOPS_NAMED,
    'and',
  );
  const isOne = refusing.length === 1;
  const who = isOne ? `Router ${named} refuses` : `Routers at ${named} refuse`;
  const answer = isOne ? 'it answers' : 'they answer';
  const how = `${answer} that the target is unreachable or prohibited`;
  const others = alsoSuspected(suspects.slice(refusing.length));
  return `${who} ${refused} of ${counted(flows, 'flow')} to ${target}: ${how}.${others}`;
}

function lossSentence(facts: SummaryFacts, suspect: Suspect, others: readonly Suspect[]): string {
  if (suspect.beforeTtl !== undefined) return unprobedLossSentence(facts, suspect, others);
  const { verdict, target, flows, onlyPackets, sprayed = [], loops = [] } = facts;
  const places = [suspect, ...suspect.equivalents].map(placeText);
  const where = listed(places, PLACES_NAMED, 'or');
  const subject = verdict === 'loss-suspected' ? `Suspected: ${where}` : opened(where);
  const verb = suspect.flowsAcross === 1 ? 'crosses' : 'cross';
  const crossing =
    suspect.flowsAcross === flows
      ? `every flow to ${target} crosses it`
      : `${suspect.flowsAcross} of ${counted(flows, 'flow')} to ${target} ${verb} it`;
  const certainty = `probability ${probability(suspect.probability)}`;
  const more = `${loopText(loops, suspect)}${alsoSuspected(others)}`;
  const way = suspect.direction === 'return' ? ' on the way back' : '';
  const lost = `loses ${lossText(suspect, onlyPackets)}${way}`;
  return `${subject} ${lost}; ${crossing}; ${certainty}.${sprayText(suspect, sprayed)}${more}`;
}

/** Of a loss that shows from the first TTL on, where that is not 1. */
function unprobedLossSentence(
  { target, flows, onlyPackets, unprobed, flagNames = FLAG_NAMES }: SummaryFacts,
  suspect: Suspect,
  others: readonly Suspect[],
): string {
  const { beforeTtl: minTtl = 1, flowsLossy, probability: sure } = suspect;
  const facts = unprobed ?? { minTtl, excludedLossRatio: 1 };
  const where = unprobedPlace(suspect, facts, target);
  return (
    `Loss ${where}: ${lossText(suspect, onlyPackets)}, ` +
    `seen on ${flowsLossy} of ${counted(flows, 'flow')} to ${target}; ` +
    `probability ${probability(sure)}. ${flagNames.minTtl} 1 would show where.` +
    alsoSuspected(others)
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

function alsoSuspected(others: readonly Suspect[]): string {
  if (others.length === 0) return '';
  return ` Also suspected: ${listed(others.map(placeText), PLACES_NAMED, 'and')}.`;
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
function returnSentence({ target, flows, onlyPackets }: SummaryFacts, suspect: Suspect): string {
  const lost = lossText(suspect, onlyPackets).replace('packets', 'answers');
  const seen = `seen on ${suspect.flowsLossy} of ${counted(flows, 'flow')}`;
  const certainty = `while the probes arrive; probability ${probability(suspect.probability)}`;
  return `The way back from ${target} loses ${lost}, ${seen}, ${certainty}.`;
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

function targetSentence(
  { target, blamedTarget = target, suspects, onlyPackets }: SummaryFacts,
  suspect: Suspect,
): string {
  const lost = lossText(suspect, onlyPackets).replace('packets', 'probes');
  const loses = `${opened(blamedTarget)} leaves ${lost}`;
  const isHidden = suspect.equivalents.some(
    ({ kind, near, far }) => kind === 'link' && (near === null || far === null),
  );
  const suspected = isHidden
    ? ', and what is right before it never answers: that, the target, or the way back loses them'
    : ' while every hop before it is fine: the target, its last link, the last router, or the ' +
      'way back loses them';
  return `${loses} unanswered${suspected}.${alsoSuspected(suspects.slice(1))}`;
}

function unreachableSentence(facts: SummaryFacts): string {
  const { lastHops, tooSmallMaxTtl, flagNames = FLAG_NAMES, loops = [] } = facts;
  const { target, flows, others } = facts.unreached ?? { ...facts, others: '' };
  if (tooSmallMaxTtl !== undefined) {
    const far = `${target} is farther than ${flagNames.maxTtl} ${tooSmallMaxTtl}`;
    return `${far}: routers still answer there.${unansweredText(facts)}`;
  }
  const unanswered = `${target} answers none of ${counted(flows, 'flow')}`;
  const elsewhere = others === '' ? '' : `, nor on the way to ${others}`;
  if (lastHops.length === 0) return `${unanswered}, and neither does any hop before it.`;
  const verb = lastHops.length === 1 ? 'is' : 'are';
  const last = `the last to answer ${verb} ${listed(lastHops, LAST_HOPS_NAMED, 'and')}`;
  const [loop] = loops;
  const why =
    loop === undefined ? '' : ` There is a loop: ${loop.from} sends packets back to ${loop.to}.`;
  return `${unanswered}; ${last}, and no loss shows before that${elsewhere}.${why}`;
}

/** Nothing behind the last routers tells a loss on the way to them from a limit of theirs. */
function unansweredText({
  atMaxTtl: { sent, unanswered } = { sent: 0, unanswered: 0 },
}: SummaryFacts): string {
  if (unanswered === 0) return '';
  const which = `${unanswered} of ${counted(sent, 'probe')} to them`;
  return ` They left ${which} unanswered: a loss on the way there, or a limit on their replies.`;
}

function cleanSentence(facts: SummaryFacts): string {
  const { target, excludedLossRatio, confidence, pathsFound, unprobed } = facts;
  const whole = unprobed && endToEndCleanSentence(unprobed, unprobedTexts(facts, unprobed));
  if (whole !== undefined) return whole;
  const paths = pathsFound === 1 ? 'the one path' : `any of ${pathsFound} paths`;
  if (excludedLossRatio === null) return `No loss found on ${paths} to ${target}.`;
  const bound = `no link loses more than ${percent(excludedLossRatio)}`;
  const rest = unprobed === undefined ? '' : boundedByFlows(unprobed);
  return `No loss on ${paths} to ${target}: ${bound} (${confidenceText(confidence)}).${rest}`;
}

function confidenceText(confidence: number): string {
  return `${Number((100 * confidence).toFixed(4))} % confidence`;
}

function unprobedTexts(
  { target, flows, confidence }: SummaryFacts,
  { excludedLossRatio }: UnprobedFacts,
): UnprobedTexts {
  const bound = percent(excludedLossRatio);
  return { target, flows, bound, confidence: confidenceText(confidence) };
}

function inconclusiveSentence(facts: SummaryFacts): string {
  const { target, repliesReceived, probesSent, unprobed } = facts;
  if (repliesReceived > 0 && unprobed !== undefined) {
    if (isNothingMeasured(facts)) return nothingMeasuredSentence(unprobed, target);
    if (unprobed.excludedLossRatio < 1)
      return openSentence(unprobed, unprobedTexts(facts, unprobed));
  }
  return repliesReceived === 0
    ? `Inconclusive: nothing answered any of ${counted(probesSent, 'probe')} to ${target}.`
    : `Inconclusive: too few replies on the way to ${target} to tell whether anything is lost.`;
}
