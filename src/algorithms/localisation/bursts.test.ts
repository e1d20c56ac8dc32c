import { describe, expect, test } from 'vitest';
import { countsOf, fabricPaths, flowOf } from '../../../test/support/path-counts.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { localise } from './localise.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
const ROUNDS = 20;
const PATHS = fabricPaths([1, 4, 4, 1], 64);
const across = PATHS.flatMap((path, flow) => (path[1] === 201 && path[2] === 302 ? [flow] : []));

/** Counts of a fabric whose link 201 → 302 loses one probe in each of these rounds. */
function losing(rounds: readonly number[], { isNoted = true } = {}): PathCounts {
  const lostIn = PATHS.map((path) => path.map((): number[] => []));
  for (const [i, round] of rounds.entries()) {
    const cells = across.flatMap((flow) => lostIn[flow]?.slice(2) ?? []);
    cells[i % cells.length]?.push(round);
  }
  const flows = PATHS.map((path, flow) => {
    const lost = lostIn[flow] ?? [];
    const counts = flowOf(
      path,
      ROUNDS,
      path.map((_, hop) => ROUNDS - (lost[hop]?.length ?? 0)),
    );
    return isNoted ? { ...counts, lostIn: lost } : counts;
  });
  return { ...countsOf(flows), ...(isNoted ? { rounds: ROUNDS } : {}) };
}

const widthOf = (counts: PathCounts): number => {
  const [low, high] = localise(counts, OPTIONS).losses[0]?.lossInterval ?? [Number.NaN, 0];
  return high - low;
};

describe('losses in bursts', () => {
  const scattered = Array.from({ length: 8 }, (_, i) => 2 * i + 1);
  const oneBurst = new Array<number>(8).fill(7);

  test('eight losses in eight rounds are a loss', () => {
    expect(localise(losing(scattered), OPTIONS).losses).toHaveLength(1);
  });

  test('eight losses in one round, or across the border of two, are none', () => {
    expect(localise(losing(oneBurst), OPTIONS).losses).toEqual([]);
    expect(localise(losing([7, 7, 7, 7, 8, 8, 8, 8]), OPTIONS).losses).toEqual([]);
  });

  test('a long burst and a short one are a loss: how long bursts are is chance', () => {
    const long = new Array<number>(14).fill(7);
    expect(localise(losing([...long, 15, 15, 15]), OPTIONS).losses).toHaveLength(1);
    expect(localise(losing([...long, 8, 8, 8]), OPTIONS).losses).toEqual([]);
  });

  test('where nobody noted the rounds, all losses count', () => {
    expect(localise(losing(oneBurst, { isNoted: false }), OPTIONS).losses).toHaveLength(1);
  });

  test('bursts widen the interval, and noted rounds of single losses do not', () => {
    const twice = [...scattered, ...scattered, ...scattered].map((round) => round % ROUNDS);
    const bursts = twice.map((_, i) => [2, 9, 16][Math.floor(i / 8)] ?? 0);
    expect(widthOf(losing(bursts))).toBeGreaterThan(1.5 * widthOf(losing(twice)));
    expect(widthOf(losing(twice))).toBe(widthOf(losing(twice, { isNoted: false })));
  });
});
