/** What probes are made of: protocols, classes side by side, and what each of them can show. */

import { describe, expect, test } from 'vitest';
import { loadScenario } from '../../src/runtime/scenario-files.ts';
import {
  describeRun,
  FAMILIES,
  isFoundAlone,
  isolateSimulated,
  type SimulatedRun,
  scenarioOf,
} from '../support/simulated-isolation.ts';

const FABRIC = { fabric: { widths: [1, 4, 4, 1] }, linkDelayMs: 0.4 };
const PLACE = { kind: 'link', near: 'r2.1', far: 'r3.2' } as const;
const LOSSY = scenarioOf({ ...FABRIC, faults: [{ link: ['r2.1', 'r3.2'], forwardLoss: 0.3 }] });
const TWO_SIZES = [{ tos: 0 }, { tos: 0, packetBytes: 1400 }];
const SEEDS = [1, 2];

function runsOf(run: Omit<SimulatedRun, 'family' | 'seed'>): SimulatedRun[] {
  return FAMILIES.flatMap((family) => SEEDS.map((seed) => ({ ...run, family, seed })));
}

describe.each(['tcp', 'udp', 'icmp'] as const)('%s probes', (protocol) => {
  test.each(runsOf({ scenario: LOSSY, options: { protocol, flows: 128 } }))(
    'name the lossy link (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.protocol).toBe(protocol);
      expect(record.targets[0]?.port).toBe(protocol === 'icmp' ? null : 22);
      expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
      expect(record.reproduce.faulty).not.toEqual([]);
      const ports = record.reproduce.faulty.map(({ port }) => port);
      expect(new Set(ports)).toEqual(new Set([protocol === 'icmp' ? 0 : 22]));
    },
  );

  test.each(runsOf({ scenario: scenarioOf(FABRIC), options: { protocol, classes: TWO_SIZES } }))(
    'of two sizes get all the way and back (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('no-loss');
      expect(record.flows).toHaveLength(128);
      expect(record.flows.every(({ path }) => path.at(-1) === record.targets[0]?.address)).toBe(
        true,
      );
    },
  );
});

describe('a target that limits its ICMP errors', () => {
  const limited = { ...FABRIC, target: { answerLimit: { perSecond: 1, burst: 6 } } };

  test.each(runsOf({ scenario: scenarioOf(limited), options: { protocol: 'udp' } }))(
    'is not taken for one that loses packets (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('no-loss');
      expect(record.rejected.map(({ cause }) => cause)).toContain('target-rate-limit');
    },
  );

  const faults = [{ link: ['r2.1', 'r3.2'], forwardLoss: 0.3 }];
  test.each(runsOf({ scenario: scenarioOf({ ...limited, faults }), options: { protocol: 'udp' } }))(
    'hides no loss before it (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
    },
  );
});

describe('UDP through stock Linux routers to a stock Linux host', () => {
  const each = { perSecond: 1, burst: 6 };
  const names = ['r1.0', ...[0, 1, 2, 3].flatMap((i) => [`r2.${i}`, `r3.${i}`]), 'r4.0'];
  const routers = Object.fromEntries(names.map((name) => [name, { icmpLimitPerProber: each }]));
  const scenario = scenarioOf({ ...FABRIC, routers, target: { answerLimit: each } });

  test.each(runsOf({ scenario, options: { protocol: 'udp' } }))(
    'is limited everywhere, and lossy nowhere (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('inconclusive');
      expect(record.summary).toContain('limit their replies');
    },
  );
});

