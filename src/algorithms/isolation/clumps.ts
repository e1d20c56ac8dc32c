/**
 * Clumps: hops at which a balancer sends each packet of one flow another way. Their interfaces
 * cannot be told apart by flow, so they stand for one place. A runs test tells such hops from those
 * whose route changed now and then: there answers come in long runs, here as drawn by lot.
 */

import { isByLot, runsStatistics } from '../runs-test.ts';
import { type AnswerSequence, type Flapping, type FlowAtHop, steadyBeside } from './flapping.ts';

/** One flow alone must have changed to and fro more often than this; … */
const RUNS_MIN = 4;
/** … or this many flows must each have come back to a responder that they had left. */
const RETURNS_MIN = 3;

/** What unsteady hops turn out to be. */
export interface Clumps extends Flapping {
  /** By address index: all members of its clump, ascending; only for members of one. */
  readonly members: ReadonlyMap<number, readonly number[]>;
}

/**
 * Finds the hops that are sprayed over, and those that only flap too fast to tell.
 *
 * @param all what answered each flow at each hop, steady or not
 */
export function clumpsAmong(all: readonly FlowAtHop[]): Clumps {
  const groups = new AddressGroups();
  const restless = new Map<number, number>();
  const unknown = new Set<number>();
  for (const [hop, here] of [...byHop(all)].sort(([a], [b]) => a - b)) {
    const changing = here.filter(
      ({ flow, answers }) => !restless.has(flow) && new Set(answers).size > 1,
    );
    for (const connected of connectedSequences(changing)) {
      if (!isSprayed(connected)) continue;
      const beside = steadyBeside(connected, here);
      if (beside === undefined) {
        groups.join(connected.flatMap(({ answers }) => answers));
        continue;
      }
      for (const { flow } of connected) restless.set(flow, hop);
      for (const flow of beside.unknown) unknown.add(flow);
    }
  }
  return { members: groups.members(), restless, unknown };
}

function byHop(all: readonly FlowAtHop[]): ReadonlyMap<number, FlowAtHop[]> {
  const hops = new Map<number, FlowAtHop[]>();
  for (const each of all) {
    const here = hops.get(each.hop);
    if (here === undefined) hops.set(each.hop, [each]);
    else here.push(each);
  }
  return hops;
}

/** Whether flows change to and fro at a hop as if each packet were drawn by lot. */
function isSprayed(sequences: readonly AnswerSequence[]): boolean {
  let [runs, expected, variance, returns] = [0, 0, 0, 0];
  let hasMany = false;
  for (const { answers } of sequences) {
    const statistics = runsStatistics(answers);
    runs += statistics.runs;
    expected += statistics.expected;
    variance += statistics.variance;
    if (statistics.runs > new Set(answers).size) returns++;
    if (statistics.runs >= RUNS_MIN) hasMany = true;
  }
  if (!hasMany && returns < RETURNS_MIN) return false;
  return isByLot({ runs, expected, variance });
}

/** Groups sequences that have an address in common. */
function connectedSequences(sequences: readonly FlowAtHop[]): FlowAtHop[][] {
  const groups = new AddressGroups();
  for (const { answers } of sequences) groups.join(answers);
  const connected = new Map<number, FlowAtHop[]>();
  for (const sequence of sequences) {
    const root = groups.rootOf(sequence.answers[0] ?? 0);
    connected.set(root, [...(connected.get(root) ?? []), sequence]);
  }
  return [...connected.values()];
}

/** Sets of addresses that only ever grow together. */
class AddressGroups {
  readonly #parents = new Map<number, number>();

  join(addresses: readonly number[]): void {
    const root = this.rootOf(addresses[0] ?? 0);
    for (const address of addresses) this.#parents.set(this.rootOf(address), root);
  }

  rootOf(address: number): number {
    let root = address;
    for (;;) {
      const parent = this.#parents.get(root);
      if (parent === undefined || parent === root) return root;
      root = parent;
    }
  }

  members(): Map<number, readonly number[]> {
    const byRoot = new Map<number, number[]>();
    for (const address of this.#parents.keys()) {
      const root = this.rootOf(address);
      byRoot.set(root, [...(byRoot.get(root) ?? []), address]);
    }
    const members = new Map<number, readonly number[]>();
    for (const group of byRoot.values()) {
      if (group.length < 2) continue;
      group.sort((a, b) => a - b);
      for (const address of group) members.set(address, group);
    }
    return members;
  }
}
