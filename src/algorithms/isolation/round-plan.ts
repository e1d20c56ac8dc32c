/**
 * Which cells a round probes, and how often each. Every flow is probed at every TTL up to the
 * target; interfaces that few flows cross bear more probes of each, at the same load on their
 * control planes, so wide hops get several a round. The aim is equal evidence on every link.
 */

import type { Random } from '../../lib/random.ts';
import { STAR } from '../../model/path-counts.ts';
import { closerLooks } from './closer-looks.ts';
import type { FlowTable } from './flow-table.ts';
import type { PlannedProbe, RoundPlanOptions } from './round-options.ts';
import { searchLooks } from './search-looks.ts';
import { spareAll, spareLimited } from './spared-interfaces.ts';

/** Probes a round for each TTL, times the number of flows, and for each interface at least … */
const PER_TTL = 6;
const PER_INTERFACE_MIN = 24;
/** … but a flow counts for no more and no less than this many others. */
const WEIGHT_MAX = 16;
const WEIGHT_MIN = 0.25;
/** Probes of a round for a hop that has not answered a lead, unless most flows are leads. */
const LEAD_ATTEMPTS = 6;
/** Probes a round for a hop that may be silent, or may only have been unlucky. */
const DOUBTFUL_ATTEMPTS = 3;
/**
 * Probes of the first rounds over known hops, closer looks included: about half a second. A run
 * ends two rounds after enough is known, so that long ones are mostly waste. With
 * more flows than this suffices for, each round probes some of the cells.
 */
const KNOWN_PER_ROUND = 1000;
/** The same beside a search. */
const KNOWN_BESIDE_SEARCH = 200;
/** Beyond this share of flows that have yet to explore a hop, it gets one probe a flow. */
const UNEXPLORED_SHARE = 0.25;
/** Hops probed before anything is known: most data-centre paths are shorter. */
const FIRST_HOPS = 8;
/** Silent hops probed behind the last one that answered, while the target's distance is unknown. */
const GAP_HOPS = 4;

/**
 * The probes of the next round, in random order: a fixed order would fall into step with token
 * buckets on the way, and starve the same flows in every round.
 */
export function planRound(table: FlowTable, options: RoundPlanOptions): PlannedProbe[] {
  const { chosen, leads, random, hidden, inFlight = [], size = 1, minTtl } = options;
  const farthest = farthestTargets(table, options);
  const paths = new Map(
    chosen.map((flow) => {
      const targetHop = farthest.get(table.targetOf(flow));
      return [flow, pathToProbe(table, flow, targetHop, options)];
    }),
  );
  const closer = new Set(leads.length <= chosen.length / 2 ? leads : []);
  const looks =
    hidden === undefined ? closerLooks(paths, options) : searchLooks(hidden, { minTtl, inFlight });
  const weights = flowWeights(paths);
  const shares = interfaceShares(paths, weights, options);
  const unexplored = unexploredHops(table, paths);
  const wanted: Wanted[] = [];
  for (const [flow, path] of paths) {
    for (const [hop, responder] of path.entries()) {
      const isKnown = responder !== STAR && !unexplored.has(hop);
      const attempts = isKnown
        ? (weights.get(flow) ?? 1) * (shares.get(responder) ?? 1)
        : unknownAttempts(table, { flow, hop, isLead: closer.has(flow) });
      wanted.push({ flow, ttl: options.minTtl + hop, attempts, isKnown });
    }
  }
  const room = hidden === undefined ? KNOWN_PER_ROUND * size - looks.length : KNOWN_BESIDE_SEARCH;
  const everywhere = random.shuffle(drawn(wanted, room, random));
  // What nobody knows anything of yet is left out last, and before it closer looks.
  const isUnexplored = ({ flow, ttl }: PlannedProbe): boolean =>
    table.isUnexplored(flow, ttl - options.minTtl);
  const first = everywhere.filter(isUnexplored);
  const last = everywhere.filter((probe) => !isUnexplored(probe));
  last.sort((a, b) => Number(closer.has(b.flow)) - Number(closer.has(a.flow)));
  const probes = [...first, ...looks, ...last];
  return random.shuffle([...spareLimited(table, spareAll(table, probes, options), options)]);
}

/** A cell, and how often it should be probed. */
interface Wanted extends PlannedProbe {
  readonly attempts: number;
  readonly isKnown: boolean;
}

/** Whole probes: rounded up as often as the fraction says, and fewer where a round has too many. */
function drawn(wanted: readonly Wanted[], room: number, random: Random): PlannedProbe[] {
  const known = wanted.reduce((sum, { attempts, isKnown }) => sum + (isKnown ? attempts : 0), 0);
  const share = Math.min(1, room / known);
  return wanted.flatMap(({ flow, ttl, attempts, isKnown }) => {
    const count = Math.floor((isKnown ? share : 1) * attempts + random.unit());
    return Array.from({ length: count }, () => ({ flow, ttl }));
  });
}

