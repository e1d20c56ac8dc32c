import { expect, test } from 'vitest';
import { STAR } from '../../model/path-counts.ts';
import {
  epochsBetween,
  networkEvents,
  pathChanges,
  possibleChanges,
  settledUntilUs,
} from './path-epochs.ts';
import type { Observation } from './rounds.ts';

/** One answer a round of 1 µs for each hop; 0 is none. */
function observed(...hops: readonly (readonly number[])[]): Observation[] {
  const rounds = Math.max(...hops.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    hops.flatMap((answers, hop) => {
      const answer = answers[round];
      if (answer === undefined) return [];
      return [{ round, hop, atUs: round, answer: answer === 0 ? STAR : answer }];
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
    changes: [{ fromUs: 1, toUs: 2, hop: 0 }],
  },
  {
    shows: 'one change that two hops show at different times',
    hops: [
      [1, 1, 1, 8, 8],
      [2, 0, 0, 0, 9],
    ],
    changes: [{ fromUs: 2, toUs: 3, hop: 0 }],
  },
  {
    shows: 'a change to and fro',
    hops: [
      [3, 3, 3, 3, 3, 3],
      [1, 1, 2, 2, 1, 1],
    ],
    changes: [
      { fromUs: 1, toUs: 2, hop: 1 },
      { fromUs: 3, toUs: 4, hop: 1 },
    ],
  },
];

test.each(ROWS)('$shows', ({ hops, changes }) => {
  expect(pathChanges(observed(...hops))).toEqual(changes);
});

test('epochs lie between changes, from the first answer of one to the last before the next', () => {
  const changes = [
    { fromUs: 1, toUs: 2, hop: 4 },
    { fromUs: 7, toUs: 9, hop: 2 },
  ];
  expect(epochsBetween(changes)).toEqual([
    { fromUs: Number.NEGATIVE_INFINITY, toUs: 1 },
    { fromUs: 2, toUs: 7 },
    { fromUs: 9, toUs: Number.POSITIVE_INFINITY },
  ]);
});

test.each([
  { shows: 'where the last answer is of another responder', hops: [[1, 1, 1, 9]], untilUs: 2 },
  { shows: 'where two answers confirm a change', hops: [[1, 1, 9, 9]], untilUs: Infinity },
  { shows: 'where nothing changes', hops: [[1, 1, 1]], untilUs: Infinity },
])('a path is settled $shows until $untilUs', ({ hops, untilUs }) => {
  expect(settledUntilUs(observed(...hops))).toBe(untilUs);
});

test('changes of three flows at once are an event, whose time all of them narrow', () => {
  const flows = [
    [{ hop: 1, fromUs: 10, toUs: 30 }],
    [{ hop: 1, fromUs: 20, toUs: 50 }],
    [{ hop: 1, fromUs: 5, toUs: 28 }],
    [{ hop: 3, fromUs: 12, toUs: 27 }],
    [{ hop: 1, fromUs: 90, toUs: 99 }],
  ];
  expect(networkEvents(flows)).toEqual([{ hop: 1, fromUs: 20, toUs: 28 }]);
});

test('a flow may change at every event behind a hop that it has changed behind', () => {
  const events = [
    { hop: 1, fromUs: 20, toUs: 28 },
    { hop: 1, fromUs: 60, toUs: 61 },
    { hop: 2, fromUs: 70, toUs: 71 },
  ];
  const own = [
    { hop: 1, fromUs: 10, toUs: 30 },
    { hop: 1, fromUs: 80, toUs: 90 },
  ];
  expect(possibleChanges(own, events)).toEqual([events[0], events[1], own[1]]);
});
