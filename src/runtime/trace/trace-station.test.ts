import { expect, test } from 'vitest';
import { openManyTraces } from '../../../test/support/many-traces.ts';

const TRACES = 3000;
const SECOND = 1_000_000;
const SETTINGS = {
  firstTtl: 1,
  maxTtl: 20,
  queries: 1,
  retries: 1,
  timeoutUs: SECOND,
  parallelTtls: 255,
  gapLimit: 0,
  maxTimeUs: 3600 * SECOND,
};

test(`${TRACES} traces at once over one engine: each reaches its own target`, async () => {
  const rates = { perInterface: 100_000, total: 100_000 };
  const { station, engine, flowTo, isTarget } = openManyTraces({ widths: [1, 4, 4, 1], rates });
  const protocols = ['tcp', 'udp', 'icmp'] as const;
  const traces = Array.from({ length: TRACES }, async (_, n) => {
    const flow = flowTo(n, protocols[n % protocols.length] ?? 'tcp');
    const { trace } = await station.run({ flow, settings: SETTINGS });
    const last = trace.hops.at(-1)?.firstReply?.responder ?? -1;
    return { stopReason: trace.stopReason, hops: trace.hops.length, isOwn: isTarget(n, last) };
  });
  const results = await Promise.all(traces);
  expect(results).toEqual(results.map(() => ({ stopReason: 'reached', hops: 5, isOwn: true })));
  expect(engine.counters).toMatchObject({ foreignReplies: 0, malformed: 0, secondaryMatches: 0 });
});

test('a host that refuses every packet ends the trace, and is named', async () => {
  const { station, flowTo } = openManyTraces({ widths: [1] }, (link) =>
    Object.assign(link, { send: () => ({ accepted: 0, error: 'EPERM' }) }),
  );
  const settings = { ...SETTINGS, maxTtl: 2 };
  const finished = await station.run({ flow: flowTo(1, 'udp'), settings });
  const { trace, startedAtUs, endedAtUs } = finished;
  expect(trace.stopReason).toBe('max-ttl');
  expect(endedAtUs - startedAtUs).toBeLessThan(60 * SECOND);
  const probes = trace.hops.flatMap((hop) => hop.probes);
  expect(probes.map(({ state, error }) => [state, error])).toEqual([
    ['unsent', 'EPERM'],
    ['unsent', 'EPERM'],
  ]);
});

test('silence is given up when the trace says so, not when the engine does', async () => {
  const { station, flowTo } = openManyTraces({ widths: [1] }, (link) =>
    Object.assign(link, { send: (count: number) => ({ accepted: count, error: undefined }) }),
  );
  const settings = { ...SETTINGS, maxTtl: 2, retries: 0, timeoutUs: 100_000 };
  const { startedAtUs, endedAtUs } = await station.run({ flow: flowTo(1, 'udp'), settings });
  expect(endedAtUs - startedAtUs).toBeGreaterThanOrEqual(100_000);
  expect(endedAtUs - startedAtUs).toBeLessThan(110_000);
});