describe('a target that limits its resets', () => {
  const answerLimit = { perSecond: 9, burst: 9 };
  const limited = { ...FABRIC, target: { answer: 'refuse', answerLimit } };
  const perRouter = { icmpLimit: { perSecond: 1, burst: 6 } };
  const lastRouters = ['r3.0', 'r3.1', 'r3.2', 'r3.3', 'r4.0'];
  const routers = Object.fromEntries(lastRouters.map((name) => [name, perRouter]));

  test.each([
    { scenario: scenarioOf(limited), family: 4, seed: 1 },
    { scenario: scenarioOf({ ...limited, routers }), family: 4, seed: 1 },
    { scenario: scenarioOf({ ...limited, routers }), family: 6, seed: 2 },
  ] as const)(
    'is not taken for one that loses packets, nor are limits before it ($family, $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('no-loss');
      expect(record.rejected.map(({ cause }) => cause)).toContain('target-rate-limit');
    },
  );

  const slow = { answer: 'refuse', answerLimit: { perSecond: 1, burst: 50 } };
  test.each(runsOf({ scenario: scenarioOf({ ...FABRIC, target: slow }) }))(
    'to one a second is told by their even pace, flows that it never answered among them (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('no-loss');
      const [why] = record.rejected.flatMap((each) =>
        each.cause === 'target-rate-limit' ? [each.why] : [],
      );
      expect(why).toContain('each some time after the one before');
    },
  );

  const all = ['r1.0', 'r2.0', 'r2.1', 'r2.2', 'r2.3', ...lastRouters];
  const stock = Object.fromEntries(
    all.map((name) => [name, { icmpLimitPerProber: { perSecond: 1, burst: 6 } }]),
  );
  test.each(runsOf({ scenario: scenarioOf({ ...FABRIC, target: slow, routers: stock }) }))(
    'behind routers that all do the same leaves nothing to tell by, and blames nobody (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(record.verdict, describeRun(record, run)).toBe('inconclusive');
      expect(record.suspects).toEqual([]);
    },
  );

  test('hides no loss before it', async () => {
    const faults = [{ link: ['r2.1', 'r3.2'], forwardLoss: 0.2 }];
    const run: SimulatedRun = { scenario: scenarioOf({ ...limited, faults }), family: 4, seed: 1 };
    const record = await isolateSimulated(run);
    expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
  });

  test.each([1, 2, 3])('is told from one whose last link loses a fifth (seed %i)', async (seed) => {
    const faults = [{ link: ['r4.0', 'target'], forwardLoss: 0.2 }];
    const run: SimulatedRun = { scenario: scenarioOf({ ...FABRIC, faults }), family: 4, seed };
    const record = await isolateSimulated(run);
    expect(record.verdict, describeRun(record, run)).toBe('target-loss');
  });
});

describe('classes side by side', () => {
  test.each(
    runsOf({
      scenario: loadScenario('large-packets-are-lost').scenario,
      options: { classes: [0, 184].flatMap((tos) => [{ tos }, { tos, packetBytes: 1400 }]) },
    }),
  )('name the size that is lost, whatever the TOS (IPv$family, seed $seed)', async (run) => {
    const record = await isolateSimulated(run);
    expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
    expect(record.suspects[0]?.classes).toEqual([1, 3]);
    expect(record.summary).toContain('only of those of 1400 bytes');
    const hit = record.reproduce.faulty.map((tuple) => tuple.class?.packetBytes);
    expect(new Set(hit)).toEqual(new Set([1400]));
  });

  test.each(runsOf({ scenario: LOSSY, options: { classes: TWO_SIZES } }))(
    'are not told apart by a loss that hits all alike (IPv$family, seed $seed)',
    async (run) => {
      const record = await isolateSimulated(run);
      expect(isFoundAlone(record, run.scenario, PLACE), describeRun(record, run)).toBe(true);
      expect(record.suspects[0]).not.toHaveProperty('classes');
      expect(record.summary).not.toContain('only');
    },
  );

  test('are told apart by mistake in no more runs than the confidence allows', async () => {
    // With 1 run in 20 by right, more than 4 of 20 have a probability of 0.003.
    const faint = scenarioOf({
      ...FABRIC,
      faults: [{ link: ['r2.1', 'r3.2'], forwardLoss: 0.05 }],
    });
    const mistaken: string[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const run: SimulatedRun = {
        scenario: faint,
        family: 4,
        seed,
        options: { classes: TWO_SIZES },
      };
      const record = await isolateSimulated(run);
      const isMistaken = record.suspects.some(({ classes }) => classes !== undefined);
      if (isMistaken) mistaken.push(describeRun(record, run));
    }
    expect(mistaken.length, mistaken.join('\n')).toBeLessThanOrEqual(4);
  });

  const blackHole = [{ link: ['r2.1', 'r3.2'], forwardLoss: 1, only: { bytesMin: 1000 } }];
  test.each(
    runsOf({
      scenario: scenarioOf({ ...FABRIC, faults: blackHole }),
      options: { classes: TWO_SIZES },
    }),
  )('show where packets of one size end (IPv$family, seed $seed)', async (run) => {
    const record = await isolateSimulated(run);
    expect(record.summary, describeRun(record, run)).toContain('every packet of 1400 bytes');
    expect(record.suspects).toHaveLength(1);
    expect(record.suspects[0]?.classes).toEqual([1]);
  });
});
