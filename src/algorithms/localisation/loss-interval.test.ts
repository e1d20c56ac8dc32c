import { describe, expect, test } from 'vitest';
import { binomial } from '../../../test/support/path-counts.ts';
import { Random } from '../../lib/random.ts';
import { BACKGROUND_LOSS } from './background-loss.ts';
import { type Coverage, LossModel } from './likelihood.ts';
import { estimatedLoss, excludedLoss, lossInterval, probabilityOfLoss } from './loss-interval.ts';

const LINKS = 10;
const BACKGROUND = 1 - (1 - BACKGROUND_LOSS) ** LINKS;

/** One cell, and all of it covered. */
function countsOf(sent: number, received: number): [LossModel, Coverage] {
  const model = new LossModel([{ sent, received, links: LINKS }]);
  return [model, model.cover([0])];
}

/** ln L of a loss, by the definition of the binomial. */
function logLikelihood(loss: number, sent: number, received: number): number {
  const p = (1 - BACKGROUND) * (1 - loss);
  return received * Math.log(p) + (sent - received) * Math.log1p(-p);
}

describe('the estimate and its interval', () => {
  const ROWS = [
    { sent: 100, lost: 20 },
    { sent: 1000, lost: 20 },
    { sent: 50, lost: 1 },
    { sent: 5000, lost: 2500 },
    { sent: 40, lost: 39 },
  ];

  test.each(ROWS)(
    '$lost of $sent: the likelihood falls by 1.92 to either end',
    ({ sent, lost }) => {
      const received = sent - lost;
      const best = estimatedLoss(...countsOf(sent, received));
      expect(best).toBeCloseTo(1 - received / sent / (1 - BACKGROUND), 5);
      const [low, high] = lossInterval(...countsOf(sent, received));
      const top = logLikelihood(best, sent, received);
      for (const end of [low, high]) {
        expect(top - logLikelihood(end, sent, received)).toBeCloseTo(1.9205, 2);
      }
      expect(low).toBeLessThan(best);
      expect(high).toBeGreaterThan(best);
    },
  );

  test('reach 0 where nothing is lost, and 1 where everything is', () => {
    const [low, high] = lossInterval(...countsOf(200, 200));
    expect(low).toBeCloseTo(0, 12);
    expect(high).toBeCloseTo(1 - Math.exp(-1.9205 / 200), 5);
    const [most, all] = lossInterval(...countsOf(200, 0));
    expect(most).toBeGreaterThan(0.98);
    expect(all).toBeCloseTo(1, 6);
  });

  test.each([
    { loss: 0.2, sent: 200 },
    { loss: 0.05, sent: 400 },
    { loss: 0.02, sent: 1000 },
  ])('holds the true loss of $loss over $sent probes in 95 of 100 cases', ({ loss, sent }) => {
    const random = new Random(17);
    const trials = 1000;
    let held = 0;
    for (let i = 0; i < trials; i++) {
      const received = binomial(random, sent, (1 - BACKGROUND) * (1 - loss));
      const [low, high] = lossInterval(...countsOf(sent, received));
      if (low <= loss && loss <= high) held++;
    }
    // Bin(1000, 0.95): 3.3 standard deviations below; the discreteness of counts is within that.
    expect(held / trials).toBeGreaterThan(0.927);
  });
});

describe('what is ruled out', () => {
  // Half the weight of what it is held against lies on no loss: ln 2 is the price of many looks.
  // ln 20 / −ln 0.98 = 148.3, ln 40 / −ln 0.98 = 182.6
  test('2 % at 95 % takes more than 149 probes without loss, and no more than 183', () => {
    expect(excludedLoss(...countsOf(183, 183), 0.05)).toBeLessThanOrEqual(0.02);
    expect(excludedLoss(...countsOf(149, 149), 0.05)).toBeGreaterThan(0.02);
  });

  test.each([
    { sent: 100, error: 0.05 },
    { sent: 1000, error: 0.05 },
    { sent: 1000, error: 0.01 },
  ])('$sent probes without loss at error $error: a loss with half to all of that chance', (row) => {
    const bound = excludedLoss(...countsOf(row.sent, row.sent), row.error);
    const chance = (1 - bound) ** row.sent;
    expect(chance).toBeLessThanOrEqual(row.error);
    expect(chance).toBeGreaterThanOrEqual(row.error / 2 - 1e-6);
  });

  test('is less with every probe answered, and more with every one lost', () => {
    const bounds = [0, 1, 2, 5, 20].map((lost) => excludedLoss(...countsOf(500, 500 - lost), 0.05));
    expect(bounds).toEqual(bounds.toSorted((a, b) => a - b));
    const more = [100, 200, 500].map((sent) => excludedLoss(...countsOf(sent, sent), 0.05));
    expect(more).toEqual(more.toSorted((a, b) => b - a));
  });

  test('is everything where nobody was asked', () => {
    expect(excludedLoss(...countsOf(0, 0), 0.05)).toBeCloseTo(1, 6);
  });
});

/** Ville's inequality: no more than the stated error, although there are 60 looks. */
test('a loss that is there is ruled out at some look in no more than 5 of 100 runs', () => {
  const random = new Random(23);
  const [runs, looks, loss] = [1000, 60, 0.02];
  let excluded = 0;
  for (let run = 0; run < runs; run++) {
    let [sent, received] = [0, 0];
    for (let look = 0; look < looks; look++) {
      sent += 25;
      received += binomial(random, 25, (1 - BACKGROUND) * (1 - loss));
      if (excludedLoss(...countsOf(sent, received), 0.05) > loss) continue;
      excluded++;
      break;
    }
  }
  expect(excluded / runs).toBeLessThanOrEqual(0.05);
});

describe('the probability that a loss is worth a report', () => {
  test('falls with the ratio that it is to reach', () => {
    const chances = [0.001, 0.01, 0.05, 0.2].map((ratio) =>
      probabilityOfLoss(...countsOf(300, 285), ratio),
    );
    expect(chances).toEqual(chances.toSorted((a, b) => b - a));
    expect(chances[0]).toBeGreaterThan(0.99);
    expect(chances[3]).toBeLessThan(0.01);
  });

  test('is small where nothing is lost, and great where much is', () => {
    expect(probabilityOfLoss(...countsOf(3000, 3000), 0.002)).toBeLessThan(0.01);
    expect(probabilityOfLoss(...countsOf(3000, 2700), 0.002)).toBeGreaterThan(0.9999);
  });
});
