import { describe, expect, test } from 'vitest';
import {
  FAMILIES,
  isolateSimulated,
  scenarioOf,
} from '../../../test/support/simulated-isolation.ts';
import type { IpFamily } from '../../lib/ip-address.ts';
import type { IsolateProtocol, IsolateRecord } from '../../model/isolate-record.ts';

/** The target is at TTL 5. */
const FABRIC = { fabric: { widths: [1, 4, 4, 1] }, linkDelayMs: 0.4 };
const HEALTHY = scenarioOf(FABRIC);
const FIRST_LINK = scenarioOf({
  ...FABRIC,
  faults: [{ link: ['source', 'r1.0'], forwardLoss: 0.1 }],
});
const ONE_LINK = scenarioOf({ ...FABRIC, faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.2 }] });

const KINDS: readonly { readonly protocol: IsolateProtocol; readonly family: IpFamily }[] = [
  { protocol: 'tcp', family: 4 },
  { protocol: 'tcp', family: 6 },
  { protocol: 'udp', family: 4 },
  { protocol: 'icmp', family: 6 },
];

const whys = ({ untestable }: IsolateRecord): readonly string[] => [
  ...new Set(untestable.map(({ why }) => why)),
];

describe('links before the first TTL', () => {
  test.each(KINDS)('are ruled out flow by flow ($protocol, IPv$family)', async (kind) => {
    const { protocol, family } = kind;
    const options = { minTtl: 3, protocol };
    const record = await isolateSimulated({ scenario: HEALTHY, family, seed: 1, options });
    expect(record).toMatchObject({ verdict: 'no-loss', stopReason: 'clean', untestable: [] });
    expect(record.excludedLossRatio).toBeLessThanOrEqual(0.02);
    expect(record.summary).toMatch(
      /Links up to TTL 3 were measured only together, flow by flow\.$/,
    );
    // A loss of 2 % on a link that one flow crosses shows in no fewer of its probes.
    for (const { sent } of record.flows) {
      expect(sent.reduce((sum, count) => sum + count, 0)).toBeGreaterThan(150);
    }
  });

  test('are not testable while single flows leave much open', async () => {
    const options = { minTtl: 4, maxTimeUs: 5_000_000 };
    const record = await isolateSimulated({ scenario: HEALTHY, family: 4, seed: 1, options });
    expect(record).toMatchObject({ verdict: 'inconclusive', stopReason: 'max-time' });
    expect(whys(record)).toEqual(['not-probed']);
    // Of the links that were probed, and no others.
    expect(record.excludedLossRatio).toBeLessThanOrEqual(0.05);
    expect(record.summary).toMatch(/^Inconclusive: up to TTL 4, before which no router was asked,/);
    expect(record.summary).toMatch(/may lose up to [\d.]+ % \(95 % confidence\)\. Not sure: /);
  });

  test.each(KINDS)('share a loss of all flows ($protocol, IPv$family)', async (kind) => {
    const { protocol, family } = kind;
    const options = { minTtl: 3, protocol };
    const record = await isolateSimulated({ scenario: FIRST_LINK, family, seed: 1, options });
    expect(record.verdict).toBe('loss-suspected');
    expect(record.suspects[0]).toMatchObject({ near: null, far: null, beforeTtl: 3 });
    expect(record.summary).toMatch(
      /^Loss somewhere up to TTL 3, before which no router was asked: /,
    );
  });

  test('are all that a loss on the way to one interface can be on', async () => {
    const options = { minTtl: 3 };
    const record = await isolateSimulated({ scenario: ONE_LINK, family: 4, seed: 1, options });
    expect(record.verdict).toBe('loss-suspected');
    expect(record.suspects.every(({ beforeTtl }) => beforeTtl === 3)).toBe(true);
    expect(record.summary).toContain('--min-ttl 1 would show where.');
    expect(record.summary).not.toContain('never answers');
  });
});

