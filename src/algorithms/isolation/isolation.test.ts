import { describe, expect, test } from 'vitest';
import { replyFrom } from '../../../test/support/learned-table.ts';
import { fabricPaths, type Hop } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { Prober } from '../../model/probe.ts';
import { Isolation } from './isolation.ts';
import type { IsolationOptions, StopReason } from './isolation-options.ts';

const FLOWS = 32;
const PATHS = fabricPaths([1, 4, 1], FLOWS);
const STEP_US = 300_000;

interface Order {
  readonly flow: number;
  readonly ttl: number;
  readonly round: number;
}

/** Takes orders, and lets a script answer them: a hop's number, the target, or nobody. */
class ScriptedProber implements Prober {
  readonly orders: Order[] = [];
  readonly slowed: number[] = [];
  #pending: Order[] = [];

  order(flow: number, ttl: number, round: number): void {
    this.#pending.push({ flow, ttl, round });
  }

  get queued(): number {
    return this.#pending.length;
  }

  slowDown(responder: number): void {
    this.slowed.push(responder);
  }

  speedUp(): void {}

  takeAll(): Order[] {
    const taken = this.#pending;
    this.#pending = [];
    this.orders.push(...taken);
    return taken;
  }
}

type Script = (order: Order) => Hop | 'unsent';

/** Who is at that place of a path; behind the target, the target. */
const healthy: Script = ({ flow, ttl }) => PATHS[flow]?.[ttl - 1] ?? 'T';

function lossyAt(position: number, router: Hop, chance: number, random: Random): Script {
  return (order) => {
    const isAcross = PATHS[order.flow]?.[position] === router && order.ttl > position + 1;
    return isAcross && random.unit() < chance ? '*' : healthy(order);
  };
}

class Trial {
  readonly prober = new ScriptedProber();
  readonly isolation: Isolation;
  nowUs = 1_000_000; // clocks start anywhere

  constructor(options: Partial<IsolationOptions> = {}, seed = 1) {
    const addresses = new AddressBook();
    // Interface 100·layer + router and the target are their own address indexes.
    for (let i = 0; i <= 1000; i++) addresses.indexOf(Uint8Array.of(10, 0, i >> 8, i & 255));
    this.isolation = new Isolation(
      {
        flows: FLOWS,
        minTtl: 1,
        maxTtl: 30,
        confidence: 0.95,
        minLoss: 0.002,
        exclude: 0.05,
        maxProbes: 100_000,
        maxTimeUs: 60_000_000,
        target: 1000,
        source: '192.0.2.1',
        ...options,
      },
      { random: new Random(seed), addresses },
    );
  }

  /** Plans once, and answers all that was ordered. */
  step(script: Script): Order[] {
    this.isolation.advance(this.nowUs, this.prober);
    this.nowUs += STEP_US;
    const orders = this.prober.takeAll();
    for (const order of orders) this.#answer(order, script(order));
    return orders;
  }

  run(script: Script, stepsMax = 400): StopReason | undefined {
    for (let i = 0; i < stepsMax && this.isolation.stopReason === undefined; i++) this.step(script);
    return this.isolation.stopReason;
  }

  #answer(order: Order, hop: Hop | 'unsent'): void {
    const { flow, ttl, round } = order;
    if (hop === 'unsent') this.isolation.unsent(flow, ttl, round);
    else if (hop === '*') this.isolation.lost(flow, ttl, round);
    else this.isolation.replied(replyFrom(hop, order));
  }
}

describe('the first round', () => {
  test('is that of a few scouts, spread over all flows', () => {
    const flows = new Set(new Trial().step(healthy).map(({ flow }) => flow));
    expect([...flows].sort((a, b) => a - b)).toEqual([0, 8, 16, 24]);
  });

  test('is answered before all others start, and tells them the distance', () => {
    const trial = new Trial();
    trial.isolation.advance(0, trial.prober);
    const scouts = trial.prober.takeAll();
    trial.isolation.advance(200_000, trial.prober);
    expect(trial.prober.takeAll()).toEqual([]);
    for (const order of scouts) {
      const hop = healthy(order);
      if (hop !== '*' && hop !== 'unsent') trial.isolation.replied(replyFrom(hop, order));
    }
    trial.isolation.advance(400_000, trial.prober);
    const all = trial.prober.takeAll();
    expect(new Set(all.map(({ flow }) => flow)).size).toBe(FLOWS);
    expect(Math.max(...all.map(({ ttl }) => ttl))).toBe(4);
  });

  test('may be all there is to few flows', () => {
    const trial = new Trial({ flows: 2 });
    expect(new Set(trial.step(healthy).map(({ flow }) => flow))).toEqual(new Set([0, 1]));
  });
});

