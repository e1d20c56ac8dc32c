/**
 * Whether a run may end, and what it lacks. Each place that is named has paid the price of a
 * mixture likelihood ratio (`localisation/selection.ts`), which may be looked at as often as one
 * likes (Ville's inequality); what is asked here besides is that no other loss waits to be found.
 * `docs/decisions/0006-sequential-isolation.md` has the argument.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import { NUISANCE_PENALTY } from '../localisation/hypothesis.ts';
import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import type { ProbeWorth } from '../localisation/probe-worth.ts';
import { lossNotExcluded } from '../localisation/unprobed-hops.ts';
import { bestShareNats } from '../share-likelihood.ts';

/** Probability of a loss where there is none worth the name. */
const BASE_LOSS = 5e-4;
/**
 * How likely another loss is that is as large as the smallest one found, on any link alike, beside
 * none. Even odds would find hardly more of them, and take a second longer (decision 29).
 */
const HIDDEN_ODDS = 0.25;
/** Odds at which a place counts as found. */
const SETTLED_ODDS = 99;

export interface LossSizes {
  /** Probability that the answer must have, within (0, 1). */
  readonly confidence: number;
  /** The loss that would still be missing. */
  readonly lossRatio: number;
  /** Address indexes of interfaces whose missing replies have another reason. */
  readonly limited: ReadonlySet<number>;
}

/**
 * Whether some link may still hide another loss of `lossRatio`, more likely than the run may be
 * wrong: on flows that cross none of the located losses, the probes are not yet likely enough
 * without one. It may be on any link, so that one which hardly any flow crosses holds up no run
 * when all others are clear, and one that shows a first sign of loss does.
 *
 * An answer from beyond several links speaks for all of them: a probe is worth the odds of all that
 * it crosses. What an interface is taken to owe may be what the link into it loses.
 *
 * @param located by index into `counts.flows`
 * @returns what probes would do against that, by index into `counts.flows`; undefined where there
 *   is no need
 */
export function hiddenLossWorths(
  counts: PathCounts,
  located: ReadonlySet<number>,
  { confidence, lossRatio, limited }: LossSizes,
): readonly ProbeWorth[] | undefined {
  const perLoss = Math.log(lossRatio / BASE_LOSS);
  const perAnswer = Math.log((1 - lossRatio) / (1 - BASE_LOSS));
  const evidence = new Map<string, number>();
  const owed = new Map<string, Answers>();
  const clear = [...counts.flows.entries()].filter(
    ([index, { isReached }]) => isReached && !located.has(index),
  );
  for (const [, flow] of clear) {
    let behind = 0;
    for (const { hop, responder } of answeringHops(flow).reverse()) {
      const [sent, received] = [flow.sent[hop] ?? 0, flow.received[hop] ?? 0];
      const nats = (sent - received) * perLoss + received * perAnswer;
      const link = linkInto(flow, hop);
      if (limited.has(responder)) addTo(owed, link, { sent, received });
      else behind += nats;
      evidence.set(link, (evidence.get(link) ?? 0) + behind);
    }
  }
  for (const [link, answers] of owed) {
    evidence.set(link, (evidence.get(link) ?? 0) + ratherLost(answers, lossRatio));
  }
  const odds = new Map([...evidence].map(([link, nats]) => [link, Math.exp(nats)]));
  const sum = [...odds.values()].reduce((all, each) => all + each, 0);
  const isLikely = HIDDEN_ODDS * sum > (1 - confidence) * odds.size;
  if (!isLikely) return undefined;
  return clear.map(([index, flow]) => {
    const nats = new Array<number>(flow.responders.length).fill(0);
    let before = 0;
    for (const { hop, responder } of answeringHops(flow)) {
      before += odds.get(linkInto(flow, hop)) ?? 0;
      if (!limited.has(responder)) nats[hop] = before;
    }
    return { flow: index, nats };
  });
}

interface Answers {
  readonly sent: number;
  readonly received: number;
}

function addTo(sums: Map<string, Answers>, link: string, { sent, received }: Answers): void {
  const before = sums.get(link) ?? { sent: 0, received: 0 };
  sums.set(link, { sent: before.sent + sent, received: before.received + received });
}

/**
 * How much better a loss of the link into an interface explains its missing replies than an answer
 * ratio of its own, which costs what any interface's does beforehand and may be any number; 0 where
 * it does not, as there may be both.
 *
 * @returns nats, at least 0
 */
function ratherLost({ sent, received }: Answers, lossRatio: number): number {
  const lost = sent - received;
  const asLoss = lost * Math.log(lossRatio) + received * Math.log(1 - lossRatio);
  const asLimit = bestShareNats(received, sent) - NUISANCE_PENALTY - Math.log(sent) / 2;
  return Math.max(0, asLoss - asLimit);
}

function linkInto({ responders }: FlowCounts, hop: number): string {
  return `${responders[hop - 1]} ${responders[hop]}`;
}

/** From the first to the target: what answers farther on has crossed all links before it. */
function answeringHops({ responders }: FlowCounts): { hop: number; responder: number }[] {
  return responders
    .map((responder, hop) => ({ hop, responder }))
    .filter(({ responder }) => responder !== STAR);
}

/**
 * About how many more probes would make a run sure that ended before it was: evidence grows as
 * probes do, and so do the log-odds of a place, while the loss that can be ruled out shrinks.
 *
 * @param probesSent so far
 * @returns rounded up to two digits
 */
export function probesNeeded(
  localisation: Pick<Localisation, 'losses' | 'excludedLossRatio' | 'unprobed'>,
  { probesSent, exclude }: { readonly probesSent: number; readonly exclude: number },
): number {
  const { losses } = localisation;
  const factor =
    losses.length === 0
      ? lossNotExcluded(localisation) / exclude
      : Math.max(...losses.map((loss) => Math.log(SETTLED_ODDS) / logOdds(loss.modelProbability)));
  const needed = Math.max(1, probesSent) * Math.max(0.1, factor - 1);
  return roundedUp(Math.min(needed, PROBES_NEEDED_MAX));
}

/** What would take longer than this is only said to take very long. */
const PROBES_NEEDED_MAX = 1e7;
/** Odds below this tell nothing of how they will grow. */
const LOG_ODDS_MIN = 0.5;

function logOdds(probability: LocatedLoss['modelProbability']): number {
  return Math.max(LOG_ODDS_MIN, Math.log(probability / (1 - probability)));
}

function roundedUp(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(value)) - 1);
  return Math.ceil(value / unit) * unit;
}
