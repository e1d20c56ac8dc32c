import { describe, expect, test } from 'vitest';
import { parseScenario } from './scenario.ts';
import { summarize } from './scenario-summary.ts';

const PLAIN = {
  shows: 'a fabric',
  fabric: { widths: [1, 2, 1], detours: ['r2.1'] },
  truth: { verdict: 'no-loss' },
};

function summaryOf(traits: object) {
  return summarize(parseScenario({ ...PLAIN, ...traits }));
}

test('a network is told by its next hops and the paths that flows take', () => {
  expect(summaryOf({})).toMatchObject({
    routers: 5,
    links: 7,
    nextHops: [
      { node: 'source', to: ['r1.0'] },
      { node: 'r1.0', to: ['r2.0', 'x2.1'] },
      { node: 'r2.0', to: ['r3.0'] },
      { node: 'x2.1', to: ['r2.1'] },
      { node: 'r2.1', to: ['r3.0'] },
      { node: 'r3.0', to: ['target'] },
    ],
    flows: { count: 64, paths: 2, hopsMin: 4, hopsMax: 5 },
    faults: [],
    traits: [],
    doubts: [],
  });
});

describe('faults and traits are sentences', () => {
  const ROWS: { traits: object; says: string }[] = [
    {
      traits: { faults: [{ router: 'r2.0', forwardLoss: '2.5%', returnLoss: 1 }] },
      says:
        'the router r2.0 loses 2.5% of packets towards the target and ' +
        '100% of packets towards the source',
    },
    {
      traits: {
        faults: [
          {
            link: ['r1.0', 'r2.0'],
            forwardLoss: 0.1,
            burst: 5,
            only: { dscp: 46, bytesMin: 100, sourcePort: 7, hashBucket: { index: 1, of: 8 } },
            fromMs: 1500,
            untilMs: 9000,
            periodMs: 500,
            duty: 0.25,
          },
        ],
      },
      says:
        'the link r1.0 → r2.0 loses 10% of packets towards the target (only those ' +
        'of hash bucket 1 of 8 and of source port 7 and of 100 bytes or more and of DSCP 46), ' +
        'in bursts of 5 packets on average, from 1.5 s on, until 9 s, for 25% of every 0.5 s',
    },
    {
      traits: { routes: [{ router: 'r1.0', nextHops: ['r2.0'], fromMs: 2000 }] },
      says: 'the router r1.0 sends packets for the target to r2.0, from 2 s on',
    },
    {
      traits: { balancing: { kind: 'per-packet', buckets: 64, hash: 'polarised' } },
      says:
        'every node balances per-packet through 64 hash buckets, ' +
        'with the hash of all the others',
    },
    {
      traits: { linkDelayMs: 50 },
      says: 'every link takes 50 ms each way',
    },
    {
      traits: { linkJitterMs: 10 },
      says: 'every link takes 0.1 ms and up to 10 ms more each way',
    },
    {
      traits: { linkTraits: [{ link: ['r1.0', 'r2.0'], delayMs: 3 }] },
      says: 'the link r1.0 → r2.0 takes 3 ms each way',
    },
    {
      traits: { routers: { 'r1.0': { silent: true }, 'r2.0': { silent: true } } },
      says: 'each of the routers r1.0, r2.0 never answers',
    },
    {
      traits: { otherTargets: [{ name: 'db8', behind: ['r2.0', 'r2.1'] }] },
      says: 'another target, db8, is behind r2.0, r2.1',
    },
    {
      traits: { linkTraits: [{ link: ['r1.0', 'r2.0'], mtu: 1400 }] },
      says: 'the link r1.0 → r2.0 carries 1400 bytes at most',
    },
    {
      traits: { target: { answerLimit: { perSecond: 5, burst: 2 } } },
      says: 'the target answers at most 5 a second after a burst of 2',
    },
    ...Object.entries({
      'never answers': { silent: true },
      'sends at most 5 a second after a burst of 2, shared with 9 a second to others in all': {
        icmpLimit: { perSecond: 5, burst: 2, othersPerSecond: 9 },
      },
      'sends at most 5 a second after a burst of 2 to one prober': {
        icmpLimitPerProber: { perSecond: 5, burst: 2 },
      },
      'answers 30% of what it should': { answerRatio: 0.3 },
      'answers from its interface to r1.0': { errorSource: { interfaceTo: 'r1.0' } },
      'quotes 8 bytes': { quote: 'eight-bytes' },
      'shows the MPLS labels 16, 17': { mplsLabels: [16, 17] },
      'is hidden in a tunnel that does not touch the TTL': { hidden: true },
      'sets the TTL to 64': { rewrites: { ttl: 64 } },
      'sets TOS or traffic class to 0': { rewrites: { tos: 0 } },
      'shifts TCP sequence numbers': { rewrites: { sequence: true } },
      'shifts TCP sequence numbers, and back only what comes by it': {
        rewrites: { sequence: true, restoresAll: false },
      },
      'answers TCP SYNs for the target': { synProxy: true },
      'balances per-destination': { balancing: { kind: 'per-destination' } },
    }).map(([says, trait]) => ({
      traits: { routers: { 'r2.0': trait } },
      says: `the router r2.0 ${says}`,
    })),
    {
      traits: { routers: { 'r3.0': { nat: { restoresQuotes: false } } } },
      says:
        'the router r3.0 translates source addresses, with ports mapped, ' +
        'and does not restore quotes',
    },
  ];

  test.each(ROWS)('$says', ({ traits, says }) => {
    const { faults, traits: others } = summaryOf({ ...traits, truth: { verdict: 'inconclusive' } });
    expect([...faults, ...others]).toEqual([says]);
  });
});

describe('doubts', () => {
  test('a suspect that no flow crosses', () => {
    const suspect = { link: ['r1.0', 'r2.0'] };
    const { truth, doubts } = summaryOf({
      routes: [{ router: 'r1.0', nextHops: ['x2.1'] }],
      faults: [{ ...suspect, forwardLoss: 0.1 }],
      truth: { verdict: 'loss-located', suspect },
    });
    expect(truth.suspects).toEqual([{ place: 'the link r1.0 → r2.0', flowsAcross: 0 }]);
    expect(doubts).toEqual(['none of 64 flows crosses the link r1.0 → r2.0']);
  });

  test('a loss that the truth does not blame', () => {
    const { doubts } = summaryOf({
      faults: [{ router: 'r1.0', forwardLoss: 0.1, only: { dscp: 1 } }],
    });
    expect(doubts).toEqual(['the router r1.0 loses packets and the truth does not blame it']);
  });
});
