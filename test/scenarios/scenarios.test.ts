import { describe, expect, test } from 'vitest';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { loadScenario, shippedScenarios } from '../../src/runtime/scenario-files.ts';
import {
  describeRun,
  FAMILIES,
  flowsAcross,
  isBlamed,
  isolateSimulated,
  type SimulatedRun,
} from '../support/simulated-isolation.ts';

/** Any will do: every one of them must give the truth. */
const SEEDS = [1, 2];

/** What a run gives that does not match the file's truth yet, and why. */
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

const RUNS = shippedScenarios().flatMap((name) =>
  FAMILIES.map((family) => ({ name, family, exception: exceptionFor(name, family) })),
);

function exceptionFor(name: string, family: number): Exception | undefined {
  const exception = EXCEPTIONS[name];
  return exception?.families.includes(family) ? exception : undefined;
}

/** Whether a record says what the file says. */
function isTrue(record: IsolateRecord, { scenario }: SimulatedRun): boolean {
  const { verdict, suspects: places } = scenario.truth;
  if (record.verdict !== verdict) return false;
  const areAllBlamed = places.every((place) => isBlamed(record, scenario, place));
  return record.suspects.length === places.length && areAllBlamed;
}

describe.each(RUNS)('$name over IPv$family', ({ name, family, exception }) => {
  const { scenario } = loadScenario(name);
  const options = ASKED[name] ?? {};
  const runs = SEEDS.map((seed): SimulatedRun => ({ scenario, family, seed, options })).filter(
    (run) => scenario.truth.suspects.every((place) => flowsAcross(run, place) > 0),
  );
  const claim = exception?.why ?? `is ${scenario.truth.verdict}`;

  test.each(runs)(`seed $seed: ${claim}`, async (run) => {
    const record = await isolateSimulated(run);
    const isRight = exception?.isAsKnown ?? isTrue;
    expect(isRight(record, run), describeRun(record, run)).toBe(true);
  });
});
