import { describe, expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { Balancer, type BalancerTraits, type Weighted } from './balancing.ts';
import { Network } from './network.ts';
import { planNetwork } from './network-plan.ts';
import { parseScenario } from './scenario.ts';
import { Traveller } from './traveller.ts';

const FLOWS = 20_000;

function traits(overrides: Partial<BalancerTraits> = {}): BalancerTraits {
  return { kind: 'per-flow', buckets: 0, hashSeed: 7, random: new Random(1), ...overrides };
}

function choicesOf(weights: Readonly<Record<string, number>>): Weighted<string>[] {
  return Object.entries(weights).map(([step, weight]) => ({ step, weight }));
}

function chosenBy(balancer: Balancer<string>, flows = FLOWS): string[] {
  return Array.from({ length: flows }, (_, i) => {
    const packet = new Traveller({
      flowHash: Math.imul(i, 0x9e37_79b1),
      destinationHash: 5,
      ttl: 9,
    });
    return balancer.choose(packet) ?? 'nowhere';
  });
}

function shareOf(chosen: readonly string[], step: string): number {
  return chosen.filter((each) => each === step).length / chosen.length;
}

/** How many of the flows that `before` did not send to `step` have moved. */
function movedAside(before: readonly string[], after: readonly string[], step: string): number {
  const stayers = before.flatMap((from, i) => (from === step ? [] : [from !== after[i]]));
  return stayers.filter(Boolean).length / stayers.length;
}

describe('weights', () => {
  // Shares of 20 000 flows lie within 0.0117 (3.3 sigma) with a chance of 99.9 % each.
  const ROWS = [
    { weights: { a: 1, b: 1, c: 1 }, buckets: 0 },
    { weights: { a: 6, b: 1, c: 2 }, buckets: 0 },
    { weights: { a: 500, b: 1000 }, buckets: 0 },
    { weights: { a: 3, b: 5 }, buckets: 64 },
  ];

  test.each(ROWS)('$weights over $buckets buckets are the shares', ({ weights, buckets }) => {
    const chosen = chosenBy(new Balancer(choicesOf(weights), traits({ buckets })));
    const total = Object.values(weights).reduce((sum, weight) => sum + (weight ?? 0), 0);
    for (const [step, weight] of Object.entries(weights)) {
      expect(Math.abs(shareOf(chosen, step) - (weight ?? 0) / total)).toBeLessThan(0.0117);
    }
  });

  test('a table is as small as the weights allow, or as large as it is told', () => {
    expect(new Balancer(choicesOf({ a: 500, b: 1000 }), traits()).places).toEqual(['a', 'b', 'b']);
    const table = new Balancer(choicesOf({ a: 1, b: 1, c: 1 }), traits({ buckets: 64 })).places;
    expect(['a', 'b', 'c'].map((step) => table.filter((each) => each === step).length)).toEqual([
      21, 22, 21,
    ]);
  });

  test('one next hop needs no hash, none leads nowhere', () => {
    expect(new Balancer([{ step: 'a', weight: 3 }], traits({ buckets: 64 })).places).toEqual(['a']);
    expect(chosenBy(new Balancer<string>([], traits()), 1)).toEqual(['nowhere']);
  });
});

describe('when a next hop goes', () => {
  const all = choicesOf({ a: 1, b: 1, c: 1, d: 1 });
  const rest = all.slice(0, 3);

  test('a table of buckets moves its flows and no others', () => {
    const usual = new Balancer(all, traits({ buckets: 64 }));
    const changed = new Balancer(rest, traits({ buckets: 64 }), usual);
    const [before, after] = [chosenBy(usual), chosenBy(changed)];
    expect(movedAside(before, after, 'd')).toBe(0);
    expect(shareOf(after, 'd')).toBe(0);
    expect(Math.abs(shareOf(after, 'a') - 1 / 3)).toBeLessThan(0.02);
  });

  test('a plain hash moves most of the others as well', () => {
    const usual = new Balancer(all, traits());
    const moved = movedAside(chosenBy(usual), chosenBy(new Balancer(rest, traits(), usual)), 'd');
    expect(moved).toBeGreaterThan(0.3);
  });
});

test('packets go anywhere where they are balanced one by one', () => {
  const balancer = new Balancer(choicesOf({ a: 1, b: 3 }), traits({ kind: 'per-packet' }));
  const packet = new Traveller({ flowHash: 1, ttl: 9 });
  const chosen = Array.from({ length: FLOWS }, () => balancer.choose(packet) ?? '');
  expect(Math.abs(shareOf(chosen, 'b') - 0.75)).toBeLessThan(0.0117);
  expect(new Set(Array.from({ length: 100 }, () => balancer.usual(packet))).size).toBe(1);
});

test('flows share one way where only the destination counts', () => {
  const balancer = new Balancer(choicesOf({ a: 1, b: 1 }), traits({ kind: 'per-destination' }));
  expect(new Set(chosenBy(balancer)).size).toBe(1);
  const other = new Traveller({ flowHash: 1, destinationHash: 9, ttl: 9 });
  const seeds = Array.from({ length: 32 }, (_, hashSeed) =>
    traits({ kind: 'per-destination', hashSeed }),
  );
  const ways = seeds.map((each) => new Balancer(choicesOf({ a: 1, b: 1 }), each).choose(other));
  expect(new Set(ways).size).toBe(2);
});

describe('routers in a row', () => {
  const pairsWith = (hash: string): number => {
    const json = {
      shows: 'two balancers in a row',
      fabric: { widths: [1, 4, 4, 1] },
      balancing: { hash },
      truth: { verdict: 'no-loss' },
    };
    const network = new Network(planNetwork(parseScenario(json)));
    const paths = Array.from({ length: 1024 }, (_, i) => network.pathOf(Math.imul(i, 0x9e37_79b1)));
    return new Set(paths.map((path) => `${path[1]} ${path[2]}`)).size;
  };

  test('choose independently with seeds of their own', () => expect(pairsWith('own')).toBe(16));
  test('choose alike when they are polarised', () => expect(pairsWith('polarised')).toBe(4));
});