/** A lead may cross its place by a hop that is not silent, but has few answers to share out. */
function unknownAttempts(
  table: FlowTable,
  { flow, hop, isLead }: { flow: number; hop: number; isLead: boolean },
): number {
  if (isLead && !table.isUnexplored(flow, hop)) return LEAD_ATTEMPTS;
  return table.isDoubtful(flow, hop) ? DOUBTFUL_ATTEMPTS : 1;
}

/**
 * Hops that many flows have not explored yet. The few interfaces that are known there would get all
 * the probes of an interface on the few flows that are known to cross them.
 */
function unexploredHops(
  table: FlowTable,
  paths: ReadonlyMap<number, readonly number[]>,
): ReadonlySet<number> {
  const counts = new Map<number, number>();
  for (const [flow, path] of paths) {
    for (const hop of path.keys()) {
      if (table.isUnexplored(flow, hop)) counts.set(hop, (counts.get(hop) ?? 0) + 1);
    }
  }
  const many = UNEXPLORED_SHARE * paths.size;
  return new Set([...counts].filter(([, count]) => count > many).map(([hop]) => hop));
}

/**
 * How much each flow should be probed, 1 on average. Hashes spread flows unevenly: a flow that has
 * a link to itself is all that tells about that link, and one of many on a link tells little.
 */
function flowWeights(paths: ReadonlyMap<number, readonly number[]>): Map<number, number> {
  const crossing = new Map<string, number>();
  for (const path of paths.values()) {
    for (const link of linksOf(path)) crossing.set(link, (crossing.get(link) ?? 0) + 1);
  }
  const weights = new Map<number, number>();
  let sum = 0;
  for (const [flow, path] of paths) {
    const sharing = Math.min(...linksOf(path).map((link) => crossing.get(link) ?? 1), paths.size);
    const weight = 1 / sharing;
    weights.set(flow, weight);
    sum += weight;
  }
  for (const [flow, weight] of weights) {
    const relative = (weight * paths.size) / sum;
    weights.set(flow, Math.min(WEIGHT_MAX, Math.max(WEIGHT_MIN, relative)));
  }
  return weights;
}

/** Links between hops that answer; the silent ones between them belong to the link. */
function linksOf(path: readonly number[]): string[] {
  const links: string[] = [];
  let near: number | undefined;
  for (const [hop, far] of path.entries()) {
    if (far === STAR) continue;
    if (near !== undefined) links.push(`${path[near]} ${hop - near} ${far}`);
    near = hop;
  }
  return links;
}

/** By interface: probes for each unit of weight that crosses it. */
function interfaceShares(
  paths: ReadonlyMap<number, readonly number[]>,
  weights: ReadonlyMap<number, number>,
  { chosen }: RoundPlanOptions,
): Map<number, number> {
  const flows = chosen.length;
  const weightAt = new Map<number, number>();
  const seenAt: Set<number>[] = [];
  for (const [flow, path] of paths) {
    for (const [hop, responder] of path.entries()) {
      if (responder === STAR) continue;
      weightAt.set(responder, (weightAt.get(responder) ?? 0) + (weights.get(flow) ?? 1));
      seenAt[hop] = (seenAt[hop] ?? new Set()).add(responder);
    }
  }
  const shares = new Map<number, number>();
  for (const seen of seenAt) {
    for (const responder of seen ?? []) {
      const fair = Math.max(PER_INTERFACE_MIN, (PER_TTL * flows) / seen.size);
      shares.set(responder, Math.min(flows, fair) / (weightAt.get(responder) ?? 1));
    }
  }
  return shares;
}

/** Who answers a flow at each hop that is worth probing, `STAR` where nobody has yet. */
function pathToProbe(
  table: FlowTable,
  flow: number,
  targetHop: number | undefined,
  options: RoundPlanOptions,
): number[] {
  const hops = lastHopToProbe(table, flow, targetHop, options) + 1;
  return Array.from({ length: hops }, (_, hop) => table.responderAt(flow, hop));
}

/** By target: the largest distance at which it has answered any flow. */
function farthestTargets(table: FlowTable, options: RoundPlanOptions): ReadonlyMap<number, number> {
  const farthest = new Map<number, number>();
  for (let flow = 0; flow < options.flows; flow++) {
    const hop = table.reachedHop(flow);
    const target = table.targetOf(flow);
    if (hop !== undefined && hop > (farthest.get(target) ?? -1)) farthest.set(target, hop);
  }
  return farthest;
}

function lastHopToProbe(
  table: FlowTable,
  flow: number,
  targetHop: number | undefined,
  { minTtl, maxTtl }: RoundPlanOptions,
): number {
  const reachedHop = table.reachedHop(flow);
  if (reachedHop !== undefined) return reachedHop;
  const refusal = table.refusal(flow);
  if (refusal !== undefined) return refusal.hop;
  const loopHop = table.loopHop(flow);
  if (loopHop !== undefined) return Math.max(targetHop ?? loopHop, loopHop);
  const known = table.lastKnownHop(flow);
  // A flow that is not there yet may only be longer than the others, or lose its probes on the way.
  const last =
    targetHop === undefined
      ? Math.max(FIRST_HOPS - minTtl, known + GAP_HOPS)
      : Math.max(targetHop, known + 1);
  return Math.min(last, maxTtl - minTtl);
}
