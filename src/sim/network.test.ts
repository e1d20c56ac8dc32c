import { describe, expect, test } from 'vitest';
import { parseIpAddress } from '../lib/ip-address.ts';
import { flowHash } from './flow-hash.ts';
import { Network, type SimulatedNode } from './network.ts';
import { planNetwork } from './network-plan.ts';
import { parseScenario } from './scenario.ts';
import { Traveller } from './traveller.ts';

const TTL = 30;

function networkOf(traits: object, seed = 1): Network {
  const json = { shows: 'a network', truth: { verdict: 'inconclusive' }, ...traits };
  return new Network(planNetwork(parseScenario(json), { seed }));
}

/** The hash of the flow from this source port to port 22. */
function hashOf(sourcePort: number): number {
  const [source, destination] = [new Uint8Array([10, 100, 0, 1]), new Uint8Array([10, 200, 0, 1])];
  return flowHash({ source, destination, protocol: 6, leadingBits: (sourcePort << 16) | 22 });
}

/** Flows of consecutive source ports, as a prober makes them. */
function flows(count: number): number[] {
  return Array.from({ length: count }, (_, i) => hashOf(32768 + i));
}

function tally(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}

/** Pearson's statistic against equal shares. */
function chiSquare(counts: ReadonlyMap<string, number>, cells: number): number {
  const observed = [...counts.values()];
  const expected = observed.reduce((sum, count) => sum + count, 0) / cells;
  const empty = (cells - observed.length) * expected;
  return observed.reduce((sum, count) => sum + (count - expected) ** 2 / expected, empty);
}

/** Whether `hits` lies in the 99.9 % interval of Bin(trials, ratio), taken as normal. */
function isBinomial(hits: number, trials: number, ratio: number): boolean {
  const sigma = Math.sqrt(trials * ratio * (1 - ratio));
  return Math.abs(hits - trials * ratio) <= 3.29 * sigma;
}

function lostOf(network: Network, trials: number, ttl = TTL): number {
  let lost = 0;
  for (let i = 0; i < trials; i++) {
    if (network.carryProbe(new Traveller({ flowHash: hashOf(40_000), ttl }), 0) === undefined)
      lost++;
  }
  return lost;
}

/** The node where a probe of port 40000's flow ends at this TTL, in a network without loss. */
function nodeAt(network: Network, ttl: number): SimulatedNode {
  const end = network.carryProbe(new Traveller({ flowHash: hashOf(40_000), ttl }), 0);
  if (end === undefined) throw new Error('lost in a network without loss');
  return end.node;
}

describe('flows spread evenly', () => {
  // 20 chi-square tests at 10⁻⁵ each: a correct hash and other seeds would fail 1 run in 5000.
  const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];

  test.each(SEEDS)('over the next hops of a router, and from layer to layer (seed %i)', (seed) => {
    const network = networkOf({ fabric: { widths: [1, 4, 4, 1] } }, seed);
    const paths = flows(4096).map((hash) => network.pathOf(hash));
    expect(chiSquare(tally(paths.map((path) => path[1] ?? '')), 4)).toBeLessThan(25.9); // df 3
    const pairs = tally(paths.map((path) => `${path[1]}>${path[2]}`));
    expect(chiSquare(pairs, 16)).toBeLessThan(50.5); // df 15: both layers choose independently
  });

  test('over links that leave the source itself', () => {
    const network = networkOf({ fabric: { widths: [3] } });
    const firsts = tally(flows(3000).map((hash) => network.pathOf(hash)[0] ?? ''));
    expect(chiSquare(firsts, 3)).toBeLessThan(23); // df 2, 10⁻⁵
  });
});

test('a flow keeps its path, and another seed gives it another one', () => {
  const fabric = { widths: [8, 8, 8] };
  const pathsOf = (seed: number) => {
    const network = networkOf({ fabric }, seed);
    return flows(32).map((hash) => network.pathOf(hash).join(' '));
  };
  expect(pathsOf(1)).toEqual(pathsOf(1));
  expect(pathsOf(1)).not.toEqual(pathsOf(2));
});

describe('TTL', () => {
  const network = networkOf({ fabric: { widths: [1, 1] }, linkDelayMs: 2 });
  const rows = [
    { ttl: 0, node: 'r1.0', left: 0, atUs: 2000 },
    { ttl: 1, node: 'r1.0', left: 1, atUs: 2000 },
    { ttl: 2, node: 'r2.0', left: 1, atUs: 4000 },
    { ttl: 3, node: 'target', left: 1, atUs: 6000 },
    { ttl: 30, node: 'target', left: 28, atUs: 6000 },
  ];

  test.each(rows)('$ttl brings a probe to $node with $left left', ({ ttl, node, left, atUs }) => {
    const end = network.carryProbe(new Traveller({ flowHash: hashOf(1), ttl }), 0);
    expect(end).toMatchObject({ node: { name: node }, ttl: left, atUs });
  });

  test('of a reply falls by one at every router that forwards it', () => {
    const node = nodeAt(network, 3);
    expect(network.carryReply(new Traveller({ flowHash: 1, ttl: 64 }), node, 6000)).toEqual({
      atUs: 12_000,
      ttl: 62,
      shift: 0,
    });
    expect(network.carryReply(new Traveller({ flowHash: 1, ttl: 2 }), node, 0)).toBeUndefined();
  });
});

