import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { ScenarioError } from './json-fields.ts';
import { planNetwork } from './network-plan.ts';
import { parseScenario } from './scenario.ts';
import { lossyPlaces } from './scenario-summary.ts';

const ROOT = new URL('../../', import.meta.url);
const VALID = {
  shows: 'one link loses',
  fabric: { widths: [1, 2, 1] },
  truth: { verdict: 'no-loss' },
};
const LINKS = [
  { near: 'source', far: 'a' },
  { near: 'a', far: 'b' },
  { near: 'b', far: 'target' },
];

function withLinks(...links: object[]): object {
  return { shows: VALID.shows, links: [...LINKS, ...links], truth: VALID.truth };
}

/** A change to a valid scenario, and what the message must start with, or say. */
const WRONG: readonly { readonly json: unknown; readonly says: string }[] = [
  { json: [], says: 'the scenario: must be an object, not []' },
  { json: null, says: 'the scenario: must be an object, not null' },
  { json: { ...VALID, shows: '' }, says: 'shows: must be a text' },
  { json: { fabric: VALID.fabric, truth: VALID.truth }, says: 'shows: is missing' },
  { json: { ...VALID, faluts: [] }, says: 'faluts: unknown key; the keys here are shows, seed' },
  { json: { ...VALID, seed: 1.5 }, says: 'seed: must be a whole number' },
  { json: { ...VALID, seed: -1 }, says: 'seed: must be a whole number from 0' },
  { json: { ...VALID, family: 5 }, says: 'family: must be one of 4, 6, not 5' },
  { json: { ...VALID, family: '4' }, says: 'family: must be one of 4, 6, not "4"' },
  { json: { ...VALID, errorSource: 'egress' }, says: 'errorSource: must be one of "ingress"' },
  { json: { ...VALID, linkDelayMs: -1 }, says: 'linkDelayMs: must be a number from 0 to 10000' },
  { json: { ...VALID, linkDelayMs: null }, says: 'linkDelayMs: must be a number' },
  { json: { ...VALID, links: LINKS }, says: 'the scenario: needs either a fabric or links' },
  { json: { ...VALID, fabric: undefined }, says: 'fabric: must be an object, not undefined' },
  { json: { ...VALID, fabric: { widths: 4 } }, says: 'fabric.widths: must be an array' },
  { json: { ...VALID, fabric: { widths: [1, 0] } }, says: 'fabric.widths[1]: must be a whole' },
  { json: { ...VALID, fabric: { widths: [256, 256] } }, says: 'fabric: makes 66048 links; 65536' },
  {
    json: { ...VALID, fabric: { widths: [1], detours: ['r2.0'] } },
    says: 'fabric.detours[0]: no router named "r2.0"; routers are r1.0',
  },
  {
    json: { ...VALID, fabric: { widths: [1], width: 2 } },
    says: 'fabric.width: unknown key; the keys here are widths, detours',
  },
  { json: withLinks({ near: 'a' }), says: 'links[3].far: is missing' },
  {
    json: withLinks({ near: 'a', far: 'A b' }),
    says: 'links[3].far: must be 1 to 12 of a-z',
  },
  { json: withLinks({ near: 'a', far: 'b' }), says: 'links[3]: joins a to b again' },
  { json: withLinks({ near: 'a', far: 'a' }), says: 'links[3]: joins a to itself' },
  { json: withLinks({ near: 'b', far: 'a' }), says: 'links[1]: is on a cycle' },
  { json: withLinks({ near: 'a', far: 'c' }), says: 'links[3]: is on no path' },
  { json: withLinks({ near: 'c', far: 'b' }), says: 'links[3]: is on no path' },
  { json: withLinks({ near: 'target', far: 'c' }), says: 'links[3]: no link leaves the target' },
  { json: withLinks({ near: 'a', far: 'source' }), says: 'links[3]: no link enters the source' },
  {
    json: { shows: VALID.shows, links: LINKS.slice(0, 2), truth: VALID.truth },
    says: 'links: no path from source to target',
  },
  {
    json: withLinks({ near: 'a', far: 'target', delayMs: '1' }),
    says: 'links[3].delayMs: must be',
  },
  { json: { ...VALID, routers: { r9: {} } }, says: 'routers["r9"]: no router named "r9"' },
  { json: { ...VALID, routers: { source: {} } }, says: 'routers["source"]: no router' },
  {
    json: { ...VALID, routers: { 'r2.1': { silent: 1 } } },
    says: 'routers["r2.1"].silent: must be true or false',
  },
  {
    json: { ...VALID, routers: { 'r2.1': { icmpLimit: { perSecond: 5 } } } },
    says: 'routers["r2.1"].icmpLimit.burst: is missing',
  },
  {
    json: { ...VALID, faults: [{ link: ['r2.1', 'r9.9'], forwardLoss: 1 }] },
    says: 'faults[0].link[1]: no node named "r9.9"; nodes are source, r1.0, r2.0, r2.1, r3.0',
  },
  {
    json: { ...VALID, faults: [{ link: ['r1.0', 'r3.0'], forwardLoss: 1 }] },
    says: 'faults[0].link: must be [near, far] of a link; those from r1.0 lead to r2.0, r2.1',
  },
  {
    json: { ...VALID, faults: [{ link: ['r1.0', 'r2.0', 'r3.0'], forwardLoss: 1 }] },
    says: 'faults[0].link: must be [near, far]',
  },
  { json: { ...VALID, faults: [{ forwardLoss: 1 }] }, says: 'faults[0]: needs either a link or' },
  { json: { ...VALID, faults: [{ router: 'r2.1' }] }, says: 'faults[0]: loses nothing' },
  {
    json: { ...VALID, faults: [{ router: 'r2.1', forwardLoss: 1.2 }] },
    says: 'faults[0].forwardLoss: must be a number from 0 to 1 or a percentage',
  },
  {
    json: { ...VALID, faults: [{ router: 'r2.1', returnLoss: '120%' }] },
    says: 'faults[0].returnLoss: must be a number from 0 to 1 or a percentage',
  },
  { json: { ...VALID, target: { port: 0 } }, says: 'target.port: must be a whole number from 1' },
  { json: { ...VALID, target: { answer: 'no' } }, says: 'target.answer: must be one of "refuse"' },
  { json: { ...VALID, truth: { verdict: 'ok' } }, says: 'truth.verdict: must be one of "no-loss"' },
  {
    json: { ...VALID, truth: { verdict: 'loss-located' } },
    says: 'truth.suspect: is missing: located loss has a place',
  },
  {
    json: { ...VALID, truth: { verdict: 'no-loss', suspect: { router: 'r1.0' } } },
    says: 'truth.suspect: must be absent',
  },
  {
    json: { ...VALID, truth: { verdict: 'loss-located', suspect: { router: 'r1.0', ttl: 3 } } },
    says: 'truth.suspect.ttl: unknown key',
  },
  { json: { ...VALID, $schema: 1 }, says: '$schema: must be a text' },
  { json: { ...VALID, balancing: { kind: 'random' } }, says: 'balancing.kind: must be one of' },
  { json: { ...VALID, fabric: { widths: [] } }, says: 'fabric.widths: needs at least 1' },
  {
    json: { ...VALID, fabric: { widths: new Array(65).fill(1) } },
    says: 'fabric.widths: has 65; 64 are possible',
  },
  {
    json: { ...VALID, fabric: { widths: new Array(64).fill(1024) } },
    says: 'fabric: makes 66062336 links',
  },
  {
    json: { ...VALID, linkTraits: [{ link: ['r1.0', 'r3.0'], mtu: 1400 }] },
    says: 'linkTraits[0].link: must be [near, far] of a link',
  },
  {
    json: { ...(withLinks() as object), linkTraits: [{ link: ['a', 'b'], mtu: 1400 }] },
    says: 'linkTraits: belongs to a fabric',
  },
  {
    json: withLinks({ near: 'a', far: 'c', direction: 'return' }),
    says: 'links[3]: is on no path back to the source',
  },
  {
    json: withLinks(
      { near: 'a', far: 'c', direction: 'forward' },
      { near: 'c', far: 'b', direction: 'forward' },
    ),
    says: 'links: no way leads from c back to the source',
  },
  {
    json: withLinks({ near: 'b', far: 'a', direction: 'return' }),
    says: 'links[1]: is on a cycle',
  },
  {
    json: {
      shows: VALID.shows,
      links: LINKS.map((link) => ({ ...link, direction: 'forward' })),
      truth: VALID.truth,
    },
    says: 'links: no path back to the source',
  },
  {
    json: { ...VALID, routers: { 'r2.1': { errorSource: { interfaceTo: 'r2.0' } } } },
    says: 'routers["r2.1"].errorSource: no link joins r2.1 and "r2.0"',
  },
  {
    json: { ...VALID, routers: { 'r2.1': { errorSource: 'egress' } } },
    says: 'routers["r2.1"].errorSource: must be one of ingress, router, or an object',
  },
  { json: { ...VALID, routers: { 'r2.1': { nat: {} } } }, says: 'routers["r2.1"].nat: some paths' },
  {
    json: { ...VALID, faults: [{ router: 'r2.1', forwardLoss: 0.8, burst: 2 }] },
    says: 'faults[0].forwardLoss: bursts of 2 lose 0.667 of packets at most',
  },
  {
    json: {
      ...VALID,
      faults: [{ router: 'r2.1', forwardLoss: 1, only: { hashBucket: { index: 8, of: 8 } } }],
    },
    says: 'faults[0].only.hashBucket.index: must be below 8',
  },
  {
    json: { ...VALID, faults: [{ router: 'r2.1', forwardLoss: 1, fromMs: 5, untilMs: 5 }] },
    says: 'faults[0].untilMs: must be later than fromMs, which is 5',
  },
  {
    json: { ...VALID, faults: [{ router: 'r2.1', forwardLoss: 1, duty: 0.2 }] },
    says: 'faults[0].duty: needs a periodMs, of which it is a share',
  },
  {
    json: { ...VALID, routes: [{ router: 'r1.0', nextHops: [] }] },
    says: 'routes[0].nextHops: needs at least 1',
  },
  {
    json: { ...VALID, routes: [{ router: 'r1.0', nextHops: ['r3.0'] }] },
    says: 'routes[0].nextHops[0]: no link joins r1.0 and "r3.0"',
  },
  {
    json: {
      ...(withLinks(
        { near: 'a', far: 'c', direction: 'return' },
        { near: 'c', far: 'b', direction: 'return' },
      ) as object),
      routes: [{ router: 'a', nextHops: ['c'] }],
    },
    says: 'routes[0].nextHops[0]: the link to c is for the other direction only',
  },
  {
    json: { ...VALID, truth: { verdict: 'loss-located', suspects: [{ router: 'r9' }] } },
    says: 'truth.suspects[0].router: no router named "r9"',
  },
  {
    json: {
      ...VALID,
      truth: {
        verdict: 'loss-located',
        suspect: { router: 'r1.0' },
        suspects: [{ router: 'r1.0' }],
      },
    },
    says: 'truth: has suspect and suspects: give one',
  },
];

