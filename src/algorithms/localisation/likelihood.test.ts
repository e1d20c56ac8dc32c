import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { BACKGROUND_LOSS } from './background-loss.ts';
import { LossModel } from './likelihood.ts';
import type { Cell } from './path-graph.ts';

const LINKS = 10;
/** What is answered where nothing is believed. */
const HEALTHY = (1 - BACKGROUND_LOSS) ** LINKS;

const cell = fc
  .record({
    sent: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ sent, share }): Cell => ({ sent, received: Math.round(sent * share), links: LINKS }));
const cells = fc.array(cell, { minLength: 1, maxLength: 12 });

/** Cells, and for each of some candidates which of them it covers. */
const world = cells.chain((all) =>
  fc.record({
    all: fc.constant(all),
    covers: fc.array(fc.subarray([...all.keys()], { minLength: 1 }), {
      minLength: 1,
      maxLength: 5,
    }),
  }),
);

/** ln L by the definition of the binomial, with p for the chance of an answer. */
function logLikelihoodOf({ sent, received }: Omit<Cell, 'links'>, p: number): number {
  const lost = sent - received;
  return received * Math.log(p) + (lost === 0 ? 0 : lost * Math.log1p(-p));
}

describe('without any loss', () => {
  test('the likelihood is that of the background alone', () => {
    fc.assert(
      fc.property(cells, (all) => {
        const expected = all.reduce((sum, each) => sum + logLikelihoodOf(each, HEALTHY), 0);
        expect(new LossModel(all).logLikelihood()).toBeCloseTo(expected, 6);
      }),
    );
  });
});

