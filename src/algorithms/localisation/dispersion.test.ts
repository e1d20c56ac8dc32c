import { expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { scaleOverCells, scaleOverRounds, scatterOfRounds } from './dispersion.ts';
import { LossModel } from './likelihood.ts';
import { lossInterval } from './loss-interval.ts';

const DRAWS = 1000;
const MEAN_BURST = 8;

/** A run of a few rounds across one lossy link: probes by round. */
interface ShortRun {
  readonly probes: readonly number[];
  readonly loss: number;
}

/** A few flows first, all of them next, and then more of those that look as if they lost some. */
const GROWING: ShortRun = { probes: [2, 24, 54], loss: 0.2 };
const SHORT_RUNS: readonly ShortRun[] = [
  GROWING,
  { probes: [2, 12, 22, 22, 22], loss: 0.2 },
  { probes: [30, 30, 30, 30, 30], loss: 0.1 },
  { probes: [10, 60, 60, 60, 60, 60, 60, 60], loss: 0.05 },
];

/** Which packets of a stream are lost, in runs of this mean length (Gilbert 1960). */
function lossStream(random: Random, loss: number, meanBurst: number): () => boolean {
  const ends = meanBurst === 1 ? 1 - loss : 1 / meanBurst;
  const begins = (ends * loss) / (1 - loss);
  let isLost = random.unit() < loss;
  return () => {
    const now = isLost;
    isLost = now ? random.unit() >= ends : random.unit() < begins;
    return now;
  };
}

interface Drawn {
  readonly sent: number;
  readonly lost: number;
  readonly interval: readonly [number, number];
  /** As if all losses were single. */
  readonly plain: readonly [number, number];
}

/** Runs that lost something in at least two rounds: others name no loss. */
function drawnRuns({ probes, loss }: ShortRun, meanBurst: number): Drawn[] {
  const random = new Random(31);
  const sent = probes.reduce((sum, count) => sum + count, 0);
  const runs: Drawn[] = [];
  while (runs.length < DRAWS) {
    const strikes = lossStream(random, loss, meanBurst);
    const lost = probes.map(
      (count) => Array.from({ length: count }, strikes).filter(Boolean).length,
    );
    if (lost.filter((count) => count > 0).length < 2) continue;
    const all = lost.reduce((sum, count) => sum + count, 0);
    const model = new LossModel([{ sent, received: sent - all, links: 4 }]);
    const coverage = model.cover([0]);
    model.believe(coverage, model.fit(coverage).theta);
    const scatter = scatterOfRounds({
      lost,
      shares: probes.map((count) => count / sent),
      variance: sent * model.fail(0) * (1 - model.fail(0)),
    });
    const interval = lossInterval(model, coverage, scatter);
    runs.push({ sent, lost: all, interval, plain: lossInterval(model, coverage) });
  }
  return runs;
}

function coverage(runs: readonly Drawn[], loss: number, which: 'interval' | 'plain'): number {
  const held = runs.filter(({ [which]: [low, high] }) => low <= loss && loss <= high);
  return held.length / runs.length;
}

/** The exact interval of a binomial share (Clopper and Pearson 1934), by bisection. */
function exactWidth(sent: number, lost: number): number {
  const atMost = (count: number, loss: number): number => {
    let term = (1 - loss) ** sent;
    let sum = term;
    for (let k = 1; k <= count; k++) {
      term *= ((sent - k + 1) / k) * (loss / (1 - loss));
      sum += term;
    }
    return sum;
  };
  const where = (isBelow: (loss: number) => boolean): number => {
    let [low, high] = [0, 1];
    for (let step = 0; step < 40; step++) {
      const middle = (low + high) / 2;
      if (isBelow(middle)) low = middle;
      else high = middle;
    }
    return low;
  };
  const high = where((loss) => atMost(lost, loss) > 0.025);
  return high - where((loss) => atMost(lost - 1, loss) > 0.975);
}

const medianOf = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Bin(1000, 0.95) falls below 0.93 once in 500 times, and a likelihood interval holds 94 %. */
test.each(SHORT_RUNS)(
  '$probes.length rounds of single losses: 92 of 100 intervals hold, as wide as the exact ones',
  (run) => {
    const runs = drawnRuns(run, 1);
    expect(coverage(runs, run.loss, 'interval')).toBeGreaterThan(0.92);
    const excess = runs.map(({ sent, lost, interval: [low, high] }) => {
      return (high - low) / exactWidth(sent, lost);
    });
    expect(medianOf(excess)).toBeLessThan(1.02);
  },
);

/** One burst or two are all that such a run sees: no more than most is in them. */
test.each(SHORT_RUNS)(
  '$probes.length rounds of bursts: most intervals hold, of the plain ones half',
  (run) => {
    const runs = drawnRuns(run, MEAN_BURST);
    expect(coverage(runs, run.loss, 'plain')).toBeLessThan(0.65);
    expect(coverage(runs, run.loss, 'interval')).toBeGreaterThan(run === GROWING ? 0.75 : 0.84);
  },
);

test('rounds that lose as they send do not scatter, however unlike they are', () => {
  const scatter = scatterOfRounds({
    lost: [1, 10, 100],
    shares: [1, 10, 100].map((n) => n / 111),
    variance: 100,
  });
  expect(scatter?.ratio).toBeCloseTo(0, 12);
});

test('equal rounds: variance over that of single losses, with a round less of freedom', () => {
  const lost = [0, 4, 8, 4];
  const scatter = scatterOfRounds({ lost, shares: lost.map(() => 0.25), variance: 16 });
  expect(scatter?.ratio).toBeCloseTo(32 / 3 / 4, 12);
  expect(scatter?.freedom).toBeCloseTo(3, 12);
  expect(scatter?.freedomOfCounts).toBeLessThan(3);
});

test('one round has nothing to scatter over', () => {
  expect(scatterOfRounds({ lost: [5], shares: [1], variance: 5 })).toBeUndefined();
  expect(scaleOverRounds(undefined)).toBe(1);
  expect(scaleOverCells(undefined)).toBe(1);
});

test('the scale is 1 where chance explains the ratio, else the ratio or more', () => {
  const few = { freedom: 4, freedomOfCounts: 3 };
  expect(scaleOverRounds({ ratio: 1.9, ...few })).toBe(1);
  expect(scaleOverRounds({ ratio: 4, ...few })).toBeGreaterThan(4);
  expect(scaleOverRounds({ ratio: 4, freedom: 1000, freedomOfCounts: 1000 })).toBeCloseTo(4, 1);
  expect(scaleOverCells({ ratio: 3, ...few })).toBe(1);
  expect(scaleOverCells({ ratio: 8, ...few })).toBe(8);
});
