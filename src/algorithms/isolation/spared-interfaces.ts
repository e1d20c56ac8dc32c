/** What a round leaves out, so that no interface is asked for more than it bears. */

import { STAR } from '../../model/path-counts.ts';
import type { FlowTable } from './flow-table.ts';
import type { PlannedProbe, RoundPlanOptions } from './round-options.ts';

/** Probes of the first rounds that one interface answers: its rate would stretch them with more. */
export const ANSWERS_MAX = 80;
const LIMITED_PER_ROUND = 6;
/** As many unanswered probes of a flow are a silent router’s: hardly any answer is to come. */
const STAR_PROBES_MAX = 32;

/** At most so many probes for one interface, or for those of a TTL that nobody knows yet. */
export function spareAll(
  table: FlowTable,
  probes: readonly PlannedProbe[],
  { minTtl, size = 1 }: RoundPlanOptions,
): PlannedProbe[] {
  const most = ANSWERS_MAX * size;
  const asked = new Map<number, number>();
  return probes.filter(({ flow, ttl }) => {
    const responder = table.responderAt(flow, ttl - minTtl);
    const key = responder === STAR ? -ttl : responder;
    const count = asked.get(key) ?? 0;
    asked.set(key, count + 1);
    return count < most;
  });
}

/**
 * Asks limited interfaces no more than they bear. Where paths have stars at their hops, nearly all
 * of that is for these: a path once known stays so, and each answer may clear another one.
 */
export function spareLimited(
  table: FlowTable,
  probes: readonly PlannedProbe[],
  { minTtl, limited, random, chosen, limitedPerRound = () => LIMITED_PER_ROUND }: RoundPlanOptions,
): PlannedProbe[] {
  if (limited.size === 0) return [...probes];
  // Rounded up as often as the fraction says.
  const budgets = new Map(
    [...limited].map((who) => [who, Math.floor(limitedPerRound(who) + random.unit())]),
  );
  const budgetsAt = limitedByHop(table, chosen, budgets);
  const left = new Map(budgets);
  const starsLeft = new Map<number, number>();
  for (const [hop, here] of budgetsAt) {
    if (!here.hasStars) continue;
    let sum = 0;
    for (const who of here.interfaces) {
      const budget = budgets.get(who) ?? 0;
      left.set(who, Math.min(budget, 1));
      sum += budget;
    }
    starsLeft.set(hop, sum);
  }
  return probes.filter(({ flow, ttl }) => {
    const hop = ttl - minTtl;
    const responder = table.responderAt(flow, hop);
    const [counts, key] = isStar(table, flow, hop) ? [starsLeft, hop] : [left, responder];
    const count = counts.get(key);
    if (count === undefined) return true;
    counts.set(key, count - 1);
    return count > 0;
  });
}

interface LimitedHop {
  readonly interfaces: Set<number>;
  hasStars: boolean;
}

/** By hop: the limited interfaces there, and whether flows have a star in their place. */
function limitedByHop(
  table: FlowTable,
  chosen: readonly number[],
  limited: ReadonlyMap<number, unknown>,
): ReadonlyMap<number, LimitedHop> {
  const hops = new Map<number, LimitedHop>();
  for (const flow of chosen) {
    const end = table.reachedHop(flow) ?? table.lastKnownHop(flow) + 2;
    for (let hop = 0; hop < end; hop++) {
      const here = hops.get(hop) ?? { interfaces: new Set(), hasStars: false };
      hops.set(hop, here);
      const responder = table.responderAt(flow, hop);
      if (limited.has(responder)) here.interfaces.add(responder);
      if (isStar(table, flow, hop)) here.hasStars = true;
    }
  }
  return new Map([...hops].filter(([, { interfaces }]) => interfaces.size > 0));
}

/** Whether a flow has asked at a hop, and nobody answered: not yet so often that nobody will. */
function isStar(table: FlowTable, flow: number, hop: number): boolean {
  const asked = table.askedAt(flow, hop);
  return table.responderAt(flow, hop) === STAR && asked > 0 && asked < STAR_PROBES_MAX;
}
