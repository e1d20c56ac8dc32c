/**
 * Whether another loss may wait beside those that have their place: on links whose probes are not
 * yet likely enough without one.
 */

import { type FlowCounts, type PathCounts, STAR } from '../../model/path-counts.ts';
import { NUISANCE_PENALTY } from '../localisation/hypothesis.ts';
import { bestShareNats } from '../share-likelihood.ts';

/** Probability of a loss where there is none worth the name. */
const BASE_LOSS = 5e-4;
/**
 * How likely another loss is that is as large as the smallest one found, on any link alike, beside
 * none. Even odds would find hardly more of them, and take a second longer (decision 29).
 */
const HIDDEN_ODDS = 0.25;

export interface LossSizes {
  /** Probability that the answer must have, within (0, 1). */
  readonly confidence: number;
  /** The loss that would still be missing. */
  readonly lossRatio: number;
  /** Address indexes of interfaces whose missing replies have another reason. */
  readonly limited: ReadonlySet<number>;
}

/** Where it may be, and what probes would do against that. */
export interface HiddenLoss {
  /** By link: the odds that it loses packets. */
  readonly odds: readonly number[];
  /** To what share of themselves the odds of a link fall with an answer from beyond it. */
  readonly perAnswer: number;
  /** What all odds together must come down to. */
  readonly enough: number;
  readonly flows: readonly SearchedFlow[];
}

/** A flow whose probes would tell. */
export interface SearchedFlow {
  readonly flow: number;
  /** Those that answer, from the first on. */
  readonly hops: readonly {
    readonly hop: number;
    readonly responder: number;
    /** The link into it, as an index into the odds. */
    readonly link: number;
    /** Whether its answers count: not those of who limits them. */
    readonly isTelling: boolean;
  }[];
}

/**
 * Looks for links that may still hide another loss of `lossRatio`, more likely than the run may be
 * wrong: on flows that cross none of the located losses, the probes are not yet likely enough
 * without one. It may be on any link, so that one which hardly any flow crosses holds up no run
 * when all others are clear, and one that shows a first sign of loss does.
 *
 * What an interface is taken to owe may be what the link into it loses.
 *
 * @param located by index into `counts.flows`
 * @returns the links, and flows by index into `counts.flows`; undefined where there is no need
 */
export function hiddenLoss(
  counts: PathCounts,
  located: ReadonlySet<number>,
  { confidence, lossRatio, limited }: LossSizes,
): HiddenLoss | undefined {
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
  const odds = [...evidence.values()].map(Math.exp);
  const enough = ((1 - confidence) * odds.length) / HIDDEN_ODDS;
  if (sumOf(odds) <= enough) return undefined;
  const indexOf = new Map([...evidence.keys()].map((link, index) => [link, index]));
  const flows = clear.map(([index, flow]) => ({
    flow: index,
    hops: answeringHops(flow).map(({ hop, responder }) => ({
      hop,
      responder,
      link: indexOf.get(linkInto(flow, hop)) ?? -1,
      isTelling: !limited.has(responder),
    })),
  }));
  return { odds, perAnswer: Math.exp(perAnswer), enough, flows };
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
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
