/** Whether a run on a shipped scenario says what its file says, and where no run can say as much. */

import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { loadScenario, shippedScenarios } from '../../src/runtime/scenario-files.ts';
import { FAMILIES, flowsAcross, isBlamed, type SimulatedRun } from './simulated-isolation.ts';

/** What a run gives that is less than the file's truth, and why. */
interface Exception {
  readonly why: string;
  readonly families: readonly number[];
  readonly isAsKnown: (record: IsolateRecord, run: SimulatedRun) => boolean;
}

const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  'link-loses-on-the-way-back': {
    // Late SYN-ACKs tell the direction. Which link of the way back it is, no probe of ours shows.
    why: 'the loss is on the way back, on a link that no probe can name',
    families: FAMILIES,
    isAsKnown: (record) =>
      record.verdict === 'return-loss' &&
      record.suspects.every(({ direction }) => direction === 'return'),
  },
  'last-router-before-the-target': {
    why: 'the interfaces of the last routers join only behind the target, so it may take the blame',
    families: [4],
    isAsKnown: (record, { scenario }) =>
      record.verdict === 'target-loss' ||
      isBlamed(record, scenario, { kind: 'router', name: 'r3.1' }),
  },
};

/** What a run must be asked for to find what the file says. */
const ASKED: Readonly<Record<string, SimulatedRun['options']>> = {
  'large-packets-are-lost': { classes: [{ tos: 0 }, { tos: 0, packetBytes: 1400 }] },
  'one-dscp-class-is-lost': { classes: [{ tos: 0 }, { tos: 184 }] },
};

/** A scenario in one family. */
export interface ShippedCase {
  readonly name: string;
  readonly family: SimulatedRun['family'];
  /** What a right run says of it. */
  readonly claim: string;
  readonly isRight: (record: IsolateRecord, run: SimulatedRun) => boolean;
  /** The runs of these seeds in which some flow crosses every place at fault. */
  readonly runsOf: (seeds: readonly number[]) => readonly SimulatedRun[];
}

/** Every shipped scenario in both families. */
export function shippedCases(): ShippedCase[] {
  return shippedScenarios().flatMap(casesOf);
}

/** A scenario by its name or file, in both families. */
export function casesOf(nameOrFile: string): ShippedCase[] {
  const { name, scenario } = loadScenario(nameOrFile);
  const options = ASKED[name] ?? {};
  return FAMILIES.map((family) => {
    const exception = EXCEPTIONS[name]?.families.includes(family) ? EXCEPTIONS[name] : undefined;
    return {
      name,
      family,
      claim: exception?.why ?? `is ${scenario.truth.verdict}`,
      isRight: exception?.isAsKnown ?? isTrue,
      runsOf: (seeds) =>
        seeds
          .map((seed): SimulatedRun => ({ scenario, family, seed, options }))
          .filter((run) => scenario.truth.suspects.every((place) => flowsAcross(run, place) > 0)),
    };
  });
}

/** Whether a record says what its scenario's file says. */
export function isTrue(
  record: IsolateRecord,
  { scenario }: Pick<SimulatedRun, 'scenario'>,
): boolean {
  const { verdict, suspects: places } = scenario.truth;
  if (record.verdict !== verdict) return false;
  const areAllBlamed = places.every((place) => isBlamed(record, scenario, place));
  return record.suspects.length === places.length && areAllBlamed;
}