function complaintAbout(json: unknown): ScenarioError | undefined {
  try {
    parseScenario(json);
    return undefined;
  } catch (error) {
    return error instanceof ScenarioError ? error : undefined;
  }
}

describe('what is wrong is named by its path', () => {
  test.each(WRONG)('$says', ({ json, says }) => {
    const complaint = complaintAbout(json);
    expect(complaint?.message.slice(0, says.length)).toBe(says);
    expect(complaint?.code).toBe('SCENARIO_INVALID');
  });
});

test('a fabric joins neighbouring layers in full, a detour adds a router in front of one', () => {
  const { links } = parseScenario({ ...VALID, fabric: { widths: [1, 2], detours: ['r2.1'] } });
  expect(links.map(({ near, far }) => `${near}>${far}`)).toEqual([
    'source>r1.0',
    'r1.0>r2.0',
    'x2.1>r2.1',
    'r1.0>x2.1',
    'r2.0>target',
    'r2.1>target',
  ]);
});

test('every router is listed once, with the traits that it was given', () => {
  const { routers } = parseScenario({ ...VALID, routers: { 'r2.1': { silent: true } } });
  expect(routers.map(({ name, isSilent }) => [name, isSilent])).toEqual([
    ['r1.0', false],
    ['r2.0', false],
    ['r2.1', true],
    ['r3.0', false],
  ]);
});

