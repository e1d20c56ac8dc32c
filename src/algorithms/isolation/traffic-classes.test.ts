import { describe, expect, test } from 'vitest';
import { countsOf, flowOf, type Hop } from '../../../test/support/path-counts.ts';
import type { FlowCounts } from '../../model/path-counts.ts';
import { classOf, localiseClasses } from './traffic-classes.ts';

const OPTIONS = { minLoss: 0.002, confidence: 0.95 };
/** Four paths that meet before the target; the second one has the fault. */
const PATHS: readonly (readonly Hop[])[] = [2, 3, 4, 5].map((hop) => [1, hop, hop + 10, 20, 'T']);
const SENT = 60;

/** Counts of two classes, by what each of them answers behind the link 3 → 13. */
function measured(...answered: readonly number[]) {
  const flows: FlowCounts[] = answered.flatMap((count) =>
    PATHS.map((path) =>
      path[1] === 3 ? flowOf(path, SENT, [SENT, SENT, count, count, count]) : flowOf(path, SENT),
    ),
  );
  const layout = { flows: flows.length, classes: answered.length };
  const flowOfRow = [...flows.keys()];
  return localiseClasses({ counts: countsOf(flows), flowOf: flowOfRow }, layout, OPTIONS);
}

describe('a loss', () => {
  test('that one class alone shows is that class’s, and only its packets count', () => {
    const { localisation, only, isDecided } = measured(SENT, 40);
    expect({ only, isDecided }).toEqual({ only: [1], isDecided: true });
    const [loss] = localisation.losses;
    expect(loss?.flowsAcross).toEqual([5]);
    expect(loss?.lossRatio).toBeCloseTo(1 / 3, 1);
  });

  test('that all classes show alike is everybody’s', () => {
    const { localisation, only, isDecided } = measured(42, 40);
    expect({ only, isDecided }).toEqual({ only: undefined, isDecided: true });
    expect(localisation.losses[0]?.flowsAcross).toEqual([1, 5]);
  });

  test('of two classes out of three spares the third', () => {
    expect(measured(40, SENT, 43).only).toEqual([0, 2]);
  });

  test('too small to say whom it spares is not decided', () => {
    const few = localiseClasses(
      {
        counts: countsOf([
          ...PATHS.map((path) => flowOf(path, path[1] === 3 ? 1 : SENT)),
          ...PATHS.map((path) =>
            path[1] === 3 ? flowOf(path, SENT, [SENT, SENT, 40, 40, 40]) : flowOf(path, SENT),
          ),
        ]),
        flowOf: [0, 1, 2, 3, 4, 5, 6, 7],
      },
      { flows: 8, classes: 2 },
      OPTIONS,
    );
    expect(few).toMatchObject({ only: undefined, isDecided: false });
  });
});

test('without any loss there is nobody to blame', () => {
  expect(measured(SENT, SENT)).toMatchObject({ only: undefined, isDecided: true });
});

test('flows are of one class after the other', () => {
  const layout = { flows: 6, classes: 3 };
  expect([0, 1, 2, 3, 4, 5].map((flow) => classOf(flow, layout))).toEqual([0, 0, 1, 1, 2, 2]);
});
