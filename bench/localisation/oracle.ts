/**
 * The bound that nobody can beat by much: whether the counts alone make a fault worth believing in,
 * to one who knows everything else about the world and tests just the true place.
 */

import type { PathCounts } from '../../src/model/path-counts.ts';
import type { TruthClass } from './truth.ts';
import type { Fault, World } from './world.ts';

const FALSE_ALARM = 0.01;
/** What a hash bucket costs beyond a fault that hits all flows. */
const BUCKET_PENALTY = 3;
/** ln(1 − q) of the losses that are tried, from 0.05 % to all but 1 in 8000. */
const THETA_MIN = -9;
const THETA_MAX = -0.0005;
const STEPS = 200;

interface Cell {
  readonly sent: number;
  readonly received: number;
  /** Chance of an answer if the fault were not there. */
  readonly chance: number;
  /** The rounds of what was lost. */
  readonly lostIn: readonly number[];
}

/** Losses in rounds that are farther apart cannot be one burst: one may lie across a border. */
const BURST_ROUNDS = 2;

/**
 * How often a fault struck probes that tell of it: in no round, in one or two neighbouring ones,
 * which may be one burst, or in rounds apart.
 */
export type Strikes = 'never' | 'once' | 'apart';

interface Measured {
  readonly world: World;
  readonly counts: PathCounts;
  /** How many classes of forward loss the data can tell apart: the rivals of the true place. */
  readonly classes: number;
  /**
   * Whether all that is healthy loses in bursts as well: then one burst says nothing, as one in
   * fifteen healthy worlds shows one.
   */
  readonly hasBursts: boolean;
}

export function isDetectable(
  truth: TruthClass,
  { world, counts, classes, hasBursts }: Measured,
): boolean {
  const cells = cellsOf(truth, world, counts);
  const sent = cells.reduce((sum, cell) => sum + cell.sent, 0);
  const ttls = world.flows[0]?.nodes.length ?? 1;
  const flows = new Set(truth.cells.map((cell) => Math.floor(cell / ttls))).size;
  const bucket = truth.fault.bucket ? BUCKET_PENALTY + 0.5 * Math.log1p(flows) : 0;
  const penalty = Math.log(classes / FALSE_ALARM) + 0.5 * Math.log1p(sent) + bucket;
  return bestGain(cells) > penalty && (!hasBursts || strikesIn(cells) === 'apart');
}

/** What any rule has to go by where healthy links lose in bursts as well. */
export function strikesOf(
  truth: TruthClass,
  { world, counts }: Pick<Measured, 'world' | 'counts'>,
): Strikes {
  return strikesIn(cellsOf(truth, world, counts));
}

/** Probes to who answers all of what reaches it, where the fault shows. */
export function evidenceFor(
  truth: TruthClass,
  { world, counts }: Pick<Measured, 'world' | 'counts'>,
): number {
  return cellsOf(truth, world, counts).reduce((sum, { sent }) => sum + sent, 0);
}

function strikesIn(cells: readonly Cell[]): Strikes {
  const rounds = cells.flatMap(({ lostIn }) => lostIn);
  if (rounds.length === 0) return 'never';
  return Math.max(...rounds) - Math.min(...rounds) >= BURST_ROUNDS ? 'apart' : 'once';
}

function cellsOf(truth: TruthClass, world: World, counts: PathCounts): Cell[] {
  const ttls = world.flows[0]?.nodes.length ?? 1;
  return truth.cells.flatMap((cell): Cell[] => {
    const [index, hop] = [Math.floor(cell / ttls), cell % ttls];
    const flow = world.flows[index];
    const counted = counts.flows[index];
    const router = world.routers[flow?.nodes[hop] ?? -1];
    // How much a limit lets through is for nobody to know.
    if (flow === undefined || counted === undefined || router?.limit !== undefined) return [];
    const isTarget = hop === ttls - 1;
    const back = isTarget
      ? flow.returnCables
      : (world.addresses[flow.addresses[hop] ?? -1]?.returnCables ?? []);
    const cables = hop + 1 + back.length;
    const others = world.faults.filter((fault) => fault !== truth.fault);
    const chance = others.reduce(
      (product, fault) => product * (1 - lossIn(fault, flow.cables, hop)),
      (1 - world.baseLoss) ** cables * (router?.answerRatio ?? 1),
    );
    return [
      {
        sent: counted.sent[hop] ?? 0,
        received: counted.received[hop] ?? 0,
        chance,
        lostIn: counted.lostIn?.[hop] ?? [],
      },
    ];
  });
}

/** What another fault on a link takes of the probes to a hop. */
function lossIn({ element, lossRatio }: Fault, cables: readonly number[], hop: number): number {
  if (element.kind !== 'cable') return 0;
  const at = cables.indexOf(element.cable);
  return at !== -1 && at <= hop ? lossRatio : 0;
}

/** By how many nats some loss explains the counts better than none. */
function bestGain(cells: readonly Cell[]): number {
  let best = 0;
  for (let step = 0; step <= STEPS; step++) {
    const theta = THETA_MAX * (THETA_MIN / THETA_MAX) ** (step / STEPS);
    best = Math.max(best, gainAt(cells, theta));
  }
  return best;
}

function gainAt(cells: readonly Cell[], theta: number): number {
  let gain = 0;
  for (const { sent, received, chance } of cells) {
    const lost = sent - received;
    gain += received * theta;
    if (lost > 0) gain += lost * Math.log((1 - chance * Math.exp(theta)) / (1 - chance));
  }
  return gain;
}
