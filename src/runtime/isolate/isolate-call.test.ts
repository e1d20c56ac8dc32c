import { describe, expect, test } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import { nodeOfAddress, planNetwork } from '../../sim/network-plan.ts';
import { loadScenario } from '../scenario-files.ts';
import { type IsolateCallOptions, type IsolateEvent, isolate } from './isolate-call.ts';

const LOSSY = { simulate: 'one-link-loses-20-percent', seed: 1 } as const;
const TWO_TARGETS = { simulate: 'two-targets-share-a-lossy-link', seed: 1 } as const;

describe('the record', () => {
  test('names the link that loses packets', async () => {
    const record = await isolate('db7', LOSSY);
    expect(record).toMatchObject({ verdict: 'loss-located', partial: false, seed: 1 });
    expect(record.simulated).toBe('one-link-loses-20-percent');
    expect(record.targets.map(({ name }) => name)).toEqual(['db7']);
    const [suspect] = record.suspects;
    const plan = planNetwork(loadScenario(LOSSY.simulate).scenario, {});
    const nodes = nodeOfAddress(plan);
    const ends = [suspect?.near, suspect?.far].map((address) => nodes.get(address ?? ''));
    expect(ends).toEqual(['r2.1', 'r3.2']);
    expect(suspect?.lossRatio).toBeCloseTo(0.2, 1);
    expect(flawsOf('isolate-1', record)).toEqual([]);
  });

  test('blames nobody where nothing is lost', async () => {
    const record = await isolate('db7', { simulate: 'healthy-fabric', seed: 2, family: 6 });
    expect(record).toMatchObject({ verdict: 'no-loss', suspects: [], family: 6 });
  });

  test('has one verdict of several targets', async () => {
    const record = await isolate(['db7', 'db8'], TWO_TARGETS);
    expect(record.targets.map(({ name }) => name)).toEqual(['db7', 'db8']);
    expect(record.verdict).toBe('loss-located');
    for (const index of [0, 1]) {
      expect(record.flows.filter(({ target }) => target === index)).toHaveLength(64);
    }
  });

  test('is of all simulated targets where none is named', async () => {
    expect((await isolate([], TWO_TARGETS)).targets.length).toBeGreaterThan(1);
  });

  test('is of the flows and classes that were asked for', async () => {
    const traffic = { protocol: 'udp', sourcePorts: [40_001, 50_002], tos: [0, 184] } as const;
    const record = await isolate('db7', { ...LOSSY, ...traffic, port: 33_500, maxTimeMs: 1000 });
    expect(record).toMatchObject({ protocol: 'udp', classes: [{ tos: 0 }, { tos: 184 }] });
    expect(record.targets[0]?.port).toBe(33_500);
    expect([...new Set(record.flows.map(({ sourcePort }) => sourcePort))]).toEqual([
      40_001, 50_002,
    ]);
    expect(record.flows).toHaveLength(4);
  });
});

describe('events', () => {
  test('tell of rounds and of progress, then of the verdict and the record', async () => {
    const events: IsolateEvent[] = [];
    const call = isolate('db7', LOSSY);
    for await (const event of call.events()) events.push(event);
    const record = await call;
    const { verdict, summary, suspects, excludedLossRatio } = record;
    expect(events.slice(-2)).toEqual([
      { type: 'verdict', verdict, summary, suspects, excludedLossRatio },
      { type: 'end', record },
    ]);
    const rounds = events.flatMap((event) => (event.type === 'round' ? [event.round] : []));
    expect(rounds.length).toBeGreaterThan(2);
    expect(rounds).toEqual([...new Set(rounds)].sort((a, b) => a - b));
    const sent = events.flatMap((event) => (event.type === 'progress' ? [event.probesSent] : []));
    expect(sent.length).toBeGreaterThan(2);
    expect(sent).toEqual([...sent].sort((a, b) => a - b));
    expect(sent.at(-1)).toBeLessThanOrEqual(record.probesSent);
  });

  test('may be left early: the run ends with what it knows', async () => {
    const call = isolate('db7', LOSSY);
    for await (const event of call.events()) if (event.type === 'round') break;
    const record = await call;
    expect(record).toMatchObject({ partial: true, stopReason: 'interrupted' });
    expect(record.probesSent).toBeGreaterThan(0);
    expect(flawsOf('isolate-1', record)).toEqual([]);
  });
});

describe('a signal', () => {
  test('ends the run with a partial record', async () => {
    const ending = new AbortController();
    const call = isolate('db7', { ...LOSSY, signal: ending.signal });
    const heard: string[] = [];
    for await (const { type } of call.events()) {
      heard.push(type);
      if (type === 'round') ending.abort();
    }
    expect(await call).toMatchObject({ partial: true, stopReason: 'interrupted' });
    expect(heard.slice(-2)).toEqual(['verdict', 'end']);
  });

  test('that was aborted before the start rejects', async () => {
    await expect(isolate('db7', { ...LOSSY, signal: AbortSignal.abort() })).rejects.toThrow(
      /aborted/,
    );
  });
});

