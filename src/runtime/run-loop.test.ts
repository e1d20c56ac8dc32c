import { describe, expect, test } from 'vitest';
import { scenarioOf } from '../../test/support/simulated-isolation.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import { ProbeEngine } from '../probing/probe-engine.ts';
import { openSimulatedNetwork } from './links/network.ts';
import { runProbing, SLICE_US } from './run-loop.ts';

const CHAIN = scenarioOf({ fabric: { widths: [1, 1] }, linkDelayMs: 5 });

/** A chain of two routers, one flow, and what became of its probes. */
function bench(rates = { perInterface: 100, total: 1000 }) {
  const network = openSimulatedNetwork(CHAIN, { sourcePort: 40_000, flows: 1 }, { seed: 1 });
  const outcomes: string[] = [];
  const engine = new ProbeEngine(
    {
      source: network.source,
      destination: network.destinations[0] ?? network.source,
      destinationPort: network.port,
      tos: 0,
      flows: [{ sourcePort: 40_000, flowLabel: 0 }],
      tokenKey: network.tokenKey,
      rates,
      random: new Random(1),
      addresses: new AddressBook(),
    },
    {
      replied: ({ ttl, kind, rttUs }) => outcomes.push(`${ttl} ${kind} ${rttUs}`),
      lost: (_, ttl) => outcomes.push(`${ttl} lost`),
      repliedLate: () => outcomes.push('late'),
      unsent: (_, ttl) => outcomes.push(`${ttl} unsent`),
    },
  );
  return { network, engine, outcomes, link: network.link, timeline: network.timeline };
}

test('probes go out and their replies come in, until it is done', async () => {
  const { engine, link, timeline, outcomes } = bench();
  for (const ttl of [1, 2, 3]) engine.order(0, ttl, 0);
  await runProbing({
    engine,
    link,
    timeline,
    advance: () => Number.POSITIVE_INFINITY,
    isDone: () => engine.isIdle,
  });
  expect(outcomes).toEqual(['1 time-exceeded 10000', '2 time-exceeded 20000', '3 refused 30000']);
});

test('advance is called when it asked to be', async () => {
  const { engine, link, timeline } = bench();
  const calls: number[] = [];
  await runProbing({
    engine,
    link,
    timeline,
    advance: (nowUs) => {
      calls.push(nowUs);
      return nowUs + 250_000;
    },
    isDone: () => calls.length === 4,
  });
  expect(calls).toEqual([0, 250_000, 500_000, 750_000]);
});

test('nothing is sent once it is done', async () => {
  const { engine, link, timeline } = bench();
  engine.order(0, 1, 0);
  await runProbing({ engine, link, timeline, advance: () => 0, isDone: () => true });
  expect(engine.counters.probesSent).toBe(0);
});

describe('an abort', () => {
  test('before the start ends the run before anything is sent', async () => {
    const { engine, link, timeline } = bench();
    engine.order(0, 1, 0);
    const signal = AbortSignal.abort();
    await runProbing({ engine, link, timeline, signal, advance: () => 0, isDone: () => false });
    expect(engine.counters.probesSent).toBe(0);
  });

  test('ends a run that would go on for ever', async () => {
    const { engine, link, timeline } = bench();
    const interruption = new AbortController();
    await runProbing({
      engine,
      link,
      timeline,
      signal: interruption.signal,
      advance: (nowUs) => {
        if (nowUs >= 1_000_000) interruption.abort();
        return nowUs + 100_000;
      },
      isDone: () => false,
    });
    expect(timeline.nowUs()).toBeGreaterThanOrEqual(1_000_000);
  });
});

test('what advance throws ends the run', async () => {
  const { engine, link, timeline } = bench();
  const advance = (): number => {
    throw new RangeError('a fault in whoever asks');
  };
  const run = runProbing({ engine, link, timeline, advance, isDone: () => false });
  await expect(run).rejects.toThrow('a fault in whoever asks');
});

test('whoever else is on the event loop has a turn while there is something to send', async () => {
  const { engine, link } = bench({ perInterface: 1e9, total: 1e9 });
  const probes = 2000;
  for (let round = 0; round < probes; round++) engine.order(0, 1, round);
  let nowUs = 0;
  const turnsUs = [0];
  const timeline = {
    nowUs: () => (nowUs += 50), // whatever is done takes its time
    sleepUntil: () => Promise.resolve(),
    wake: () => {},
    breathe: () => {
      turnsUs.push(nowUs);
      return Promise.resolve();
    },
  };
  await runProbing({
    engine,
    link,
    timeline,
    advance: () => Number.POSITIVE_INFINITY,
    isDone: () => engine.counters.probesSent === probes,
  });
  const waitsUs = turnsUs.slice(1).map((us, i) => us - (turnsUs[i] as number));
  expect(turnsUs.length).toBeGreaterThan(3);
  for (const us of waitsUs) expect(us).toBeLessThan(2 * SLICE_US);
});
