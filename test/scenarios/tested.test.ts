/**
 * Networks whose truth is measured, but that are not shipped: what a run says of each, and where
 * that is less than the file knows, why no probe can tell more.
 */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { IsolateRecord } from '../../src/model/isolate-record.ts';
import { parseScenario, type Scenario } from '../../src/sim/scenario.ts';
import { isTrue } from '../support/shipped-truth.ts';
import {
  describeRun,
  FAMILIES,
  isolateSimulated,
  suspectsIn,
} from '../support/simulated-isolation.ts';

const SEEDS = [1, 2];

function scenarioNamed(name: string): Scenario {
  const file = new URL(`tested/${name}.json`, import.meta.url);
  return parseScenario(JSON.parse(readFileSync(file, 'utf8')));
}

const isTold = (record: IsolateRecord, scenario: Scenario): boolean => isTrue(record, { scenario });

/** A router that drops all of a flow looks like the link behind it: neither lets it be seen again. */
const isBehindFirstRouter = (record: IsolateRecord, scenario: Scenario): boolean =>
  record.verdict === 'loss-located' &&
  record.suspects.length === 1 &&
  (suspectsIn(record, scenario)[0] ?? []).includes('link r1.0 unseen');

const CASES: readonly {
  readonly name: string;
  readonly claim: string;
  readonly isRight: (record: IsolateRecord, scenario: Scenario) => boolean;
}[] = [
  { name: 'router-behind-a-tunnel-loses-10-percent', claim: 'is one router', isRight: isTold },
  { name: 'router-behind-a-tunnel-is-a-black-hole', claim: 'is one router', isRight: isTold },
  { name: 'flaky-control-planes-are-not-loss', claim: 'are no loss', isRight: isTold },
  { name: 'middlebox-shifts-sequence-numbers', claim: 'hides no loss', isRight: isTold },
  { name: 'shifted-acknowledgments-on-one-way-back', claim: 'hide no loss', isRight: isTold },
  { name: 'shifted-acknowledgments-of-half-the-flows', claim: 'are no loss', isRight: isTold },
  { name: 'nat-that-does-not-restore-quotes', claim: 'hides no loss', isRight: isTold },
  {
    name: 'one-flow-loses-everything',
    claim: 'is lost behind the router before',
    isRight: isBehindFirstRouter,
  },
  {
    name: 'one-hash-bucket-loses-everything',
    claim: 'is lost behind the router before',
    isRight: isBehindFirstRouter,
  },
  {
    name: 'asymmetric-return-with-loss',
    claim: 'is a loss on the way back, whose links no probe names',
    isRight: (record) =>
      record.verdict === 'return-loss' &&
      record.suspects.every(({ direction }) => direction === 'return'),
  },
  {
    name: 'nat-that-changes-ports-by-packet',
    claim: 'sprays packets over the routers that are named together',
    isRight: (record, scenario) =>
      record.verdict === 'loss-located' &&
      record.suspects.length === 1 &&
      (suspectsIn(record, scenario)[0]?.[0] ?? '').includes('r2.1') &&
      record.summary.includes('sprayed'),
  },
];

describe.each(CASES)('$name', ({ name, claim, isRight }) => {
  const scenario = scenarioNamed(name);
  const runs = FAMILIES.flatMap((family) => SEEDS.map((seed) => ({ scenario, family, seed })));

  test.each(runs)(`${claim} (IPv$family, seed $seed)`, async (run) => {
    const record = await isolateSimulated(run);
    expect(isRight(record, scenario), describeRun(record, run)).toBe(true);
  });
});
