import { expect, test } from 'vitest';
import { trace } from './trace.ts';
import type { TraceOptions } from './trace-options.ts';
import { planCourse, planTrace } from './trace-plan.ts';

const DEAD: TraceOptions = { simulate: 'target-does-not-answer', maxTtl: 12, gapLimit: 0, seed: 1 };

test('a trace that never arrives sends as many probes as its plan says at most', async () => {
  const course = planCourse({ ...DEAD, firstTtl: 6, queries: 4, retries: 2 });
  const record = await trace('anything', { ...DEAD, firstTtl: 6, queries: 4, retries: 2 });
  expect(record.measurement.repliesReceived).toBe(0);
  expect(record.measurement.probesSent).toBe(course.probesMax);
});

test.each([1, 3, 255])('with %i TTLs at a time, so many probes leave at once', (parallelTtls) => {
  const { firstTtls } = planCourse({ ...DEAD, parallelTtls });
  expect(firstTtls).toEqual(Array.from({ length: Math.min(12, parallelTtls) }, (_, i) => i + 1));
});

test.each([4, 6] as const)(
  'where it goes, and how long its probes are, over IPv%i',
  async (family) => {
    const given: TraceOptions = { ...DEAD, family, protocol: 'tcp', port: 80 };
    const record = await trace('anything', given);
    expect(await planTrace('anything', given, planCourse(given))).toEqual({
      address: record.target.address,
      port: 80,
      source: record.source.address,
      family,
      packetBytes: record.packetBytes,
    });
  },
);

test('what the trace itself would refuse', async () => {
  expect(() => planCourse({ maxTtl: 256 })).toThrow(/^maxTtl must be/);
  const given: TraceOptions = { ...DEAD, packetBytes: 29 };
  await expect(planTrace('anything', given, planCourse(given))).rejects.toThrow(/at least 34/);
  const dead = planTrace('no-such-host.invalid', {}, planCourse({}));
  await expect(dead).rejects.toMatchObject({ code: 'UNKNOWN_HOST' });
});
