/**
 * Which cells a round probes, and how often each. Every flow is probed at every TTL up to the
 * target. Interfaces that few flows cross can bear more probes of each flow than one that all cross,
 * at the same load on their control planes, so wide hops get several attempts a round.
 */

import type { Random } from '../../lib/random.ts';
import { STAR } from '../../model/path-counts.ts';
import type { FlowTable } from './flow-table.ts';

/** One probe to send. */
export interface PlannedProbe {
  readonly flow: number;
  readonly ttl: number;
}

export interface RoundPlanOptions {
  readonly flows: number;
  readonly minTtl: number;
  readonly maxTtl: number;
}

/** Probes of one (flow, TTL) in a round at most. */
const ATTEMPTS_MAX = 4;
/** Hops probed before anything is known: most data-centre paths are shorter. */
const FIRST_HOPS = 8;
/** Silent hops probed behind the last one that answered, while the target's distance is unknown. */
const GAP_HOPS = 4;
/** Probes a round for an interface that limits its replies: enough to keep it on the map. */
const LIMITED_PER_ROUND = 6;

/**
 * The probes of the next round, in random order: a fixed order would fall into step with token
 * buckets on the way, and starve the same flows in every round.
 */
export function planRound(
  table: FlowTable,
  flows: readonly number[],
  limited: ReadonlySet<number>,
  { options, random }: { options: RoundPlanOptions; random: Random },
): PlannedProbe[] {
  const crossing = flowsByResponder(table, options);
  const targetHop = farthestTarget(table, options);
  const orders: PlannedProbe[] = [];
  for (const flow of flows) {
    const lastHop = lastHopToProbe(table, flow, targetHop, options);
    for (let hop = 0; hop <= lastHop; hop++) {
      const sharing = crossing.get(table.responderAt(flow, hop)) ?? options.flows;
      const attempts = Math.min(ATTEMPTS_MAX, Math.max(1, Math.floor(options.flows / sharing)));
      for (let i = 0; i < attempts; i++) orders.push({ flow, ttl: options.minTtl + hop });
    }
  }
  return spareLimited(table, random.shuffle(orders), limited, options);
}

function flowsByResponder(table: FlowTable, options: RoundPlanOptions): Map<number, number> {
  const crossing = new Map<number, number>();
  for (let flow = 0; flow < options.flows; flow++) {
    for (let hop = 0; hop <= options.maxTtl - options.minTtl; hop++) {
      const responder = table.responderAt(flow, hop);
      if (responder !== STAR) crossing.set(responder, (crossing.get(responder) ?? 0) + 1);
    }
  }
  return crossing;
}

/** The largest distance at which the target has answered any flow. */
function farthestTarget(table: FlowTable, options: RoundPlanOptions): number | undefined {
  let farthest: number | undefined;
  for (let flow = 0; flow < options.flows; flow++) {
    const hop = table.reachedHop(flow);
    if (hop !== undefined && hop > (farthest ?? -1)) farthest = hop;
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
  const known = table.lastKnownHop(flow);
  // A flow that is not there yet may only be longer than the others, or lose its probes on the way.
  const last =
    targetHop === undefined
      ? Math.max(FIRST_HOPS - minTtl, known + GAP_HOPS)
      : Math.max(targetHop, known + 1);
  return Math.min(last, maxTtl - minTtl);
}

function spareLimited(
  table: FlowTable,
  orders: readonly PlannedProbe[],
  limited: ReadonlySet<number>,
  { minTtl }: RoundPlanOptions,
): PlannedProbe[] {
  const planned = new Map<number, number>();
  return orders.filter(({ flow, ttl }) => {
    const responder = table.responderAt(flow, ttl - minTtl);
    if (!limited.has(responder)) return true;
    const count = (planned.get(responder) ?? 0) + 1;
    planned.set(responder, count);
    return count <= LIMITED_PER_ROUND;
  });
}
