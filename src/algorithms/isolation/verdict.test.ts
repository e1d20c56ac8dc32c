import { describe, expect, test } from 'vitest';
import { locatedLoss } from '../../../test/support/located-loss.ts';
import { countsOf, flowOf, type Hop, TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { Explanation } from '../localisation/candidates.ts';
import type { Localisation, LocatedLoss } from '../localisation/localise.ts';
import { buildPathGraph, type PathGraph } from '../localisation/path-graph.ts';
import { placeOf, ttlOf, untestableLinks } from './places.ts';
import { concludeVerdict, reportable, withRefusals } from './verdict.ts';

const addresses = new AddressBook();
for (let i = 0; i <= TARGET_ADDRESS; i++) addresses.indexOf(Uint8Array.of(10, 0, i >> 8, i & 255));
const NAMES = { addresses, source: '192.0.2.1' };
const TARGET = addresses.textOf(TARGET_ADDRESS);

function graphOf(...paths: Hop[][]): PathGraph {
  return buildPathGraph(countsOf(paths.map((path) => flowOf(path))));
}

/** Vertices 1 to 5: interfaces 11, 12, 13, the target, and a silent hop before it. */
const GRAPH = graphOf([11, 12, 'T'], [11, 13, 'T'], [11, '*', 'T']);
const ID = new Map(
  GRAPH.vertices.map((vertex, id) => ['address' in vertex ? vertex.address : vertex.kind, id]),
);
const vertex = (name: number | 'source' | 'silent') => ID.get(name) ?? -1;

const LINK: Explanation = { kind: 'link', nears: [vertex(11)], far: vertex(12) };
const NODE: Explanation = { kind: 'node', interfaces: [vertex(12)], ttl: 2 };
const AT_TARGET: Explanation = { kind: 'target' };

function loss(changes: Partial<LocatedLoss> = {}): LocatedLoss {
  return locatedLoss({ explanations: [LINK], ...changes });
}

function localisation(changes: Partial<Localisation> = {}): Localisation {
  return {
    graph: GRAPH,
    losses: [],
    limited: [],
    leads: [],
    worths: [],
    excludedLossRatio: 0.02,
    excludedElsewhere: 0.02,
    untestable: [],
    ...changes,
  };
}

describe('the verdict', () => {
  const UNREACHED = graphOf([11, 12, '*']);
  const ROWS: readonly { shows: string; found: Partial<Localisation>; verdict: string }[] = [
    { shows: 'nothing lost', found: {}, verdict: 'no-loss' },
    {
      shows: 'nothing testable',
      found: { excludedLossRatio: 1 },
      verdict: 'inconclusive',
    },
    {
      shows: 'a link of which hardly a loss is ruled out',
      found: { excludedLossRatio: 1 - 1e-9 },
      verdict: 'inconclusive',
    },
    {
      shows: 'links before the first TTL that single flows leave open',
      found: { unprobed: { excludedLossRatio: 0.05, isExcluded: false } },
      verdict: 'inconclusive',
    },
    {
      shows: 'the same where single flows rule enough out',
      found: { excludedLossRatio: 1, unprobed: { excludedLossRatio: 0.019, isExcluded: true } },
      verdict: 'no-loss',
    },
    { shows: 'a sure place', found: { losses: [loss()] }, verdict: 'loss-located' },
    {
      shows: 'a sure place, if no more than a few lost probes could have moved it',
      found: { losses: [loss({ unclear: 'doubtful' })] },
      verdict: 'loss-located',
    },
    {
      shows: 'a place that a star of a limited interface may move',
      found: { losses: [loss({ unclear: 'limited' })] },
      verdict: 'loss-suspected',
    },
    {
      shows: 'a sure loss at an unsure place',
      found: { losses: [loss({ probability: 0.6 })] },
      verdict: 'loss-suspected',
    },
    {
      shows: 'an unsure place beside a sure one',
      found: { losses: [loss(), loss({ probability: 0.6 })] },
      verdict: 'loss-located',
    },
    {
      shows: 'a loss that may not be one',
      found: { losses: [loss({ detection: 0.9, probability: 0.9 })] },
      verdict: 'inconclusive',
    },
    {
      shows: 'a loss at the target',
      found: { losses: [loss({ explanations: [AT_TARGET, LINK] })] },
      verdict: 'target-loss',
    },
    {
      shows: 'a loss at the target beside one on the way',
      found: { losses: [loss({ explanations: [AT_TARGET] }), loss()] },
      verdict: 'loss-located',
    },
    { shows: 'no way to the target', found: { graph: UNREACHED }, verdict: 'target-unreachable' },
    {
      shows: 'a loss before a target that never answers',
      found: { graph: UNREACHED, losses: [loss()] },
      verdict: 'loss-located',
    },
    { shows: 'nobody who answers', found: { graph: graphOf(['*']) }, verdict: 'inconclusive' },
  ];

  test.each(ROWS)('on $shows is $verdict', ({ found, verdict }) => {
    expect(concludeVerdict(localisation(found), NAMES, 0.95).verdict).toBe(verdict);
  });

  test('excludes only where nothing is suspected', () => {
    const bound = (found: Partial<Localisation>) =>
      concludeVerdict(localisation(found), NAMES, 0.95).excludedLossRatio;
    expect(bound({})).toBe(0.02);
    expect(bound({ losses: [loss()] })).toBeNull();
    expect(bound({ excludedLossRatio: 1 })).toBeNull();
    expect(bound({ excludedLossRatio: 1 - 1e-9 })).toBeNull();
  });

  test('names a suspect with all that is known of it', () => {
    const losses = [loss({ explanations: [LINK, NODE] })];
    expect(concludeVerdict(localisation({ losses }), NAMES, 0.95).suspects).toEqual([
      {
        kind: 'link',
        near: '10.0.0.11',
        far: '10.0.0.12',
        addresses: [],
        ttl: 2,
        direction: 'unknown',
        lossRatio: 0.1,
        lossInterval: [0.05, 0.15],
        probability: 0.99,
        flowsAcross: 2,
        flowsLossy: 1,
        probesAcross: 400,
        probesLost: 20,
        equivalents: [{ kind: 'node', near: null, far: null, addresses: ['10.0.0.12'] }],
      },
    ]);
  });

  test('does not say which way a loss at the target goes', () => {
    const losses = [loss({ explanations: [AT_TARGET] })];
    const [suspect] = concludeVerdict(localisation({ losses }), NAMES, 0.95).suspects;
    expect(suspect).toMatchObject({ direction: 'unknown', addresses: [TARGET], ttl: 3 });
  });

  test('tells of interfaces that limit their answers', () => {
    const limited = [{ vertex: vertex(13), answerRatio: 0.414, sent: 100 }];
    expect(concludeVerdict(localisation({ limited }), NAMES, 0.95).rejected).toEqual([
      {
        cause: 'icmp-rate-limit',
        where: '10.0.0.13',
        why: 'answers 41 % of its probes, but the hops behind it do not miss them',
      },
    ]);
  });

  test('reports what is detected with the confidence asked for', () => {
    const losses = [loss({ detection: 0.97 }), loss({ detection: 0.9 })];
    expect(reportable(localisation({ losses }), 0.95)).toEqual([losses[0]]);
    expect(reportable(localisation({ losses }), 0.99)).toEqual([]);
  });
});

describe('a place', () => {
  const names = { ...NAMES, graph: GRAPH };
  const ROWS: readonly { shows: string; explanation: Explanation; place: unknown; ttl: number }[] =
    [
      {
        shows: 'a link from the source',
        explanation: { kind: 'link', nears: [0], far: vertex(11) },
        place: { kind: 'link', near: '192.0.2.1', far: '10.0.0.11', addresses: [] },
        ttl: 1,
      },
      {
        shows: 'a link from a router of two interfaces',
        explanation: { kind: 'link', nears: [vertex(12), vertex(13)], far: vertex(TARGET_ADDRESS) },
        place: {
          kind: 'link',
          near: '10.0.0.12',
          far: TARGET,
          addresses: ['10.0.0.12', '10.0.0.13'],
        },
        ttl: 3,
      },
      {
        shows: 'a link to a hop that never answers',
        explanation: { kind: 'link', nears: [vertex(11)], far: vertex('silent') },
        place: { kind: 'link', near: '10.0.0.11', far: null, addresses: [] },
        ttl: 2,
      },
      {
        shows: 'a link from a hop that never answers',
        explanation: { kind: 'link', nears: [vertex('silent')], far: vertex(TARGET_ADDRESS) },
        place: { kind: 'link', near: null, far: TARGET, addresses: [] },
        ttl: 3,
      },
      {
        shows: 'a router of two interfaces',
        explanation: { kind: 'node', interfaces: [vertex(12), vertex(13)], ttl: 2 },
        place: { kind: 'node', near: null, far: null, addresses: ['10.0.0.12', '10.0.0.13'] },
        ttl: 2,
      },
      {
        shows: 'a router that never answers',
        explanation: { kind: 'node', interfaces: [], ttl: 2 },
        place: { kind: 'node', near: null, far: null, addresses: [] },
        ttl: 2,
      },
      {
        shows: 'the target',
        explanation: AT_TARGET,
        place: { kind: 'node', near: null, far: null, addresses: [TARGET] },
        ttl: 3,
      },
    ];

  test.each(ROWS)('of $shows', ({ explanation, place, ttl }) => {
    expect(placeOf(explanation, names)).toEqual(place);
    expect(ttlOf(explanation, names)).toBe(ttl);
  });

  test('is none where only answers are limited', () => {
    expect(placeOf({ kind: 'responder', vertex: vertex(11) }, names)).toBeUndefined();
  });

  test('that cannot be tested says why, if it is a link', () => {
    const untestable = [LINK, NODE].map((explanation) => ({ explanation, why: 'silent' }) as const);
    expect(untestableLinks(untestable, { ...NAMES, graph: GRAPH })).toEqual([
      { near: '10.0.0.11', far: '10.0.0.12', why: 'silent' },
    ]);
  });
});

describe('routers that refuse flows', () => {
  test('come first, whatever else was found', () => {
    const verdict = concludeVerdict(localisation({}), NAMES, 0.95);
    const refused = withRefusals(verdict, [{ address: '10.0.0.12', ttl: 2, flows: [3, 5] }]);
    expect(refused).toMatchObject({ verdict: 'loss-located', excludedLossRatio: null });
    expect(refused.suspects[0]).toMatchObject({
      kind: 'node',
      addresses: ['10.0.0.12'],
      ttl: 2,
      lossRatio: 1,
      flowsAcross: 2,
    });
  });

  test('change nothing where there are none', () => {
    const verdict = concludeVerdict(localisation({}), NAMES, 0.95);
    expect(withRefusals(verdict, [])).toBe(verdict);
  });
});
