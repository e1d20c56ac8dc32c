import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { BACKGROUND_LOSS, LossModel } from './likelihood.ts';
import type { Cell } from './path-graph.ts';

const cell = fc
  .record({
    sent: fc.integer({ min: 1, max: 500 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ sent, share }): Cell => ({ sent, received: Math.round(sent * share) }));
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
function logLikelihoodOf({ sent, received }: Cell, p: number): number {
  const lost = sent - received;
  return received * Math.log(p) + (lost === 0 ? 0 : lost * Math.log1p(-p));
}

describe('without any loss', () => {
  test('the likelihood is that of the background alone', () => {
    fc.assert(
      fc.property(cells, (all) => {
        const expected = all.reduce(
          (sum, each) => sum + logLikelihoodOf(each, 1 - BACKGROUND_LOSS),
          0,
        );
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
        const pooled = received / sent / (1 - BACKGROUND_LOSS);
        const { theta } = new LossModel(all).fit([...all.keys()]);
        const expected = Math.min(0, Math.max(-9, Math.log(pooled)));
        expect(theta).toBeCloseTo(expected, 4);
      }),
    );
  });

  test('gains what the likelihood rises by when it is believed', () => {
    fc.assert(
      fc.property(world, ({ all, covers: [covered = []] }) => {
        const model = new LossModel(all);
        const before = model.logLikelihood();
        const { theta, gain } = model.fit(covered);
        model.activate(covered, theta);
        expect(model.logLikelihood() - before).toBeCloseTo(gain, 6);
        expect(gain).toBeGreaterThanOrEqual(0);
      }),
    );
  });

  test('has no better θ than the fitted one', () => {
    const thetas = fc.double({ min: -9, max: 0, noNaN: true });
    fc.assert(
      fc.property(world, thetas, ({ all, covers: [covered = []] }, theta) => {
        const model = new LossModel(all);
        expect(model.gainOf(covered, theta)).toBeLessThanOrEqual(model.fit(covered).gain + 1e-6);
      }),
    );
  });
});

describe('several candidates', () => {
  /** Brings all to their best from where they start; the likelihood and what each θ adds up to. */
  function refitted(all: readonly Cell[], covers: readonly number[][], start: () => number) {
    const model = new LossModel(all);
    for (const covered of covers) model.activate(covered, start());
    for (let i = 0; i < 40; i++) model.refit(); // flat directions take long to the last digit
    const sums = all.map((_, id) =>
      covers.reduce((sum, each) => sum + (each.includes(id) ? model.theta(each) : 0), 0),
    );
    return { logLikelihood: model.logLikelihood(), sums };
  }

  test('have one joint maximum, from wherever the search starts', () => {
    fc.assert(
      fc.property(world, fc.nat(), ({ all, covers }, seed) => {
        const random = new Random(seed);
        // Where nothing at all is answered, the maximum lies beyond the least θ of any candidate.
        const heard = all.map(({ sent, received }) => ({ sent, received: Math.max(1, received) }));
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
      { sent: 1000, received: 990 },
      { sent: 1000, received: 880 },
      { sent: 1000, received: 900 },
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
            for (const [i, covered] of covers.entries()) model.activate(covered, thetaOf(i));
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

describe('activation', () => {
  test('is undone by deactivation', () => {
    fc.assert(
      fc.property(world, fc.double({ min: -9, max: 0, noNaN: true }), ({ all, covers }, theta) => {
        const model = new LossModel(all);
        const before = model.logLikelihood();
        for (const covered of covers) model.activate(covered, theta);
        for (const covered of covers) model.deactivate(covered);
        expect(model.logLikelihood()).toBeCloseTo(before, 4);
        expect(covers.map((covered) => model.theta(covered))).toEqual(covers.map(() => 0));
      }),
    );
  });

  test('of what is active already replaces its θ', () => {
    const covered = [0];
    const model = new LossModel([{ sent: 100, received: 80 }]);
    model.activate(covered, -3);
    model.activate(covered, Math.log(0.8));
    expect(model.theta(covered)).toBe(Math.log(0.8));
    expect(model.logLikelihood()).toBeCloseTo(
      logLikelihoodOf({ sent: 100, received: 80 }, 0.8 * (1 - BACKGROUND_LOSS)),
      9,
    );
  });
});

describe('the profile', () => {
  const all = [
    { sent: 1000, received: 980 },
    { sent: 1000, received: 700 },
  ];
  const [both, second] = [[0, 1], [1]];

  test('of a candidate that shares no cell is its own likelihood', () => {
    const model = new LossModel(all);
    model.activate(second, -0.3);
    expect(model.profileGain([0], -0.01)).toBeCloseTo(model.gainOf([0], -0.01), 9);
  });

  test('lets what it shares cells with make up for it, and leaves all as it was', () => {
    const model = new LossModel(all);
    model.activate(both, -0.02);
    model.activate(second, -0.33);
    model.refit();
    const [thetaBoth, thetaSecond] = [model.theta(both), model.theta(second)];
    const before = model.logLikelihood();
    const gains = [-0.3, -0.4].map((theta) => model.profileGain(second, theta));
    for (const [i, theta] of [-0.3, -0.4].entries()) {
      expect(gains[i]).toBeGreaterThanOrEqual(model.gainOf(second, theta) - 1e-9);
    }
    expect(model.logLikelihood()).toBeCloseTo(before, 9);
    expect([model.theta(both), model.theta(second)]).toEqual([thetaBoth, thetaSecond]);
  });
});