describe('loss', () => {
  const TRIALS = 20_000;
  // Each row is a test at 10⁻³; seeds are fixed, so a row that passes once passes always.
  const rows = [
    { where: 'link', ratio: 0.2, faults: [{ link: ['r1.0', 'r2.0'], forwardLoss: 0.2 }] },
    { where: 'link', ratio: 0.002, faults: [{ link: ['r1.0', 'r2.0'], forwardLoss: 0.002 }] },
    { where: 'router', ratio: 0.05, faults: [{ router: 'r1.0', forwardLoss: 0.05 }] },
    {
      where: 'two links',
      ratio: 1 - 0.9 * 0.8,
      faults: [
        { link: ['source', 'r1.0'], forwardLoss: 0.1 },
        { link: ['r2.0', 'target'], forwardLoss: 0.2 },
      ],
    },
  ];

  test.each(rows)('of $ratio on a $where strikes as often as it says', ({ ratio, faults }) => {
    const network = networkOf({ fabric: { widths: [1, 1] }, faults });
    const lost = lostOf(network, TRIALS);
    expect(isBinomial(lost, TRIALS, ratio), `${lost} of ${TRIALS} lost`).toBe(true);
  });

  test('of 1 loses everything, and of 0 nothing', () => {
    const faults = [{ link: ['r1.0', 'r2.0'], forwardLoss: 1 }];
    const network = networkOf({ fabric: { widths: [1, 1] }, faults });
    expect(lostOf(network, 1000)).toBe(1000);
    expect(lostOf(network, 1000, 1)).toBe(0);
  });

  test('on transit strikes after the TTL check: the router itself still answers', () => {
    const faults = [{ router: 'r1.0', forwardLoss: 1, returnLoss: 1 }];
    const network = networkOf({ fabric: { widths: [1, 1] }, faults });
    expect(lostOf(network, 1000, 1)).toBe(0);
    expect(lostOf(network, 1000, 2)).toBe(1000);
    expect(
      network.carryReply(new Traveller({ flowHash: 1, ttl: 64 }), nodeAt(network, 1), 0),
    ).toBeDefined();
  });

  test('on the way back strikes replies alone', () => {
    const faults = [{ link: ['r1.0', 'r2.0'], returnLoss: 0.2 }];
    const network = networkOf({ fabric: { widths: [1, 1] }, faults });
    expect(lostOf(network, TRIALS)).toBe(0);
    const [before, behind] = [nodeAt(network, 1), nodeAt(network, 2)];
    let lost = 0;
    for (let i = 0; i < TRIALS; i++) {
      expect(network.carryReply(new Traveller({ flowHash: i, ttl: 64 }), before, 0)).toBeDefined();
      if (network.carryReply(new Traveller({ flowHash: i, ttl: 64 }), behind, 0) === undefined)
        lost++;
    }
    expect(isBinomial(lost, TRIALS, 0.2), `${lost} of ${TRIALS} lost`).toBe(true);
  });

  test('of a router on the way back strikes what it forwards, not what it sends', () => {
    const network = networkOf({
      fabric: { widths: [1, 1] },
      faults: [{ router: 'r1.0', returnLoss: 1 }],
    });
    expect(
      network.carryReply(new Traveller({ flowHash: 1, ttl: 64 }), nodeAt(network, 1), 0),
    ).toBeDefined();
    expect(
      network.carryReply(new Traveller({ flowHash: 1, ttl: 64 }), nodeAt(network, 2), 0),
    ).toBeUndefined();
  });

  const here = { link: ['r2.0', 'target'], forwardLoss: 0.3 };
  const elsewhere = [
    { what: 'on another link', fault: { link: ['r2.1', 'target'], forwardLoss: 0.3 } },
    { what: 'at a router', fault: { router: 'r2.1', forwardLoss: 0.3 } },
    { what: 'on the same link the other way', fault: { ...here, forwardLoss: 0, returnLoss: 0.3 } },
  ];

  test.each(elsewhere)('in one place is the same whatever is lost $what', ({ fault }) => {
    const fatesWith = (faults: object[]) => {
      const network = networkOf({ fabric: { widths: [1, 2] }, faults });
      return flows(2000).flatMap((hash) => {
        const end = network.carryProbe(new Traveller({ flowHash: hash, ttl: TTL }), 0);
        if (end !== undefined)
          network.carryReply(new Traveller({ flowHash: hash, ttl: 64 }), end.node, 0);
        return network.pathOf(hash)[1] === 'r2.0' ? [end === undefined] : [];
      });
    };
    expect(fatesWith([here, fault])).toEqual(fatesWith([here]));
  });
});

test('paths of unequal length end at the target after as many hops as they have', () => {
  const network = networkOf({ fabric: { widths: [1, 2, 1], detours: ['r2.1'] } });
  const lengths = new Set<number>();
  for (const hash of flows(64)) {
    const path = network.pathOf(hash);
    lengths.add(path.length);
    for (const [i, name] of path.entries()) {
      const end = network.carryProbe(new Traveller({ flowHash: hash, ttl: i + 1 }), 0);
      expect(end?.node.name).toBe(name);
    }
  }
  expect([...lengths].sort()).toEqual([4, 5]);
});

test('a plan whose links join unknown nodes is refused', () => {
  const scenario = parseScenario({
    shows: 'a network',
    fabric: { widths: [1] },
    truth: { verdict: 'no-loss' },
  });
  const plan = { ...planNetwork(scenario), routers: [] };
  expect(() => new Network(plan)).toThrow('the link from source to r1.0 joins no nodes');
});

test('IPv6 flows differ by every 32 bits of their addresses', () => {
  const bytes = (text: string) => parseIpAddress(text) as Uint8Array;
  const hashes = ['fdec:100::1', 'fdec:100::1:0:1', 'fdec:100:1::1', 'fdec:101::1'].map((source) =>
    flowHash({
      source: bytes(source),
      destination: bytes('fdec:200::1'),
      protocol: 6,
      leadingBits: 0,
    }),
  );
  expect(new Set(hashes).size).toBe(4);
});
