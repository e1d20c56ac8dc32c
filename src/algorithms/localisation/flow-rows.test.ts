import { describe, expect, test } from 'vitest';
import { countsOf, flowOf, type Hop, TARGET_ADDRESS } from '../../../test/support/path-counts.ts';
import { STAR } from '../../model/path-counts.ts';
import { flowRows } from './flow-rows.ts';

const pathsOf = (flows: Parameters<typeof countsOf>[0]): number[][] =>
  flowRows(countsOf(flows)).map(({ responders }) => [...responders]);

describe('the target', () => {
  test('whose answers at its own TTL were lost is no hop behind a silent one', () => {
    const direct = flowOf([1, 2, 'T'], 10);
    const phantom = { ...flowOf([1, 2, '*', 'T'], 3, [3, 3, 0, 3]) };
    const [, row] = flowRows(countsOf([direct, phantom]));
    expect(row?.responders).toEqual([1, 2, TARGET_ADDRESS]);
    expect([row?.sent.at(-1), row?.received.at(-1)]).toEqual([6, 3]);
  });

  test('that is farther away behind another hop stays there', () => {
    expect(pathsOf([flowOf([1, 2, 'T']), flowOf([1, 3, '*', 'T'])])[1]).toEqual([
      1,
      3,
      STAR,
      TARGET_ADDRESS,
    ]);
  });
});

describe('with several targets', () => {
  const OTHER = 2000;
  const toOther = (path: Parameters<typeof flowOf>[0]) => ({ ...flowOf(path), target: OTHER });
  const reached = (path: readonly number[]) => ({
    ...toOther([...path, 'T']),
    responders: [...path, OTHER],
  });

  test('a path is only cut where its own target would have answered', () => {
    const flows = [flowOf([1, 2, 'T']), reached([1, 2, 3, 4]), toOther([1, 5, '*', '*'])];
    // Others get to the first target at that distance, but none has come as far as the second.
    expect(flowRows(countsOf(flows)).map(({ end }) => end)).toEqual(['target', 'target', 'open']);
    const farther = [...flows.slice(0, 2), toOther([1, 5, '*', '*', '*'])];
    expect(flowRows(countsOf(farther)).at(-1)).toMatchObject({ end: 'unseen', target: OTHER });
  });

  test('a silent hop before one is none of the other', () => {
    const phantom = { ...reached([1, 2, STAR]), received: [10, 10, 0, 10] };
    const [, row] = flowRows(countsOf([flowOf([1, 2, 'T']), phantom]));
    expect(row?.responders).toEqual([1, 2, STAR, OTHER]);
  });
});

describe('a star', () => {
  const limited = Array.from({ length: 12 }, () => flowOf([1, 2, 3, 'T'], 6, [6, 1, 6, 6]));
  const healthy = Array.from({ length: 12 }, () => flowOf([1, 2, 3, 'T'], 6));
  const starred = flowOf([1, '*', 3, 'T'], 6);

  test('is given to the one limited interface between the same neighbours', () => {
    expect(pathsOf([...limited, starred]).at(-1)?.[1]).toBe(2);
  });

  test('is not given to one that answers everything', () => {
    expect(pathsOf([...healthy, starred]).at(-1)?.[1]).toBe(STAR);
  });

  test('stays one where two interfaces could be meant', () => {
    const other = limited.map((flow) => ({ ...flow, responders: [1, 4, 3, TARGET_ADDRESS] }));
    expect(pathsOf([...limited, ...other, starred]).at(-1)?.[1]).toBe(STAR);
  });

  test('is a silent router’s where far more flows have it than a limit would leave', () => {
    const many = Array.from({ length: 60 }, () => starred);
    expect(pathsOf([...limited, ...many]).at(-1)?.[1]).toBe(STAR);
  });
});

describe('a star beside which another limited interface is seen at the same hop', () => {
  const shown = (path: readonly Hop[], flows: number) =>
    Array.from({ length: flows }, () => flowOf(path, 6, [6, 1, 6, 6]));
  const starred = flowOf([1, '*', 3, 'T'], 6);
  const elsewhere = shown([1, 4, 5, 'T'], 6);

  test('stays one while few flows show who is there', () => {
    const flows = [...shown([1, 2, 3, 'T'], 5), ...elsewhere, starred];
    expect(pathsOf(flows).at(-1)?.[1]).toBe(STAR);
  });

  test('is given away once enough flows show the same one', () => {
    const flows = [...shown([1, 2, 3, 'T'], 6), ...elsewhere, starred];
    expect(pathsOf(flows).at(-1)?.[1]).toBe(2);
  });
});

test('a star of a flow that arrives is not given to one that only lost flows show', () => {
  const lost = { ...flowOf([1, 2, '*', '*'], 6, [6, 1, 0, 0]), isReached: false };
  const arriving = flowOf([1, '*', '*', 'T'], 6);
  const paths = pathsOf([...Array.from({ length: 8 }, () => lost), arriving]);
  expect(paths.at(-1)?.[1]).toBe(STAR);
});

describe('a flow without any answer', () => {
  test('ends before the first hop, where others arrive', () => {
    const [, row] = flowRows(countsOf([flowOf([1, 'T']), flowOf(['*', '*'], 5)]));
    expect(row).toMatchObject({ end: 'unseen', responders: [STAR], sent: [5], received: [0] });
  });

  test('is left out where none arrives', () => {
    expect(flowRows(countsOf([flowOf([1, '*']), flowOf(['*', '*'])]))).toHaveLength(1);
  });
});
