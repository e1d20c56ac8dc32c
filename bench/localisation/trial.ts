/** One world, measured once, and what every rule makes of the same counts. */

import { localise } from '../../src/algorithms/localisation/localise.ts';
import { Random } from '../../src/lib/random.ts';
import type { PathCounts } from '../../src/model/path-counts.ts';
import { ancestorBreaks } from './ancestor.ts';
import { endsAtFault, isCutOff } from './cut-off.ts';
import {
  CONFIDENCE,
  isNear,
  type JudgedLoss,
  judgeLoss,
  MIN_LOSS,
  namedLosses,
} from './judgement.ts';
import { isDetectable, type Strikes, strikesOf } from './oracle.ts';
import { sampleCounts } from './sampler.ts';
import { forwardClasses, keyOf, type TruthClass, truthOf } from './truth.ts';
import type { World } from './world.ts';
import { drawWorld } from './world-drawing.ts';

export const BURST_PACKETS = 8;

export interface TrialOptions {
  readonly kind: string;
  readonly seed: number;
  /** Losses come in bursts of `BURST_PACKETS` on average. */
  readonly hasBursts: boolean;
}

/** What the ancestor's rule names: by fault whether it is among them, and how many others. */
export interface PlainNames {
  readonly found: readonly boolean[];
  readonly near: readonly boolean[];
  readonly right: number;
  readonly wrong: number;
}

export interface TrialResult {
  readonly kind: string;
  readonly seed: number;
  readonly faults: number;
  readonly isReturn: boolean;
  readonly classSizes: readonly number[];
  /** By fault on the way out: whether the counts show it to one who knows where to look. */
  readonly detectable: readonly boolean[];
  /** By fault on the way out: how often it struck. */
  readonly strikes: readonly Strikes[];
  readonly losses: readonly JudgedLoss[];
  /** Whether no flow arrives, and that is told as `endsAtFault` wants it. */
  readonly isEndFound: boolean;
  readonly sampleMs: number;
  readonly inferenceMs: number;
  readonly ancestor: PlainNames;
  readonly ancestorVote: PlainNames;
}

/** The counts of a trial, which depend on its options alone. */
export function measure({ kind, seed, hasBursts }: TrialOptions): {
  world: World;
  counts: PathCounts;
} {
  const world = drawWorld(kind, seed);
  const random = new Random(seed * 2 + Number(hasBursts));
  const meanBurst = hasBursts ? BURST_PACKETS : undefined;
  return { world, counts: sampleCounts(world, { random, meanBurst }) };
}

export function runTrial(options: TrialOptions): TrialResult {
  const startMs = performance.now();
  const { world, counts } = measure(options);
  const sampledMs = performance.now();
  const localisation = localise(counts, { minLoss: MIN_LOSS, confidence: CONFIDENCE });
  const inferredMs = performance.now();
  const truth = truthOf(world, counts);
  const classes = forwardClasses(world, counts);
  const context = { world, graph: localisation.graph };
  const forward = truth.filter(({ fault }) => fault.direction === 'forward');
  return {
    kind: options.kind,
    seed: options.seed,
    faults: world.faults.length,
    isReturn: world.faults.some(({ direction }) => direction === 'return'),
    classSizes: truth.map(({ members }) => members.size),
    detectable: forward.map((each) =>
      isDetectable(each, { world, counts, classes, hasBursts: options.hasBursts }),
    ),
    strikes: forward.map((each) => strikesOf(each, { world, counts })),
    losses: namedLosses(localisation).map((loss) => judgeLoss(loss, truth, context)),
    isEndFound: isCutOff(world) && endsAtFault(world, localisation),
    sampleMs: sampledMs - startMs,
    inferenceMs: inferredMs - sampledMs,
    ...ancestorNames(world, counts, truth),
  };
}

function ancestorNames(
  world: World,
  counts: PathCounts,
  truth: readonly TruthClass[],
): Pick<TrialResult, 'ancestor' | 'ancestorVote'> {
  const votes = new Map<number, number>();
  for (const [flow, hop] of ancestorBreaks(counts).entries()) {
    const cable = hop === undefined ? undefined : world.flows[flow]?.cables[hop + 1];
    if (cable !== undefined) votes.set(cable, (votes.get(cable) ?? 0) + 1);
  }
  const ranked = [...votes].sort(([, a], [, b]) => b - a).map(([cable]) => cable);
  return {
    ancestor: plainNames(ranked, truth, world),
    ancestorVote: plainNames(ranked.slice(0, 1), truth, world),
  };
}

function plainNames(
  cables: readonly number[],
  truth: readonly TruthClass[],
  world: World,
): PlainNames {
  const named = cables.map((cable) => ({ kind: 'cable', cable }) as const);
  const isIn =
    ({ members }: TruthClass) =>
    (cable: (typeof named)[number]) =>
      members.has(keyOf(cable));
  const right = named.filter((cable) => truth.some((each) => isIn(each)(cable))).length;
  return {
    found: truth.map((each) => named.some(isIn(each))),
    near: truth.map((each) =>
      named.some((cable) => isIn(each)(cable) || isNear(cable, each, world)),
    ),
    right,
    wrong: named.length - right,
  };
}
