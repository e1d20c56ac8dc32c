/** One run to several targets: what they share is judged by all, what they do not by each. */

import { describe, expect, test } from 'vitest';
import {
  describeRun,
  FAMILIES,
  isFoundAlone,
  isolateSimulated,
  type SimulatedRun,
  scenarioOf,
} from '../support/simulated-isolation.ts';

const SEEDS = [1];
const NAMES = ['db7', 'db8', 'db9'];
const FABRIC = { fabric: { widths: [1, 4, 4, 2] } };
const BEHIND = { db8: ['r3.0', 'r3.1'], db9: ['r4.0', 'r4.1'] };
const SHARED = { kind: 'link', near: 'r1.0', far: 'r2.1' } as const;

type Answer = 'refuse' | 'accept' | 'drop';

/** A fabric that leads to three hosts, of which the second is nearer. */
function threeTargets(traits: object, [first, second, third]: readonly Answer[]) {
  return scenarioOf({
    ...FABRIC,
    ...traits,
    target: { answer: first },
    otherTargets: [
      { name: 'db8', behind: BEHIND.db8, answer: second },
      { name: 'db9', behind: BEHIND.db9, answer: third },
    ],
  });
}

function runsOf(scenario: SimulatedRun['scenario'], options: SimulatedRun['options'] = {}) {
  return FAMILIES.flatMap((family) =>
    SEEDS.map((seed): SimulatedRun => {
      return { scenario, family, seed, options: { flows: 32, ...options, targetNames: NAMES } };
    }),
  );
}

describe.each(['tcp', 'udp', 'icmp'] as const)('a link that three paths share (%s)', (protocol) => {
  const fault = { faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.2 }] };
  const scenario = threeTargets(fault, ['refuse', 'accept', 'refuse']);

  test.each(runsOf(scenario, { protocol }))(
    'is named once (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(isFoundAlone(record, scenario, SHARED), describeRun(record, run)).toBe(true);
      expect(record.verdict).toBe('loss-located');
      expect(record.targets.map(({ name }) => name)).toEqual(NAMES);
      expect(new Set(record.targets.map(({ address }) => address)).size).toBe(3);
      expect(record.flows.map(({ target }) => target)).toEqual(
        NAMES.flatMap((_, target) => new Array<number>(32).fill(target)),
      );
      const hit = new Set(record.flows.flatMap(({ target, lossy }) => (lossy ? [target] : [])));
      expect(hit.size).toBe(3);
      expect(record.summary).toContain('of 96 flows to db7, db8 and db9');
    },
  );
});

test.each(runsOf(threeTargets({}, ['refuse', 'accept', 'refuse'])))(
  'every path ends at its own target, and none loses anything (IPv$family, seed $seed)',
  async (run) => {
    const record = await isolateSimulated(run);
    expect(record.verdict, describeRun(record, run)).toBe('no-loss');
    const ends = record.flows.map(({ path }) => path.at(-1));
    expect(ends).toEqual(record.flows.map(({ target }) => record.targets[target]?.address));
    const lengths = record.flows.map(({ path }) => path.length);
    expect(lengths).toEqual(record.flows.map(({ target }) => (target === 1 ? 4 : 5)));
  },
);

test.each(runsOf(threeTargets({}, ['refuse', 'refuse', 'drop'])))(
  'a target that never answers is named, and the others are not (IPv$family, seed $seed)',
  async (run) => {
    const record = await isolateSimulated(run);
    expect(record.verdict, describeRun(record, run)).toBe('target-unreachable');
    expect(record.summary).toMatch(/^db9 answers none of 32 flows; the last to answer are /);
    expect(record.summary).toMatch(/nor on the way to db7 and db8\.$/);
    expect(record.paths.broken).toBeGreaterThan(0);
    expect(record.suspects).toEqual([]);
  },
);

test('of several targets, one that leaves probes unanswered alone is the one that is blamed', async () => {
  const limit = { answerLimit: { perSecond: 20, burst: 20 } };
  const scenario = scenarioOf({
    ...FABRIC,
    otherTargets: [{ name: 'db8', behind: BEHIND.db9, ...limit }],
  });
  const options = { flows: 32, targetNames: ['db7', 'db8'] };
  const run: SimulatedRun = { scenario, family: 4, seed: 1, options };
  const record = await isolateSimulated(run);
  expect(record.verdict, describeRun(record, run)).toBe('target-loss');
  expect(record.summary).toMatch(/^db8 leaves /);
  expect(record.suspects[0]?.addresses).toEqual([record.targets[1]?.address]);
});

test('flows to several targets name a link that too few flows to one of them cross', async () => {
  const fault = { faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.5 }] };
  const scenario = threeTargets(fault, ['refuse', 'refuse', 'refuse']);
  const foundBy = async (targets: number): Promise<number> => {
    const options = { flows: 4, targetNames: NAMES.slice(0, targets) };
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const runs = seeds.map((seed): SimulatedRun => ({ scenario, family: 4, seed, options }));
    const records = await Promise.all(runs.map(isolateSimulated));
    return records.filter((record) => isFoundAlone(record, scenario, SHARED)).length;
  };
  expect(await foundBy(3)).toBe(8);
  expect(await foundBy(1)).toBeLessThan(8);
});
