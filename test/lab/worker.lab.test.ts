/** Measurements in a worker, on raw sockets that the worker opens. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import type { NamespaceLab } from './namespace-lab.ts';
import { labFor } from './scenario-plan.ts';
import { answersAt, tracesAtOnce } from './traces-at-once.ts';

const FABRIC = { fabric: { widths: [1, 1] } };
let lab: NamespaceLab;

beforeAll(async () => {
  ({ lab } = await labFor(FABRIC, { family: 4 }));
});

afterAll(() => lab.close());

it('hears the same routers in a worker as in the thread of the caller', async () => {
  const threads = ['caller', 'worker', 'worker'] as const;
  const records = await tracesAtOnce(
    lab,
    threads.map((thread) => ({ thread, queries: 1 })),
  );
  const routes = records.map((record) =>
    [1, 2, 3].map((ttl) => answersAt(record, ttl).map(({ address }) => address)),
  );
  expect(routes[0]?.flat()).toHaveLength(3);
  expect(routes).toEqual([routes[0], routes[0], routes[0]]);
  // One worker serves both calls: their probes come from one port.
  const [, first, second] = records.map(({ source }) => source.port);
  expect(second).toBe(first);
});
