import { describe, expect, test } from 'vitest';
import { countsOf, fabricPaths, flowOf } from '../../../test/support/path-counts.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { spellEnds } from './bursts.ts';
import { localise } from './localise.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
const ROUNDS = 20;
const PATHS = fabricPaths([1, 4, 4, 1], 64);
const across = PATHS.flatMap((path, flow) => (path[1] === 201 && path[2] === 302 ? [flow] : []));

interface Noted {
  readonly isNoted?: boolean;
  /** By round: the share of its probes that each hop is sent. */
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
    return isNoted
      ? {
          ...counts,
          lostIn: lost,
          ...(probesIn && { sentIn: path.map((_, hop) => sentInAt(hop, probesIn)) }),
        }
      : counts;
  });
  return { ...countsOf(flows), ...(isNoted ? { rounds: ROUNDS } : {}) };
}

/** Hops before the link are asked the other way round: what counts is when those behind it are. */
const sentInAt = (hop: number, probesIn: readonly number[]): number[] =>
  roundsOf(hop < 2 ? probesIn.toReversed() : probesIn);

const roundsOf = (probesIn: readonly number[]): number[] =>
  probesIn.flatMap((probes, round) => new Array<number>(probes).fill(round));

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

  test('a burst that takes all of several small rounds is one spell', () => {
    expect(spellEnds([0, 2, 4, 4, 1, 0], [4, 4, 4, 4, 4, 4])).toEqual([2, 5, 5, 5, 6, 6]);
    const few = across.length * 3;
    const burst = [3, ...new Array<number>(few).fill(4), ...new Array<number>(few).fill(5), 6];
    expect(localise(losing(burst), OPTIONS).losses).toEqual([]);
    const apart = [3, ...new Array<number>(few).fill(4), ...new Array<number>(few).fill(8), 9];
    expect(localise(losing(apart), OPTIONS).losses).toHaveLength(1);
  });

  test('a total loss that goes on, or takes many probes, is more than a burst', () => {
    const sent = [50, 50, 50, 50, 50];
    expect(spellEnds([0, 9, 50, 50, 50], sent)).toEqual([2, 3, 4, 5, 5]);
    expect(spellEnds([9, 50, 50, 9, 0], sent)).toEqual([2, 3, 4, 5, 5]);
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

  test('rounds that ask the hops behind it more lose more: that is no burst', () => {
    const late = Array.from({ length: 24 }, (_, i) => 12 + (i % 8));
    const probesIn = Array.from({ length: ROUNDS }, (_, round) => (round < 12 ? 1 : 12));
    const plain = widthOf(losing(late, { isNoted: false }));
    expect(widthOf(losing(late))).toBeGreaterThan(1.3 * plain);
    expect(widthOf(losing(late, { probesIn }))).toBe(plain);
  });
});
