import { describe, expect, test } from 'vitest';
import { Random } from '../../lib/random.ts';
import { clumpsAmong } from './clumps.ts';
import type { AnswerSequence } from './flapping.ts';

const SEED = 20_261_121;

function sprayed(random: Random, replies: number, addresses: readonly number[]): AnswerSequence {
  const answers = Array.from(
    { length: replies },
    () => addresses[random.below(addresses.length)] ?? 0,
  );
  return { hop: 2, answers };
}

const ROUTER = 7;

/** The clumps, where one router comes before all of these flows. */
function membersOf(sequences: readonly AnswerSequence[]): ReadonlyMap<number, readonly number[]> {
  return found(sequences).members;
}

function found(
  sequences: readonly AnswerSequence[],
  before: (flow: number) => number = () => ROUTER,
) {
  return clumpsAmong(sequences.map((each, flow) => ({ ...each, flow, before: before(flow) })));
}

function steady(address: number, replies: number): AnswerSequence {
  return { hop: 2, answers: new Array<number>(replies).fill(address) };
}

describe('a hop', () => {
  test.each([2, 4, 8])('that sprays packets over %i interfaces is a clump of them', (width) => {
    const random = new Random(SEED);
    const addresses = Array.from({ length: width }, (_, i) => 10 + i);
    const flows = Array.from({ length: 16 }, () => sprayed(random, 8, addresses));
    const clumps = membersOf(flows);
    expect(clumps.get(10)).toEqual(addresses);
    expect(clumps.size).toBe(width);
  });

  test('whose route changed once, or to and fro, is none', () => {
    const once = { hop: 2, answers: [1, 1, 1, 1, 2, 2, 2, 2, 2] };
    const often = { hop: 2, answers: [1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1] };
    expect(membersOf(Array.from({ length: 8 }, () => once)).size).toBe(0);
    expect(membersOf(Array.from({ length: 8 }, () => often)).size).toBe(0);
  });

  test('beside one that sprays stays by itself', () => {
    const random = new Random(SEED);
    const flows = Array.from({ length: 16 }, () => sprayed(random, 8, [1, 2]));
    const moved = { hop: 2, answers: [5, 5, 5, 6, 6, 6] };
    expect([...membersOf([...flows, moved]).keys()].sort()).toEqual([1, 2]);
  });

  test('is none where other flows of the same router stay where they are', () => {
    const random = new Random(SEED);
    const changing = Array.from({ length: 16 }, () => sprayed(random, 12, [1, 2]));
    const staying = Array.from({ length: 16 }, () => steady(1, 12));
    const { members, restless, unknown } = found([...changing, ...staying, steady(2, 3)]);
    expect(members.size).toBe(0);
    expect([...restless]).toEqual([...new Array(16).keys()].map((flow) => [flow, 2]));
    expect([...unknown]).toEqual([32]);
  });

  test('is one where these come from another router, or are no more than chance leaves', () => {
    const random = new Random(SEED);
    const changing = Array.from({ length: 16 }, () => sprayed(random, 12, [1, 2]));
    const staying = Array.from({ length: 16 }, () => steady(1, 12));
    const elsewhere = found([...changing, ...staying], (flow) => (flow < 16 ? ROUTER : 8));
    expect(elsewhere.members.size).toBe(2);
    const rarely = Array.from({ length: 64 }, () => sprayed(random, 3, [1, 2]));
    const { members, restless } = found(rarely);
    expect(members.size).toBe(2);
    expect(restless.size).toBe(0);
  });
});
