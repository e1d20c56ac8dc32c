import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Random } from '../lib/random.ts';
import { Pacer, type PacerRates } from './pacer.ts';

/** An idle sender may be late by this much, and make up for it. */
const CATCH_UP_US = 2000;
/** Gaps vary by this much around what the rate says. */
const SPREAD = 0.2;

interface Sent {
  readonly job: number;
  readonly atUs: number;
}

/** Polls from one due time to the next, `lateUs` late, until nothing waits or time is up. */
function drain(pacer: Pacer, until: number, lateUs: () => number = () => 0, fromUs = 0): Sent[] {
  const sent: Sent[] = [];
  let nowUs = fromUs;
  while (nowUs <= until) {
    const job = pacer.next(nowUs);
    if (job !== undefined) {
      sent.push({ job, atUs: nowUs });
      continue;
    }
    const dueUs = pacer.nextDueUs();
    if (dueUs === Number.POSITIVE_INFINITY) break;
    nowUs = Math.max(nowUs, Math.ceil(dueUs)) + lateUs();
  }
  return sent;
}

/** Most jobs that a rate lets through from the first to any other of these times. */
function isWithinRate(timesUs: readonly number[], leastGapUs: number): boolean {
  return timesUs.every((fromUs, first) =>
    timesUs
      .slice(first + 1)
      .every((atUs, i) => atUs - fromUs >= (i + 1) * leastGapUs - CATCH_UP_US - 1e-3),
  );
}

function filled(rates: PacerRates, keys: number, jobsEach: number, seed = 1): Pacer {
  const pacer = new Pacer(rates, new Random(seed));
  for (let i = 0; i < jobsEach; i++) {
    for (let key = 0; key < keys; key++) pacer.enqueue(key, i * keys + key);
  }
  return pacer;
}

const PLENTY = 1e9;

describe('an interface', () => {
  test('that was not asked yet gets its first probe in the order in which they were queued', () => {
    const jobs = drain(filled({ perInterface: 100, total: PLENTY }, 30, 1), 1e7);
    expect(jobs.map(({ job }) => job)).toEqual(Array.from({ length: 30 }, (_, key) => key));
  });

  test('gets its first probe at once, and then no more than its rate', () => {
    const times = drain(filled({ perInterface: 100, total: PLENTY }, 1, 51), 1e7).map(
      ({ atUs }) => atUs,
    );
    expect(times[0]).toBe(0);
    expect(times).toHaveLength(51);
    expect(times[50]).toBeGreaterThan(0.8 * 500_000);
    expect(times[50]).toBeLessThan(1.2 * 500_000);
  });

  test('is never given more than its rate, at any rates and however late we poll', () => {
    const lateness = fc.array(fc.nat(5000), { minLength: 1, maxLength: 20 });
    const rates = fc.record({
      perInterface: fc.integer({ min: 1, max: 2000 }),
      total: fc.integer({ min: 1, max: 20_000 }),
      isEven: fc.boolean(),
    });
    fc.assert(
      fc.property(
        rates,
        fc.integer({ min: 1, max: 5 }),
        lateness,
        fc.nat(),
        (rate, keys, late, seed) => {
          let turn = 0;
          const sent = drain(
            filled(rate, keys, 20, seed),
            PLENTY,
            () => late[turn++ % late.length] ?? 0,
          );
          expect(sent).toHaveLength(20 * keys);
          expect(
            isWithinRate(
              sent.map(({ atUs }) => atUs),
              1e6 / rate.total,
            ),
          ).toBe(true);
          for (let key = 0; key < keys; key++) {
            const times = sent.filter(({ job }) => job % keys === key).map(({ atUs }) => atUs);
            expect(isWithinRate(times, ((1 - SPREAD) * 1e6) / rate.perInterface)).toBe(true);
          }
        },
      ),
    );
  });

  test('is not held up by a slow one', () => {
    const pacer = filled({ perInterface: 100, total: PLENTY }, 2, 30);
    for (let i = 0; i < 9; i++) pacer.slowDown(0, () => {});
    for (let job = 0; job < 10; job += 2) pacer.enqueue(0, job);
    const sent = drain(pacer, 400_000);
    expect(sent.filter(({ job }) => job % 2 === 1)).toHaveLength(30);
    expect(sent.filter(({ job }) => job % 2 === 0)).toHaveLength(1);
  });

  test('may catch up with no more than a moment of idleness', () => {
    const pacer = new Pacer({ perInterface: 1000, total: PLENTY }, new Random(1));
    pacer.enqueue(1, 0);
    expect(pacer.next(0)).toBe(0);
    for (let job = 1; job < 100; job++) pacer.enqueue(1, job);
    const idleUs = 60e6;
    let burst = 0;
    while (pacer.next(idleUs) !== undefined) burst++;
    expect(burst).toBeLessThanOrEqual(1 + CATCH_UP_US / (1000 * (1 - SPREAD)) + 1);
  });
});

