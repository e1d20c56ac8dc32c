import { expect, test } from 'vitest';
import { countsOf, flowOf, type Hop } from '../../../test/support/path-counts.ts';
import { STAR } from '../../model/path-counts.ts';
import { flowRows } from '../localisation/flow-rows.ts';
import { withoutLoops } from './loops.ts';

interface Row {
  readonly shows: string;
  readonly paths: readonly (readonly Hop[])[];
  /** What is left of the first path. */
  readonly left: readonly number[];
  readonly loops: readonly (readonly [number, number])[];
}

const ROWS: readonly Row[] = [
  {
    shows: 'routers that answer from where packets come in: cut behind the one entered twice',
    paths: [
      [1, 2, 3, 4, 3, 4],
      [1, 2, 5, 'T'],
    ],
    left: [1, 2, 3],
    loops: [[3, 4]],
  },
  {
    shows: 'routers with one address each: cut behind the one that no good path passes',
    paths: [
      [1, 2, 3, 2, 3, 2],
      [1, 2, 5, 'T'],
    ],
    left: [1, 2, 3],
    loops: [[3, 2]],
  },
  {
    shows: 'routers that are all passed by good paths: cut before the loop closes',
    paths: [
      [1, 2, 3, 2, 3, 2],
      [1, 2, 5, 'T'],
      [1, 3, 6, 'T'],
    ],
    left: [1, 2, 3],
    loops: [[3, 2]],
  },
  {
    shows: 'routers that all are passed by good paths: cut where packets come nearer to the source',
    paths: [
      [1, 4, 3, 2, 3, 2],
      [1, 2, 5, 'T'],
      [1, 4, 3, 2, 5, 'T'],
    ],
    left: [1, 4, 3],
    loops: [[3, 2]],
  },
  {
    shows: 'a loop of three',
    paths: [
      [1, 2, 3, 4, 2, 3, 4],
      [1, 2, 3, 'T'],
    ],
    left: [1, 2, 3, 4],
    loops: [[4, 2]],
  },
];

test.each(ROWS)('$shows', ({ paths, left, loops }) => {
  const cut = withoutLoops(paths.map((path) => flowOf(path)));
  const [first, ...others] = cut.flows;
  expect(first?.responders.slice(0, left.length)).toEqual(left);
  expect(first?.responders.slice(left.length).every((responder) => responder === STAR)).toBe(true);
  expect(first?.received.slice(left.length).every((received) => received === 0)).toBe(true);
  expect(first?.sent).toEqual(flowOf(paths[0] ?? []).sent);
  expect(others).toEqual(paths.slice(1).map((path) => flowOf(path)));
  expect([...cut.loops]).toEqual(loops);
});

test('an interface seen at two hops in a row, or before the target, is no loop', () => {
  const flows = [flowOf([1, 2, 2, '*']), flowOf([1, 2, 3, 2, 'T'])];
  expect(withoutLoops(flows).flows).toEqual(flows);
});

test('a flow that loops is known to be lost, however far it was probed', () => {
  const paths: Hop[][] = [
    [1, 2, 3, 4, 3],
    [1, 2, 5, 6, 7, 8, 'T'],
  ];
  const { flows } = withoutLoops(paths.map((path) => flowOf(path)));
  const [looping, other] = flowRows(countsOf(flows));
  // Two hops behind the router that sends packets back, ten probes each.
  expect(looping).toMatchObject({
    end: 'unseen',
    sent: [10, 10, 10, 20],
    received: [10, 10, 10, 0],
  });
  expect(other).toMatchObject({ end: 'target' });
  const [alone] = flowRows(countsOf(flows.slice(0, 1)));
  expect(alone?.end).toBe('open');
});

test('who sends packets back is not seen from within the loop', () => {
  const paths: Hop[][] = [
    [3, 4, 3, 4],
    [5, 'T'],
  ];
  const { flows, loops } = withoutLoops(
    paths.map((path) => flowOf(path)),
    4,
  );
  expect(flows[0]?.responders).toEqual([STAR, STAR, STAR, STAR]);
  expect(loops.size).toBe(0);
});