describe('one candidate', () => {
  test('over cells that nothing else covers has the pooled estimate', () => {
    fc.assert(
      fc.property(cells, (all) => {
        const sent = all.reduce((sum, each) => sum + each.sent, 0);
        const received = all.reduce((sum, each) => sum + each.received, 0);
        const pooled = received / sent / HEALTHY;
        const model = new LossModel(all);
        const { theta } = model.fit(model.cover([...all.keys()]));
        const expected = Math.min(0, Math.max(-9, Math.log(pooled)));
        expect(theta).toBeCloseTo(expected, 4);
      }),
    );
  });

  test('gains what the likelihood rises by when it is believed', () => {
    fc.assert(
      fc.property(world, ({ all, covers: [cells = []] }) => {
        const model = new LossModel(all);
        const covered = model.cover(cells);
        const before = model.logLikelihood();
        const { theta, gain } = model.fit(covered);
        model.believe(covered, theta);
        expect(model.logLikelihood() - before).toBeCloseTo(gain, 6);
        expect(gain).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('has no better θ than the fitted one', () => {
    const thetas = fc.double({ min: -9, max: 0, noNaN: true });
    fc.assert(
      fc.property(world, thetas, ({ all, covers: [cells = []] }, theta) => {
        const model = new LossModel(all);
        const covered = model.cover(cells);
        expect(model.gainOf(covered, theta)).toBeLessThanOrEqual(model.fit(covered).gain + 1e-6);
      }),
    );
  });
});

describe('several candidates', () => {
  /** Brings all to their best from where they start; the likelihood and what each θ adds up to. */
  function refitted(all: readonly Cell[], covers: readonly number[][], start: () => number) {
    const model = new LossModel(all);
    const coverages = covers.map((each) => model.cover(each));
    for (const covered of coverages) model.believe(covered, start());
    for (let i = 0; i < 40; i++) model.refit(); // flat directions take long to the last digit
    const sums = all.map((_, id) =>
      coverages.reduce((sum, { cells: ids, theta }) => sum + (ids.includes(id) ? theta : 0), 0),
    );
    return { logLikelihood: model.logLikelihood(), sums };
  }

  test('have one joint maximum, from wherever the search starts', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ all, covers }, seed) => {
        const random = new Random(seed);
        // Where nothing at all is answered, the maximum lies beyond the least θ of any candidate.
        const heard = all.map((each) => ({ ...each, received: Math.max(1, each.received) }));
        const first = refitted(heard, covers, () => -1e-3);
        const other = refitted(heard, covers, () => -5 * random.unit());
        // Less than the least gain for which the selection changes anything.
        expect(Math.abs(other.logLikelihood - first.logLikelihood)).toBeLessThan(0.1);
      }),
      { numRuns: 50 },
    );
  });

  test('that overlap are told apart to 1e-6 from random starts', () => {
    const all = [
      { sent: 1000, received: 990, links: LINKS },
      { sent: 1000, received: 880, links: LINKS },
      { sent: 1000, received: 900, links: LINKS },
    ];
    const covers = [[0, 1], [1, 2], [1]];
    const first = refitted(all, covers, () => -1e-3);
    for (let seed = 1; seed <= 20; seed++) {
      const random = new Random(seed);
      const other = refitted(all, covers, () => -4 * random.unit());
      for (const [id, sum] of other.sums.entries()) expect(sum).toBeCloseTo(first.sums[id] ?? 0, 6);
    }
  });

  test('have a concave likelihood: no chord lies above it', () => {
    const theta = fc.double({ min: -6, max: -1e-6, noNaN: true });
    fc.assert(
      fc.property(
        world,
        fc.array(fc.tuple(theta, theta), { minLength: 5, maxLength: 5 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        ({ all, covers }, ends, weight) => {
          const at = (thetaOf: (i: number) => number) => {
            const model = new LossModel(all);
            for (const [i, each] of covers.entries()) model.believe(model.cover(each), thetaOf(i));
            return model.logLikelihood();
          };
          const end = (side: 0 | 1) => (i: number) => ends[i]?.[side] ?? -1;
          const middle = at((i) => weight * end(0)(i) + (1 - weight) * end(1)(i));
          const chord = weight * at(end(0)) + (1 - weight) * at(end(1));
          expect(middle).toBeGreaterThanOrEqual(chord - 1e-6 * (1 + Math.abs(chord)));
        },
      ),
    );
  });
});

describe('belief', () => {
  test('is undone by believing in no loss', () => {
    fc.assert(
      fc.property(world, fc.double({ min: -9, max: 0, noNaN: true }), ({ all, covers }, theta) => {
        const model = new LossModel(all);
        const before = model.logLikelihood();
        const coverages = covers.map((each) => model.cover(each));
        for (const covered of coverages) model.believe(covered, theta);
        for (const covered of coverages) model.believe(covered, 0);
        expect(model.logLikelihood()).toBeCloseTo(before, 4);
        expect(model.believed.size).toBe(0);
      }),
    );
  });

  test('in what is believed already replaces its θ', () => {
    const model = new LossModel([{ sent: 100, received: 80, links: LINKS }]);
    const covered = model.cover([0]);
    model.believe(covered, -3);
    model.believe(covered, Math.log(0.8));
    expect(covered.theta).toBe(Math.log(0.8));
    const expected = logLikelihoodOf({ sent: 100, received: 80 }, 0.8 * HEALTHY);
    expect(model.logLikelihood()).toBeCloseTo(expected, 9);
  });
});

describe('the profile', () => {
  const all = [
    { sent: 1000, received: 980, links: LINKS },
    { sent: 1000, received: 700, links: LINKS },
  ];

  test('of a loss that shares no cell is its own likelihood', () => {
    const model = new LossModel(all);
    model.believe(model.cover([1]), -0.3);
    const first = model.cover([0]);
    expect(model.profileGain(first, -0.01)).toBeCloseTo(model.gainOf(first, -0.01), 9);
  });

  test('lets what it shares cells with make up for it, and leaves all as it was', () => {
    const model = new LossModel(all);
    const [both, second] = [model.cover([0, 1]), model.cover([1])];
    model.believe(both, -0.02);
    model.believe(second, -0.33);
    model.refit();
    const thetas = [both.theta, second.theta];
    const before = model.logLikelihood();
    const gains = [-0.3, -0.4].map((theta) => model.profileGain(second, theta));
    for (const [i, theta] of [-0.3, -0.4].entries()) {
      expect(gains[i]).toBeGreaterThanOrEqual(model.gainOf(second, theta) - 1e-9);
    }
    expect(model.logLikelihood()).toBeCloseTo(before, 9);
    expect([both.theta, second.theta]).toEqual(thetas);
  });
});

describe('cells that are split', () => {
  test('keep the likelihood and what covers them', () => {
    const model = new LossModel([{ sent: 100, received: 90, links: LINKS }]);
    const covered = model.cover([0]);
    model.believe(covered, Math.log(0.9));
    const before = model.logLikelihood();
    const part = model.splitCell(0, { sent: 40, received: 35 });
    model.extend(covered, [part]);
    expect(model.logLikelihood()).toBeCloseTo(before, 9);
    expect([model.sent(0), model.received(0)]).toEqual([60, 55]);
    expect([model.sent(part), model.received(part)]).toEqual([40, 35]);
    model.believe(covered, 0);
    expect(model.x(part)).toBeCloseTo(model.x(0), 12);
  });

  test('a cell whose losses were all split off adds answers, and nothing else', () => {
    const model = new LossModel([{ sent: 100, received: 90, links: LINKS }]);
    const covered = model.cover([0]);
    model.believe(covered, Math.log(0.9));
    model.extend(covered, [model.splitCell(0, { sent: 40, received: 30 })]);
    const whole = new LossModel([{ sent: 100, received: 90, links: LINKS }]);
    const theta = Math.log(0.2);
    expect(model.gainOf(covered, theta)).toBeCloseTo(whole.gainOf(whole.cover([0]), theta), 9);
    model.believe(covered, theta);
    expect(model.gainOf(covered, Math.log(0.99))).toBeCloseTo(
      whole.gainOf(whole.cover([0]), Math.log(0.99)),
      9,
    );
    expect(model.fit(covered).theta).toBeCloseTo(whole.fit(whole.cover([0])).theta, 5);
    expect(model.fail(0)).toBeCloseTo(-Math.expm1(model.x(0)), 12);
  });
});

describe('the background', () => {
  const healthy = (loss: number) =>
    Array.from({ length: 50 }, () => {
      const sent = 10_000;
      return { sent, received: Math.round(sent * (1 - loss) ** LINKS), links: LINKS };
    });

  test.each([2e-5, 1e-4])('is learned: %f a link', (loss) => {
    const model = new LossModel(healthy(loss));
    for (let i = 0; i < 20; i++) model.fitBackground();
    expect(model.backgroundLoss / loss).toBeGreaterThan(0.8);
    expect(model.backgroundLoss / loss).toBeLessThan(1.25);
  });

  test('never grows so large that it would hide a fault', () => {
    const model = new LossModel(healthy(0.01));
    for (let i = 0; i < 20; i++) model.fitBackground();
    expect(model.backgroundLoss).toBeLessThan(2e-4);
  });
});