test('all interfaces together get no more than the total', () => {
  const sent = drain(filled({ perInterface: 100, total: 500 }, 50, 10), PLENTY);
  expect(sent).toHaveLength(500);
  expect(sent.at(-1)?.atUs).toBeGreaterThanOrEqual(499 * 2000 - CATCH_UP_US);
  expect(sent.at(-1)?.atUs).toBeLessThan(1.05 * 499 * 2000);
});

test('gaps vary, so that probes keep step with nothing', () => {
  const times = drain(filled({ perInterface: 100, total: PLENTY }, 1, 1001), PLENTY);
  const gaps = times.slice(1).map(({ atUs }, i) => atUs - (times[i]?.atUs ?? 0));
  expect(Math.min(...gaps)).toBeLessThan(8_100);
  expect(Math.max(...gaps)).toBeGreaterThan(11_900);
  expect(new Set(gaps).size).toBeGreaterThan(800);
});

test('jobs of one interface leave in the order in which they came', () => {
  const orders = fc.array(fc.nat(4), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(orders, fc.nat(), (keys, seed) => {
      const pacer = new Pacer({ perInterface: 100, total: 1000 }, new Random(seed));
      for (const [job, key] of keys.entries()) pacer.enqueue(key, job);
      const sent = drain(pacer, PLENTY).map(({ job }) => job);
      for (const key of new Set(keys)) {
        const queued = keys.flatMap((each, job) => (each === key ? [job] : []));
        expect(sent.filter((job) => keys[job] === key)).toEqual(queued);
      }
    }),
  );
});

test('counts what waits, and knows that nothing is due when nothing waits', () => {
  const pacer = new Pacer({ perInterface: 100, total: 1000 }, new Random(1));
  expect(pacer.nextDueUs()).toBe(Number.POSITIVE_INFINITY);
  expect(pacer.next(0)).toBeUndefined();
  pacer.enqueue(7, 70);
  pacer.enqueue(7, 71);
  expect(pacer.queued).toBe(2);
  pacer.next(0);
  expect(pacer.queued).toBe(1);
  drain(pacer, PLENTY);
  expect(pacer.queued).toBe(0);
  expect(pacer.nextDueUs()).toBe(Number.POSITIVE_INFINITY);
});

test('a job is due exactly when it can be had', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.nat(), (keys, seed) => {
      const pacer = filled({ perInterface: 90, total: 700 }, keys, 8, seed);
      let nowUs = 0;
      while (pacer.queued > 0) {
        const dueUs = pacer.nextDueUs();
        if (dueUs > nowUs) expect(pacer.next(dueUs - 1)).toBeUndefined();
        nowUs = Math.max(nowUs, dueUs);
        expect(pacer.next(nowUs)).toBeDefined();
      }
    }),
  );
});

