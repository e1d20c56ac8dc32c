import { describe, expect, test } from 'vitest';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { loadScenario, shippedScenarios } from '../../src/runtime/scenario-files.ts';
import {
  describeRun,
  FAMILIES,
  flowsAcross,
  isBlamed,
  isFoundAlone,
  isolateSimulated,
  type SimulatedRun,
  suspectsIn,
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
    // The loss of replies is not told apart yet. Routers that answer over the lossy link are
    // blamed at times; links other than that one and the target's are not.
    why: 'lost replies are not told apart yet, but no fine link is blamed for them',
    families: FAMILIES,
    isAsKnown: (record, { scenario }) =>
      suspectsIn(record, scenario)
        .flat()
        .filter((name) => name.startsWith('link '))
        .every((name) => name === 'link r1.0 r2.1' || name === 'link r4.0 target'),
  },
  'last-router-before-the-target': {
    why: 'the interfaces of the last routers join only behind the target, so it may take the blame',
    families: [4],
    isAsKnown: (record, { scenario }) =>
      record.verdict === 'target-loss' ||
      isBlamed(record, scenario, { kind: 'router', name: 'r3.1' }),
  },
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
  const { verdict, suspect } = scenario.truth;
  if (record.verdict !== verdict) return false;
  if (suspect === undefined) return record.suspects.length === 0;
  return isFoundAlone(record, scenario, suspect);
}

describe.each(RUNS)('$name over IPv$family', ({ name, family, exception }) => {
  const { scenario } = loadScenario(name);
  const { suspect } = scenario.truth;
  const runs = SEEDS.map((seed): SimulatedRun => ({ scenario, family, seed })).filter(
    (run) => suspect === undefined || flowsAcross(run, suspect) > 0,
  );
  const claim = exception?.why ?? `is ${scenario.truth.verdict}`;

  test.each(runs)(`seed $seed: ${claim}`, async (run) => {
    const record = await isolateSimulated(run);
    const isRight = exception?.isAsKnown ?? isTrue;
    expect(isRight(record, run), describeRun(record, run)).toBe(true);
  });
});
