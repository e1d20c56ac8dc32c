/**
 * Targets that accept connections: of a flow they answer one SYN at a time, and repeat what gets
 * lost on the way back.
 */

import { describe, expect, test } from 'vitest';
import {
  describeRun,
  FAMILIES,
  isFoundAlone,
  isolateSimulated,
  type SimulatedRun,
  scenarioOf,
} from '../support/simulated-isolation.ts';

const FABRIC = { fabric: { widths: [1, 4, 4, 1] }, target: { answer: 'accept' } };
const NEAR = { ...FABRIC, linkDelayMs: 0.4 };
/** 160 ms there and back: most probes of a flow are sent while others are on their way. */
const FAR = { ...FABRIC, linkDelayMs: 20 };
const PLACE = { kind: 'link', near: 'r2.1', far: 'r3.2' } as const;
const SEEDS = [1, 2, 3];

function runsOf(traits: object, options: SimulatedRun['options'] = {}): SimulatedRun[] {
  const scenario = scenarioOf(traits);
  return FAMILIES.flatMap((family) => SEEDS.map((seed) => ({ scenario, family, seed, options })));
}

describe('answers that get lost on the way back', () => {
  const back = (returnLoss: number): object => ({
    ...NEAR,
    faults: [{ link: ['r1.0', 'r2.1'], returnLoss }],
  });

  test.each([
    ...runsOf(back(0.1)),
    ...runsOf(back(0.2), { confidence: 0.9999 }),
    ...runsOf(back(0.2), { maxTimeUs: 8_000_000 }),
    ...runsOf(back(0.3)),
  ])('are blamed on nothing else (IPv$family, seed $seed, $options)', async (run) => {
    const record = await isolateSimulated(run);
    expect(record.verdict, describeRun(record, run)).toBe('return-loss');
    expect(new Set(record.suspects.map(({ direction }) => direction))).toEqual(new Set(['return']));
  });
});

describe('a target far away', () => {
  const faults = [{ link: [PLACE.near, PLACE.far], forwardLoss: 0.2 }];

  test.each(runsOf(FAR))('loses nothing (IPv$family, seed $seed)', async (run) => {
    const record = await isolateSimulated(run);
    expect(record.verdict, describeRun(record, run)).toBe('no-loss');
    expect(record.rejected).toEqual([]);
    expect(record.flows.filter(({ lossy }) => lossy)).toEqual([]);
  });

  test.each(runsOf({ ...FAR, faults }))(
    'is not blamed beside a lossy link (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
    },
  );
});