describe('where all is spread evenly', () => {
  const RATES = { perInterface: 100, total: PLENTY, isEven: true };
  const LONG = 100;
  const SHORT = 10;
  const SEEDS = Array.from({ length: 50 }, (_, seed) => seed);

  function queued(pacer: Pacer, { long, short }: { long: number; short: number }): Pacer {
    for (let job = 0; job < long; job++) pacer.enqueue(0, 0);
    for (let job = 0; job < short; job++) pacer.enqueue(1, 1);
    return pacer;
  }

  test('an interface with few jobs is asked for as long as one with many', () => {
    for (const seed of SEEDS) {
      const sent = drain(
        queued(new Pacer(RATES, new Random(seed)), { long: LONG, short: SHORT }),
        PLENTY,
      );
      const early = sent.filter(({ job, atUs }) => job === 1 && atUs < 0.5e6).length;
      expect(early, `seed ${seed}`).toBeGreaterThan(SHORT / 2 - 3);
      expect(early, `seed ${seed}`).toBeLessThan(SHORT / 2 + 3);
    }
  });

  test('the longest queue takes no longer than its rate says', () => {
    const sent = drain(
      queued(new Pacer(RATES, new Random(1)), { long: LONG, short: SHORT }),
      PLENTY,
    );
    expect(sent).toHaveLength(LONG + SHORT);
    expect(sent.at(-1)?.atUs).toBeLessThan(1.05e6);
  });

  test('jobs that come while others wait put none of those off', () => {
    const pacer = queued(new Pacer(RATES, new Random(1)), { long: LONG, short: 1 });
    let sent = 0;
    for (let nowUs = 0; nowUs < 1.05e6; nowUs += 1000) {
      for (let job = pacer.next(nowUs); job !== undefined; job = pacer.next(nowUs)) {
        if (job === 0) sent++;
      }
      pacer.enqueue(2 + nowUs, 2);
    }
    expect(sent).toBe(LONG);
  });

  test('an interface that had little to do has no wait for its next job', () => {
    for (const seed of SEEDS) {
      const pacer = queued(new Pacer(RATES, new Random(seed)), { long: LONG, short: 1 });
      const lastUs = drain(pacer, PLENTY).at(-1)?.atUs ?? 0;
      const sent = drain(queued(pacer, { long: 1, short: LONG }), PLENTY, () => 0, lastUs);
      expect((sent.at(-1)?.atUs ?? 0) - lastUs, `seed ${seed}`).toBeLessThan(1.05e6);
    }
  });
});

describe('slowDown', () => {
  const rows = [
    { times: 0, perInterface: 100, perSecond: 100 },
    { times: 1, perInterface: 100, perSecond: 10 },
    { times: 2, perInterface: 100, perSecond: 5 },
    { times: 3, perInterface: 100, perSecond: 2.5 },
    { times: 5, perInterface: 100, perSecond: 1 },
    { times: 9, perInterface: 100, perSecond: 1 },
    { times: 1, perInterface: 4, perSecond: 2 },
  ];

  test.each(rows)('$times times: from $perInterface to $perSecond a second', (row) => {
    const pacer = filled({ perInterface: row.perInterface, total: PLENTY }, 1, 1);
    for (let i = 0; i < row.times; i++) pacer.slowDown(0, () => {});
    for (let job = 1; job < 41; job++) pacer.enqueue(0, job);
    const lastUs = drain(pacer, PLENTY).at(-1)?.atUs ?? 0;
    const expectedUs = (40 * 1e6) / row.perSecond;
    expect(lastUs).toBeGreaterThan(0.9 * expectedUs);
    expect(lastUs).toBeLessThan(1.1 * expectedUs);
  });

  test('drops what waited for the interface, but for the next, and nothing else', () => {
    const pacer = filled({ perInterface: 100, total: PLENTY }, 2, 10);
    const dropped: number[] = [];
    pacer.slowDown(0, (job) => dropped.push(job));
    expect(dropped.toSorted((a, b) => a - b)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18]);
    expect(pacer.queued).toBe(11);
    const sent = drain(pacer, PLENTY).map(({ job }) => job);
    expect(sent.toSorted((a, b) => a - b)).toEqual([0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19]);
  });
});

test('a slowed interface is sped up by doubling, and never beyond its first rate', () => {
  const pacer = new Pacer({ perInterface: 100, total: PLENTY }, new Random(1));
  pacer.slowDown(3, () => {});
  const perSecond = [10, 20, 40, 80, 100, 100].map((expected, step) => {
    if (step > 0) pacer.speedUp(3);
    const startUs = 1e9 * (step + 1);
    for (let job = 0; job <= 50; job++) pacer.enqueue(3, job);
    const times = drain(pacer, startUs + 1e8, () => 0, startUs).map(({ atUs }) => atUs);
    const spanUs = (times.at(-1) ?? 0) - (times[0] ?? 0);
    return { expected, measured: (50 * 1e6) / spanUs };
  });
  for (const { expected, measured } of perSecond) {
    expect(Math.abs(measured / expected - 1), `${measured} for ${expected}`).toBeLessThan(0.1);
  }
});