test('percentages are ratios, and losses in one place strike independently', () => {
  const scenario = parseScenario({
    ...VALID,
    routers: { 'r2.0': { forwardLoss: '50%' } },
    faults: [
      { router: 'r2.0', forwardLoss: 0.5 },
      { link: ['r1.0', 'r2.1'], forwardLoss: '2.5%', returnLoss: 1 },
    ],
  });
  expect(scenario.routers.map(({ forwardLoss }) => forwardLoss)).toEqual([0, 0.75, 0, 0]);
  expect(scenario.links[2]).toMatchObject({ far: 'r2.1', forwardLoss: 0.025, returnLoss: 1 });
});

test('a fabric with a fanout still reaches every router', () => {
  const { links } = parseScenario({ ...VALID, fabric: { widths: [6, 9, 3], fanout: 2 } });
  const fars = links.filter(({ near }) => near === 'r1.5').map(({ far }) => far);
  expect(fars).toEqual(['r2.7', 'r2.8']);
  expect(new Set(links.map(({ far }) => far)).size).toBe(6 + 9 + 3 + 1);
  const thin = parseScenario({ ...VALID, fabric: { widths: [2, 6], fanout: 1 } });
  expect(thin.links.length).toBe(2 + 6 + 6);
});

test('what always hits every packet is a loss of its place, all else is a hazard there', () => {
  const gray = { router: 'r2.0', forwardLoss: 0.5, only: { dscp: 46 } };
  const constant = { router: 'r2.0', forwardLoss: 0.25 };
  const plan = planNetwork(parseScenario({ ...VALID, faults: [gray, constant] }));
  const [, router] = plan.routers;
  expect(router).toMatchObject({ name: 'r2.0', forwardLoss: 0.25 });
  expect(router?.hazards).toMatchObject([
    { direction: 'forward', lossRatio: 0.5, only: gray.only },
  ]);
});

