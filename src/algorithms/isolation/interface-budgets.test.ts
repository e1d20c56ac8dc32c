import { describe, expect, test } from 'vitest';
import { countsOf, flowOf } from '../../../test/support/path-counts.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import type { Prober } from '../../model/probe.ts';
import { InterfaceBudgets } from './interface-budgets.ts';

const LIMITED = 7;

/** Keeps the rate of one interface as a pacer would. */
class Rates implements Prober {
  readonly queued = 0;
  perSecond = 100;

  order(): void {}

  slowDown(responder: number): void {
    expect(responder).toBe(LIMITED);
    this.perSecond = Math.max(1, Math.min(10, this.perSecond / 2));
  }

  speedUp(responder: number): void {
    expect(responder).toBe(LIMITED);
    this.perSecond = Math.min(100, 2 * this.perSecond);
  }
}

function counts(sent: number, received: number): PathCounts {
  return countsOf([flowOf([1, LIMITED, 'T'], sent, [sent, received, sent])]);
}

function slowed(): { budgets: InterfaceBudgets; rates: Rates } {
  const [budgets, rates] = [new InterfaceBudgets(), new Rates()];
  budgets.slowDown(LIMITED, counts(100, 50), rates);
  return { budgets, rates };
}

describe('an interface that limits its replies', () => {
  test('is spared at once, and once', () => {
    const { budgets, rates } = slowed();
    budgets.slowDown(LIMITED, counts(110, 55), rates);
    expect([...budgets.limited]).toEqual([LIMITED]);
    expect(rates.perSecond).toBe(10);
  });

  test('is asked for half as much again and again while it answers too little', () => {
    const { budgets, rates } = slowed();
    for (let i = 1; i <= 5; i++) budgets.review(counts(100 + 30 * i, 50 + 15 * i), rates);
    expect(rates.perSecond).toBe(1);
  });

  test('is asked as often as any other once it is known to have no limit', () => {
    const { budgets, rates } = slowed();
    for (let i = 1; i <= 2; i++) budgets.review(counts(100 + 30 * i, 50 + 15 * i), rates);
    expect(rates.perSecond).toBe(2.5);
    budgets.release(LIMITED, rates);
    expect(rates.perSecond).toBe(100);
    expect(budgets.limited.size).toBe(0);
  });

  test('is asked for so much less in each round, and never for nothing', () => {
    const { budgets, rates } = slowed();
    const seen = [budgets.perRound(LIMITED)];
    for (let i = 1; i <= 5; i++) {
      budgets.review(counts(100 + 30 * i, 50 + 15 * i), rates);
      seen.push(budgets.perRound(LIMITED));
    }
    expect(seen.map((share) => Number(share.toFixed(3)))).toEqual([6, 3, 1.5, 0.75, 0.6, 0.6]);
  });

  test('is judged by what it answered at the new rate, and not by a few probes', () => {
    const { budgets, rates } = slowed();
    budgets.review(counts(129, 79), rates);
    expect(rates.perSecond).toBe(10);
    budgets.review(counts(130, 80), rates);
    expect(rates.perSecond).toBe(20);
  });

  test('is asked for more step by step while it answers all, and then like all others', () => {
    const { budgets, rates } = slowed();
    const seen: number[] = [];
    for (let i = 1; i <= 5; i++) {
      budgets.review(counts(100 + 30 * i, 50 + 30 * i), rates);
      seen.push(rates.perSecond);
    }
    expect(seen).toEqual([20, 40, 80, 100, 100]);
    expect(budgets.limited.size).toBe(0);
  });

  test('keeps its rate between the two', () => {
    const { budgets, rates } = slowed();
    budgets.review(counts(200, 145), rates);
    expect(rates.perSecond).toBe(10);
  });
});
