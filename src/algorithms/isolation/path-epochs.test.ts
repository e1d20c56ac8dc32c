import { expect, test } from 'vitest';
import { STAR } from '../../model/path-counts.ts';
import { epochsBetween, pathChanges } from './path-epochs.ts';
import type { Observation } from './rounds.ts';

/** One answer a round for each hop; 0 is none. */
function observed(...hops: readonly (readonly number[])[]): Observation[] {
  const rounds = Math.max(...hops.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    hops.flatMap((answers, hop) => {
      const answer = answers[round];
      return answer === undefined ? [] : [{ round, hop, answer: answer === 0 ? STAR : answer }];
    }),
  ).flat();
}

const ROWS = [
  {
    shows: 'a path that stays',
    hops: [
      [1, 1, 1],
      [2, 2, 2],
    ],
    changes: [],
  },
  { shows: 'one stray answer', hops: [[1, 1, 9, 1, 1]], changes: [] },
  { shows: 'a last answer that nothing confirms yet', hops: [[1, 1, 1, 9]], changes: [] },
  {
    shows: 'last answers of two hops, which confirm each other',
    hops: [
      [1, 1, 8],
      [2, 2, 9],
    ],
    changes: [{ fromRound: 1, toRound: 2, hop: 0 }],
  },
  {
    shows: 'one change that two hops show at different times',
    hops: [
      [1, 1, 1, 8, 8],
      [2, 0, 0, 0, 9],
    ],
    changes: [{ fromRound: 2, toRound: 3, hop: 0 }],
  },
  {
    shows: 'a change to and fro',
    hops: [
      [3, 3, 3, 3, 3, 3],
      [1, 1, 2, 2, 1, 1],
    ],
    changes: [
      { fromRound: 1, toRound: 2, hop: 1 },
      { fromRound: 3, toRound: 4, hop: 1 },
    ],
  },
];

test.each(ROWS)('$shows', ({ hops, changes }) => {
  expect(pathChanges(observed(...hops))).toEqual(changes);
});

test('epochs lie between changes and leave out the rounds of both', () => {
  const changes = [
    { fromRound: 1, toRound: 2, hop: 4 },
    { fromRound: 7, toRound: 9, hop: 2 },
  ];
  expect(epochsBetween(changes)).toEqual([
    { fromRound: 0, toRound: 0, changedHop: 2 },
    { fromRound: 3, toRound: 6, changedHop: 2 },
    { fromRound: 10, toRound: Number.POSITIVE_INFINITY, changedHop: 2 },
  ]);
});
