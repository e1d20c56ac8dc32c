/**
 * The quick tier of the accuracy bench: the same worlds and goals on few seeds. Every bound leaves
 * three standard errors to its goal, so that only a real change for the worse crosses it.
 */

import { beforeAll, describe, expect, it } from 'vitest';
import { figuresOf } from '../../bench/localisation/figures.ts';
import { isSingleForward } from '../../bench/localisation/goals.ts';
import { WORLD_KINDS } from '../../bench/localisation/kinds.ts';
import { runTrial, type TrialResult } from '../../bench/localisation/trial.ts';

const SEEDS = 25;
/** Clear of the seeds that a run of the bench starts with. */
const FIRST_SEED = 10_001;
const STANDARD_ERRORS = 3;
const TIME_MS = 300_000;

let results: readonly TrialResult[] = [];
beforeAll(() => {
  results = WORLD_KINDS.flatMap(({ name: kind }) =>
    Array.from({ length: SEEDS }, (_, i) =>
      runTrial({ kind, seed: FIRST_SEED + i, hasBursts: false }),
    ),
  );
}, TIME_MS);

/** The least share of `cases` that a true share of `goal` still allows. */
function atLeast(goal: number, cases: number): number {
  return goal - STANDARD_ERRORS * Math.sqrt((goal * (1 - goal)) / cases);
}

function atMost(goal: number, cases: number): number {
  return 1 - atLeast(1 - goal, cases);
}

function wrongOnes(chosen: readonly TrialResult[]): string {
  return chosen
    .filter(({ losses, faults }) => losses.length !== faults || losses.some((l) => l.fault === -1))
    .map(({ kind, seed }) => `${kind}:${seed}`)
    .join(' ');
}

function chosen(isChosen: (kind: string) => boolean): readonly TrialResult[] {
  return results.filter(({ kind }) => isChosen(kind));
}

describe(`localisation on random worlds, ${SEEDS} seeds from ${FIRST_SEED} on`, () => {
  it('finds 90 % of single faults', () => {
    const worlds = chosen(isSingleForward);
    const { strictRecall } = figuresOf(worlds);
    expect(strictRecall, wrongOnes(worlds)).toBeGreaterThan(atLeast(0.9, worlds.length));
  });

  it('names what is right 96 % of the time', () => {
    const worlds = chosen((kind) => isSingleForward(kind) || kind === 'none');
    const names = worlds.reduce((sum, { losses }) => sum + losses.length, 0);
    expect(figuresOf(worlds).precision, wrongOnes(worlds)).toBeGreaterThan(atLeast(0.96, names));
  });

  it('finds a black hole, 5 % on a link, and 5 % on a router', () => {
    const plain = ['black-hole', 'link-5', 'link-10', 'link-20', 'node-5', 'node-20'];
    const worlds = chosen((kind) => plain.includes(kind));
    const { strictRecall } = figuresOf(worlds);
    expect(strictRecall, wrongOnes(worlds)).toBeGreaterThan(atLeast(0.95, worlds.length));
  });

  it('names both of two links that lose 5 %', () => {
    const worlds = chosen((kind) => kind === 'two-5-5');
    expect(figuresOf(worlds).allFound, wrongOnes(worlds)).toBeGreaterThan(atLeast(0.85, SEEDS));
  });

  it('alarms in no more than 1 % of healthy worlds', () => {
    const worlds = chosen((kind) => kind === 'none');
    expect(figuresOf(worlds).alarmed, wrongOnes(worlds)).toBeLessThan(atMost(0.01, SEEDS));
  });

  it('blames the way out for a loss on the way back in no more than 6 %', () => {
    const worlds = chosen((kind) => kind.startsWith('return-'));
    const { blamedForward } = figuresOf(worlds);
    expect(blamedForward, wrongOnes(worlds)).toBeLessThan(atMost(0.06, worlds.length));
  });

  it('states intervals that hold the true loss 94 % of the time', () => {
    const worlds = chosen(isSingleForward);
    const { intervalCoverage } = figuresOf(worlds);
    expect(intervalCoverage, wrongOnes(worlds)).toBeGreaterThan(atLeast(0.94, worlds.length));
  });
});