test('runs at once are each as they would be alone', async () => {
  const call = () => isolate('db7', LOSSY);
  const alone = await call();
  for (const each of await Promise.all(Array.from({ length: 3 }, call))) {
    expect({ ...each, startedAt: '' }).toEqual({ ...alone, startedAt: '' });
  }
});

describe('what cannot be measured', () => {
  test.each<[readonly string[], IsolateCallOptions, string]>([
    [['a', 'b'], LOSSY, 'USAGE'],
    [['db7'], { simulate: 'no-such-scenario' }, 'SCENARIO_UNREADABLE'],
    [['db7'], { ...LOSSY, asDatabase: '/nonexistent/asn.mmdb' }, 'AS_DATABASE_UNREADABLE'],
    [['no host'], {}, 'UNKNOWN_HOST'],
    [['224.0.0.1'], {}, 'TARGET_NOT_A_HOST'],
    [['127.0.0.1', '::1'], {}, 'USAGE'],
    [['127.0.0.1', '127.0.0.1'], {}, 'USAGE'],
    [['127.0.0.1'], { source: '192.0.2.7' }, 'SOURCE_NOT_LOCAL'],
  ])('%j with %j rejects with the code %s', async (targets, options, code) => {
    await expect(isolate(targets, options)).rejects.toMatchObject({ code });
  });

  test.each<[IsolateCallOptions, RegExp]>([
    [{ flowLabel: 7, family: 4 }, /^flowLabel must be left out over IPv4/],
    [{ packetBytes: [28] }, /^packetBytes must be at least \d+ with tcp over IPv4, got 28/],
  ])('%j does not suit the family of the target', async (options, message) => {
    const call = isolate('db7', { ...LOSSY, ...options });
    await expect(call).rejects.toThrow(RangeError);
    await expect(call).rejects.toThrow(message);
  });
});

test.each<[IsolateCallOptions, RegExp]>([
  [{ protocol: 'icmp', port: 80 }, /^port must be left out/],
  [{ protocol: 'sctp' as 'tcp' }, /^protocol must be one of tcp, udp, icmp, got sctp/],
  [{ port: 0 }, /^port must be/],
  [{ flows: 0 }, /^flows must be/],
  [{ flows: 64, sourcePort: 65_500 }, /^sourcePort must be an integer from 1 to 65472/],
  [{ sourcePorts: [] }, /^sourcePorts must be a list of 1 to 4096/],
  [{ sourcePorts: [1, 1] }, /^sourcePorts must name each number once/],
  [{ sourcePorts: [70_000] }, /^sourcePorts must be an integer from 1 to 65535/],
  [{ sourcePorts: [65_535], protocol: 'icmp' }, /^sourcePorts must be an integer from 1 to 65534/],
  [{ sourcePorts: [1], flows: 1 }, /^sourcePorts must be left out/],
  [{ flowLabel: 2 ** 20 }, /^flowLabel must be/],
  [{ minTtl: 9, maxTtl: 8 }, /^minTtl, 9, is above maxTtl, 8/],
  [{ maxTtl: 256 }, /^maxTtl must be/],
  [{ rate: 0.5 }, /^rate must be/],
  [{ packetBytes: [10_000] }, /^packetBytes must be/],
  [{ tos: [256] }, /^tos must be/],
  [
    { tos: [0, 1, 2, 3], packetBytes: [60, 61, 62, 63, 64] },
    /^packetBytes and tos make 20 classes/,
  ],
  [{ flows: 4096, tos: Array.from({ length: 16 }, (_, tos) => tos) }, /make 131072 in all/],
  [{ maxProbes: 0 }, /^maxProbes must be/],
  [{ maxTimeMs: 99 }, /^maxTimeMs must be/],
  [{ confidence: 1 }, /^confidence must be within \(0, 1\), got 1/],
  [{ minLoss: 0 }, /^minLoss must be within/],
  [{ exclude: Number.NaN }, /^exclude must be within/],
  [{ seed: -1 }, /^seed must be/],
  [{ family: 5 as 4 }, /^family must be 4 or 6, got 5/],
  [{ source: '127.0.0.1' }, /^source must be left out with simulate/],
  [{ interface: 'lo' }, /^interface must be left out with simulate/],
])('%j is refused at once', (options, message) => {
  const start = () => isolate(['db7', 'db8'], { ...TWO_TARGETS, ...options });
  expect(start).toThrow(RangeError);
  expect(start).toThrow(message);
});

test('no target is refused at once', () => {
  expect(() => isolate([])).toThrow('targets must name at least one host');
});