describe('a first TTL at the target or behind it', () => {
  test.each([5, 6, 10])('leaves %i nothing but end-to-end counts', async (minTtl) => {
    const options = { minTtl };
    const record = await isolateSimulated({ scenario: HEALTHY, family: 4, seed: 1, options });
    expect(record).toMatchObject({ verdict: 'inconclusive', excludedLossRatio: null });
    expect(whys(record)).toEqual(['not-probed']);
    expect(record.summary).toMatch(
      new RegExp(`^Inconclusive: measured end to end only, as TTL ${minTtl} already gets to the`),
    );
  });

  test.each(FAMILIES)(
    'rules a loss out with enough probes of each flow (IPv%i)',
    async (family) => {
      const options = { minTtl: 10, flows: 8 };
      const record = await isolateSimulated({ scenario: HEALTHY, family, seed: 1, options });
      expect(record).toMatchObject({ verdict: 'no-loss', stopReason: 'clean', untestable: [] });
      expect(record.excludedLossRatio).toBeLessThanOrEqual(0.02);
      expect(record.summary).toMatch(
        /^No loss end to end on 8 flows to the target: none loses more /,
      );
    },
  );

  test.each(KINDS.filter(({ protocol }) => protocol !== 'udp'))(
    'shows that there is a loss, not where ($protocol, IPv$family)',
    async (kind) => {
      const { protocol, family } = kind;
      for (const scenario of [FIRST_LINK, ONE_LINK]) {
        const options = { minTtl: 10, protocol };
        const record = await isolateSimulated({ scenario, family, seed: 1, options });
        expect(record.verdict).toBe('loss-suspected');
        expect(record.suspects[0]).toMatchObject({ near: null, beforeTtl: 10 });
        expect(record.summary).toMatch(
          /^Loss somewhere on the way to the target, which was measured /,
        );
      }
    },
  );

  test.each(FAMILIES)('tells nothing where the answers may be limited (IPv%i)', async (family) => {
    const options = { minTtl: 10, protocol: 'udp', maxTimeUs: 20_000_000 } as const;
    const record = await isolateSimulated({ scenario: FIRST_LINK, family, seed: 1, options });
    expect(record.verdict).toBe('inconclusive');
    expect(record.summary).toMatch(/^Inconclusive: only the target can tell .* on its replies\.$/);
  });
});

test.each([
  {
    flows: 8,
    verdict: 'no-loss',
    says: /^No loss end to end on 8 flows .*, as no router answers\.$/,
  },
  { flows: 64, verdict: 'inconclusive', says: /^Inconclusive: measured end to end only, as no r/ },
])('routers that never answer clear nothing but whole flows: $verdict', async (row) => {
  const { flows, verdict, says } = row;
  const names = ['r1.0', 'r2.0', 'r2.1', 'r3.0'];
  const routers = Object.fromEntries(names.map((name) => [name, { silent: true }]));
  const scenario = scenarioOf({ fabric: { widths: [1, 2, 1] }, linkDelayMs: 0.4, routers });
  const options = { flows, maxTimeUs: 30_000_000 };
  const record = await isolateSimulated({ scenario, family: 4, seed: 1, options });
  expect(record.verdict).toBe(verdict);
  expect(record.summary).toMatch(says);
});

test('a target next door has one link, which all flows measure together', async () => {
  const scenario = scenarioOf({ links: [{ near: 'source', far: 'target' }] });
  const record = await isolateSimulated({ scenario, family: 4, seed: 1 });
  expect(record.summary).toMatch(/^No loss on the one path to the target: /);
  expect(record.probesSent).toBeLessThan(1000);
});

test('a run that is cut short is no all-clear', async () => {
  for (const seed of [1, 2, 3, 4, 5, 6]) {
    const options = { maxTimeUs: 1_000_000 };
    const record = await isolateSimulated({ scenario: ONE_LINK, family: 4, seed, options });
    expect(record.verdict).not.toBe('no-loss');
  }
});

describe('a last TTL before the target', () => {
  test('breaks no path, and leaves open why the last routers leave probes unanswered', async () => {
    const options = { maxTtl: 1 };
    const record = await isolateSimulated({ scenario: FIRST_LINK, family: 4, seed: 1, options });
    expect(record).toMatchObject({
      verdict: 'target-unreachable',
      paths: { found: 1, broken: 0 },
      rejected: [],
    });
    expect(record.summary).toContain('is farther than --max-ttl 1: routers still answer there.');
    expect(record.summary).toMatch(/They left \d+ of \d+ probes to them unanswered: a loss on /);
  });

  test('leaves the links to it untested, as nothing behind was asked', async () => {
    const run = { scenario: ONE_LINK, family: 4, seed: 1, options: { maxTtl: 3 } } as const;
    const record = await isolateSimulated(run);
    expect(whys(record)).toEqual(['max-ttl']);
    expect(
      record.untestable.every(({ far }) =>
        record.hops[2]?.interfaces.some(({ address }) => address === far),
      ),
    ).toBe(true);
  });

  test('is not the reason where the target would be nearer, and answers nothing', async () => {
    const silent = scenarioOf({ ...FABRIC, target: { port: 22, answer: 'drop' } });
    const options = { maxTtl: 8 };
    const record = await isolateSimulated({ scenario: silent, family: 4, seed: 1, options });
    expect(whys(record)).toEqual(['unanswering-target']);
  });

  test('is named as the program that was called names it', async () => {
    const flagNames = { minTtl: '-minTTL', maxTtl: '-maxTTL', maxProbes: '-maxTime' };
    const options = { maxTtl: 2, flagNames };
    const record = await isolateSimulated({ scenario: HEALTHY, family: 4, seed: 1, options });
    expect(record.summary).toContain('is farther than -maxTTL 2: ');
  });
});
