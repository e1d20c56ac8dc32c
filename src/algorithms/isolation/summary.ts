/** The verdict in one sentence: what a person reads first, and perhaps only. */

import { counted } from '../../lib/counted.ts';
import {
  alsoSuspected,
  LAST_HOPS_NAMED,
  lossSentence,
  returnSentence,
  targetSentence,
} from './loss-sentences.ts';
import { confidenceText, listed, opened, percent } from './sentence-text.ts';
import { FLAG_NAMES, type SummaryFacts } from './summary-facts.ts';
import {
  boundedByFlows,
  endToEndCleanSentence,
  nothingMeasuredSentence,
  openSentence,
  type UnprobedFacts,
  type UnprobedTexts,
} from './unprobed-sentences.ts';

/** The sentence. */
export function summarise(facts: SummaryFacts): string {
  const needed = facts.probesNeeded ?? 0;
  // More of the same probes would never tell which of the links it is that nobody probed.
  const isUnprobed = facts.suspects[0]?.beforeTtl !== undefined;
  const isSuspected = facts.verdict === 'loss-suspected' && !isUnprobed;
  const wouldMoreTell = !isNothingMeasured(facts) && facts.isAllLimited !== true;
  const isOpen = isSuspected || (facts.verdict === 'inconclusive' && wouldMoreTell);
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
      return first === undefined ? '' : returnSentence(facts, first, others);
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

function refusalSentence(facts: SummaryFacts): string {
  const { target, flows, refusing, suspects } = facts;
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
  const others = alsoSuspected(suspects.slice(refusing.length), facts);
  return `${who} ${refused} of ${counted(flows, 'flow')} to ${target}: ${how}.${others}`;
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
  if (facts.isAllLimited === true) {
    const who = `${target} and the routers on the way limit their replies`;
    return `Inconclusive: ${who}, so that none of them tells whether packets are lost.`;
  }
  return repliesReceived === 0
    ? `Inconclusive: nothing answered any of ${counted(probesSent, 'probe')} to ${target}.`
    : `Inconclusive: too few replies on the way to ${target} to tell whether anything is lost.`;
}