describe('the run ends', () => {
  test('clean, when nothing is lost and enough is ruled out', () => {
    const trial = new Trial();
    expect(trial.run(healthy)).toBe('clean');
    const found = trial.isolation.localisation();
    expect(found.losses).toEqual([]);
    expect(found.excludedLossRatio).toBeLessThanOrEqual(0.05);
  });

  test('later where less is to be ruled out', () => {
    const [coarse, fine] = [new Trial({ exclude: 0.1 }), new Trial({ exclude: 0.02 })];
    expect([coarse.run(healthy), fine.run(healthy)]).toEqual(['clean', 'clean']);
    expect(fine.prober.orders.length).toBeGreaterThan(2 * coarse.prober.orders.length);
  });

  test.each([1, 2, 3])('sure, when a loss has its place (seed %i)', (seed) => {
    const trial = new Trial({}, seed);
    expect(trial.run(lossyAt(1, 202, 0.2, new Random(seed)))).toBe('sure');
    const { losses, graph } = trial.isolation.localisation();
    expect(losses).toHaveLength(1);
    const [first] = losses[0]?.explanations ?? [];
    const vertex = first?.kind === 'node' ? graph.vertices[first.interfaces[0] ?? -1] : undefined;
    expect(vertex).toMatchObject({ kind: 'interface', address: 202 });
  });

  test('with no answer, when nobody ever answers', () => {
    const trial = new Trial();
    expect(trial.run(() => '*')).toBe('no-answer');
    expect(trial.isolation.roundsOver).toBe(3);
  });

  test('with max-time, when that is over before anything is sure', () => {
    const trial = new Trial({ exclude: 1e-5, maxTimeUs: 3_000_000 });
    expect(trial.isolation.deadlineUs(trial.nowUs)).toBe(4_000_000);
    expect(trial.run(healthy)).toBe('max-time');
    expect(trial.nowUs - STEP_US).toBe(4_000_000);
  });

  test.each([1, 100, 1000])('with max-probes, after just %i probes', (maxProbes) => {
    const trial = new Trial({ exclude: 1e-5, maxProbes });
    expect(trial.run(healthy)).toBe('max-probes');
    expect(trial.prober.orders).toHaveLength(maxProbes);
  });

  test('with max-probes only when the last outcomes are known', () => {
    const trial = new Trial({ maxProbes: 10 });
    trial.isolation.advance(0, trial.prober);
    const orders = trial.prober.takeAll();
    expect(orders).toHaveLength(10);
    trial.isolation.advance(1_000_000, trial.prober);
    expect(trial.isolation.stopReason).toBeUndefined();
    for (const { flow, ttl, round } of orders) trial.isolation.lost(flow, ttl, round);
    trial.isolation.advance(2_000_000, trial.prober);
    expect(trial.isolation.stopReason).toBe('max-probes');
  });

  test('soon, when no probe can be sent', () => {
    const trial = new Trial();
    expect(trial.run(() => 'unsent')).toBe('no-answer');
    expect(trial.isolation.table.hasAnswers).toBe(false);
  });

  test('for good: nothing is ordered after it', () => {
    const trial = new Trial();
    trial.run(healthy);
    const ordered = trial.prober.orders.length;
    trial.step(healthy);
    expect(trial.prober.orders).toHaveLength(ordered);
  });
});

describe('rounds', () => {
  test('are not planned while probes of the last one wait to be sent', () => {
    const trial = new Trial();
    trial.isolation.advance(0, trial.prober);
    const queued = trial.prober.queued;
    trial.isolation.advance(1000, trial.prober);
    expect(trial.prober.queued).toBe(queued);
  });

  test('wait for replies only so far: no more than eight are open', () => {
    const trial = new Trial();
    trial.step(healthy);
    const rounds = new Set<number>();
    for (let i = 0; i < 20; i++) {
      trial.isolation.advance(trial.nowUs, trial.prober);
      trial.nowUs += 1000;
      for (const { round } of trial.prober.takeAll()) rounds.add(round);
    }
    expect(rounds.size).toBe(8);
  });

  test('repeat with the seed, and are others with another', () => {
    const [one, same, other] = [new Trial({}, 1), new Trial({}, 1), new Trial({}, 2)];
    for (const trial of [one, same, other]) for (let i = 0; i < 4; i++) trial.step(healthy);
    expect(same.prober.orders).toEqual(one.prober.orders);
    expect(other.prober.orders).not.toEqual(one.prober.orders);
  });
});

test('an interface that answers half of its probes is slowed down, and it alone', () => {
  const random = new Random(9);
  const trial = new Trial({ exclude: 0.02 });
  trial.run((order) => {
    const hop = healthy(order);
    return hop === 201 && random.unit() < 0.5 ? '*' : hop;
  });
  expect(trial.isolation.stopReason).toBe('clean');
  expect(new Set(trial.prober.slowed)).toEqual(new Set([201]));
});
