import { beforeAll, describe, expect, test } from 'vitest';
import {
  FAMILIES,
  isolateSimulated,
  type SimulatedRun,
  scenarioOf,
} from '../../../test/support/simulated-isolation.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';

const SCENARIO = scenarioOf({
  fabric: { widths: [1, 3, 2, 1], detours: ['r3.1'] },
  linkDelayMs: 0.4,
  faults: [{ link: ['r1.0', 'r2.1'], forwardLoss: 0.1 }],
  routers: {
    'r2.0': { icmpLimit: { perSecond: 10, burst: 2 } },
    'r3.0': { silent: true },
  },
});

const sum = (values: Iterable<number>): number => [...values].reduce((all, each) => all + each, 0);

describe.each(FAMILIES)('the record of an IPv%i run', (family) => {
  const run: SimulatedRun = { scenario: SCENARIO, family, seed: 5, options: { flows: 24 } };
  let record: IsolateRecord;
  beforeAll(async () => {
    record = await isolateSimulated(run);
  });

  test('says what was measured, from where and to where', () => {
    expect(record).toMatchObject({
      schema: 'fantrace.isolate/1',
      partial: false,
      simulated: 'a test',
      source: family === 4 ? '10.100.0.1' : 'fdec:100::1',
      protocol: 'tcp',
      family,
      seed: 5,
      minTtl: 1,
      confidence: 0.95,
      targets: [
        { name: 'the target', address: family === 4 ? '10.200.0.1' : 'fdec:200::1', port: 22 },
      ],
    });
    expect(new Date(record.startedAt).toISOString()).toBe(record.startedAt);
  });

  test('has a flow for each source port, with parallel columns', () => {
    expect(record.flows.map(({ sourcePort }) => sourcePort)).toEqual(
      Array.from({ length: 24 }, (_, i) => 32_768 + i),
    );
    for (const { path, sent, received, target } of record.flows) {
      expect([sent.length, received.length, target]).toEqual([path.length, path.length, 0]);
      for (const [hop, count] of received.entries())
        expect(count).toBeLessThanOrEqual(sent[hop] ?? 0);
      expect(path.at(-1)).toBe(record.targets[0]?.address);
    }
  });

  test('counts no more than was sent and received', () => {
    expect(sum(record.flows.flatMap(({ sent }) => sent))).toBeLessThanOrEqual(record.probesSent);
    expect(sum(record.flows.flatMap(({ received }) => received))).toBeLessThanOrEqual(
      record.repliesReceived,
    );
    expect(record.repliesReceived).toBeLessThan(record.probesSent);
  });

  test('has hops that add up the flows', () => {
    for (const { ttl, interfaces } of record.hops) {
      const hop = ttl - record.minTtl;
      const answering = record.flows.filter(({ path }) => path[hop] != null);
      expect(sum(interfaces.map(({ flows }) => flows))).toBe(answering.length);
      for (const column of ['sent', 'received'] as const) {
        expect(sum(interfaces.map((each) => each[column]))).toBe(
          sum(answering.map((flow) => flow[column][hop] ?? 0)),
        );
      }
    }
  });

  test('has links between interfaces that were seen one behind the other', () => {
    for (const { near, far, ttl, flows } of record.links) {
      const hop = ttl - record.minTtl;
      const across = record.flows.filter(({ path }) => path[hop - 1] === near && path[hop] === far);
      expect(across).toHaveLength(flows);
    }
    const ttls = record.links.map(({ ttl }) => ttl);
    expect(ttls).toEqual(ttls.toSorted((a, b) => a - b));
  });

  test('tells lossy flows and paths', () => {
    const [suspect] = record.suspects;
    expect(record.flows.filter(({ lossy }) => lossy)).toHaveLength(suspect?.flowsLossy ?? -1);
    expect(suspect?.flowsLossy).toBeLessThanOrEqual(suspect?.flowsAcross ?? 0);
    expect(record.paths.lossy).toBeGreaterThan(0);
    expect(record.paths.lossy).toBeLessThan(record.paths.found);
    expect(record.paths.broken).toBe(0);
  });

  test('names what limits its answers instead of losing', () => {
    expect(record.rejected.map(({ cause }) => cause)).toContain('icmp-rate-limit');
  });

  test('finds nothing to hold against our own host', () => {
    expect(record.measurement).toMatchObject({
      socketDrops: 0,
      sendErrors: 0,
      foreignReplies: 0,
      malformed: 0,
      duplicates: 0,
      loopDelayP99Ms: 0,
      skippedPorts: [],
      notes: [],
    });
  });

  test('is what JSON keeps of it', () => {
    expect(JSON.parse(JSON.stringify(record))).toEqual(record);
  });
});