test('traits of a fabric link stay with that link, and times follow each other', () => {
  const linkTraits = [{ link: ['r1.0', 'r2.1'], delayMs: 3, mtu: 1280, weight: 4 }];
  const { links } = parseScenario({ ...VALID, linkDelayMs: 1, linkTraits });
  const [, plain, special] = links;
  expect(plain).toMatchObject({
    far: 'r2.0',
    delayMs: 1,
    returnDelayMs: 1,
    mtu: 65_535,
    weight: 1,
  });
  expect(special).toMatchObject({
    far: 'r2.1',
    delayMs: 3,
    returnDelayMs: 3,
    mtu: 1280,
    weight: 4,
  });
});

test('the truth may name several places', () => {
  const suspects = [{ router: 'r2.0' }, { link: ['r1.0', 'r2.1'] }];
  const { truth } = parseScenario({ ...VALID, truth: { verdict: 'loss-located', suspects } });
  expect(truth.suspects).toEqual([
    { kind: 'router', name: 'r2.0' },
    { kind: 'link', near: 'r1.0', far: 'r2.1' },
  ]);
  expect(truth.suspect).toBe(truth.suspects[0]);
});

test('a bad file with many cycles is refused in 2 s of CPU', () => {
  const rings = Array.from({ length: 10_000 }, (_, i) => [
    { near: 'a', far: `b${i}` },
    { near: `b${i}`, far: `c${i}` },
    { near: `c${i}`, far: `b${i}` },
    { near: `b${i}`, far: 'b' },
  ]).flat();
  const before = process.cpuUsage();
  expect(complaintAbout(withLinks(...rings))?.message).toContain('is on a cycle');
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1e6).toBeLessThan(2);
});

describe('every scenario that ships, and those of the tests', () => {
  const files = ['scenarios/', 'test/scenarios/tested/'].flatMap((folder) =>
    readdirSync(new URL(folder, ROOT))
      .filter((name) => name.endsWith('.json') && !name.endsWith('.schema.json'))
      .map((name) => folder + name),
  );

  test('is there', () => {
    expect(files.length).toBeGreaterThanOrEqual(40);
  });

  test.each(files)('%s parses, plans, and blames only what loses', (file) => {
    const scenario = parseScenario(JSON.parse(readFileSync(new URL(file, ROOT), 'utf8')));
    expect(planNetwork(scenario).links.length).toBe(scenario.links.length);
    expect(scenario.shows).toMatch(/^[A-Z][^.]*[^ .]\.$/);
    const { suspects, verdict } = scenario.truth;
    const lossy = lossyPlaces(scenario);
    const looping = scenario.routes.filter(() => verdict === 'loss-located' && lossy.length === 0);
    const faulty = [...lossy, ...looping.map(({ router: name }) => ({ kind: 'router', name }))];
    expect(faulty).toEqual(suspects);
  });
});
