import { describe, expect, test } from 'vitest';
import { countsOf, fabricPaths, flowOf } from '../../../test/support/path-counts.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { localise } from './localise.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
const ROUNDS = 20;
const PATHS = fabricPaths([1, 4, 4, 1], 64);
const across = PATHS.flatMap((path, flow) => (path[1] === 201 && path[2] === 302 ? [flow] : []));

interface Noted {
  readonly isNoted?: boolean;
  /** By round: probes of each flow. */
  readonly probesIn?: readonly number[];
}

/** Counts of a fabric whose link 201 → 302 loses one probe in each of these rounds. */
function losing(rounds: readonly number[], { isNoted = true, probesIn }: Noted = {}): PathCounts {
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
    return isNoted ? { ...counts, lostIn: lost, ...(probesIn && { probesIn }) } : counts;
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
    const single = Array.from({ length: 24 }, (_, i) => i % ROUNDS);
    const bursts = single.map((_, i) => [2, 9, 16][Math.floor(i / 8)] ?? 0);
    expect(widthOf(losing(bursts))).toBeGreaterThan(1.5 * widthOf(losing(single)));
    expect(widthOf(losing(single))).toBe(widthOf(losing(single, { isNoted: false })));
  });

  test('rounds that send more lose more: that is no burst', () => {
    const late = Array.from({ length: 24 }, (_, i) => 12 + (i % 8));
    const probesIn = Array.from({ length: ROUNDS }, (_, round) => (round < 12 ? 1 : 12));
    const plain = widthOf(losing(late, { isNoted: false }));
    expect(widthOf(losing(late))).toBeGreaterThan(1.3 * plain);
    expect(widthOf(losing(late, { probesIn }))).toBe(plain);
  });
});
