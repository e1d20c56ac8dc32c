/**
 * Clumps: hops at which a balancer sends each packet of one flow another way. Their interfaces
 * cannot be told apart by flow, so they stand for one place. A runs test tells such hops from those
 * whose route changed now and then: there answers come in long runs, here as drawn by lot.
 */

import { isByLot, runsStatistics } from '../runs-test.ts';

/** Who answered one flow at one hop, reply by reply. */
export interface AnswerSequence {
  readonly hop: number;
  readonly answers: readonly number[];
}

/** One flow alone must have changed to and fro more often than this; … */
const RUNS_MIN = 4;
/** … or this many flows must each have come back to a responder that they had left. */
const RETURNS_MIN = 3;

/**
 * Finds the clumps among sequences with more than one responder.
 *
 * @returns by address index: all members of its clump, ascending; only for members of one
 */
export function clumpsAmong(sequences: readonly AnswerSequence[]): Map<number, readonly number[]> {
  const groups = new AddressGroups();
  const byHop = new Map<number, AnswerSequence[]>();
  for (const sequence of sequences) {
    byHop.set(sequence.hop, [...(byHop.get(sequence.hop) ?? []), sequence]);
  }
  for (const sharing of byHop.values()) {
    for (const connected of connectedSequences(sharing)) {
      if (isSprayed(connected)) groups.join(connected.flatMap(({ answers }) => answers));
    }
  }
  return groups.members();
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
function connectedSequences(sequences: readonly AnswerSequence[]): AnswerSequence[][] {
  const groups = new AddressGroups();
  for (const { answers } of sequences) groups.join(answers);
  const connected = new Map<number, AnswerSequence[]>();
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
