import { describe, expect, test } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import {
  FOREIGN_SOURCE,
  FOREIGN_TARGET,
  foreignHop,
  mtrReport,
  scamperTraces,
} from '../../../test/support/foreign-traces.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import { chooseTraces, type TraceChoice } from './choose-traces.ts';
import { judgeTraces } from './judge-traces.ts';
import { tracesIn } from './trace-formats.ts';

/** The verdict on documents of JSON lines. */
function judged(documents: readonly unknown[], choice: TraceChoice = {}): IsolateRecord {
  const text = documents.map((each) => JSON.stringify(each)).join('\n');
  const { format, file } = tracesIn({ name: 'x', bytes: Buffer.from(text), isCut: false });
  const chosen = chooseTraces([file], choice);
  return judgeTraces(chosen, { formats: [format], files: ['x'], traces: chosen.traces.length });
}

const FLOWS = { flows: 32, times: 5, seed: 7 };

describe('traces of scamper over several flows', () => {
  test('name the link that loses, and agree with the published schema', () => {
    const record = judged(scamperTraces(FLOWS, { ttl: 4, branch: 2, lossRatio: 0.4 }));
    expect(flawsOf('isolate-1', JSON.parse(JSON.stringify(record)))).toEqual([]);
    expect(record).toMatchObject({
      verdict: 'loss-located',
      stopReason: 'recorded',
      partial: false,
      source: FOREIGN_SOURCE,
      targets: [{ name: FOREIGN_TARGET, address: FOREIGN_TARGET, port: 443 }],
      protocol: 'tcp',
      readFrom: { formats: ['scamper'], files: ['x'], traces: 160 },
    });
    const [suspect] = record.suspects;
    const places = [suspect, ...(suspect?.equivalents ?? [])];
    expect(places).toContainEqual(
      expect.objectContaining({ near: foreignHop(3, 2), far: foreignHop(4, 2) }),
    );
    expect(suspect).toMatchObject({ flowsAcross: 8 });
    expect(record.reproduce.faulty[0]).toMatchObject({ sourcePort: 33_002, port: 443 });
  });

  test('of a network that loses nothing, exclude a loss', () => {
    const record = judged(scamperTraces(FLOWS));
    expect(record).toMatchObject({ verdict: 'no-loss', paths: { found: 4, lossy: 0, broken: 0 } });
    expect(record.excludedLossRatio).toBeLessThan(0.2);
  });

  test('of one flow once, exclude nothing', () => {
    const record = judged(scamperTraces({ flows: 1, times: 1, seed: 1 }));
    expect(record).toMatchObject({ verdict: 'inconclusive', suspects: [] });
  });

  test('that sent each probe as another flow, blame nobody for sure', () => {
    const traces = scamperTraces(FLOWS, { ttl: 4, branch: 2, lossRatio: 0.4 });
    const record = judged(traces.map((each) => ({ ...each, method: 'udp' })));
    expect(record).toMatchObject({ verdict: 'inconclusive', suspects: [] });
    expect(record.summary).toMatch(/packets are lost .* took several paths/);
    expect(record.measurement.notes.join()).toMatch(/each probe as another flow/);
  });
});

test('a tracelb shows paths, and never that nothing was lost', () => {
  const probes = (ttl: number, flows: readonly number[]): object[] =>
    flows.map((flowid) => ({ ttl, flowid, tx: { sec: ttl, usec: 0 }, replies: [{ rtt: 1 }] }));
  const node = (addr: string, far: string, ttl: number): object => ({
    addr,
    links: [[{ addr: far, probes: probes(ttl, [1, 2, 3]) }]],
  });
  const record = judged([
    {
      type: 'tracelb',
      method: 'udp-sport',
      src: FOREIGN_SOURCE,
      dst: FOREIGN_TARGET,
      nodes: [node('10.0.1.1', '10.0.2.1', 2), node('10.0.2.1', FOREIGN_TARGET, 3)],
    },
  ]);
  expect(record).toMatchObject({ verdict: 'inconclusive', excludedLossRatio: null });
  expect(record.summary).toBe(
    `Inconclusive: 1 path to ${FOREIGN_TARGET} seen, but a tracelb does not tell which probes ` +
      'were lost.',
  );
});

describe('a report of mtr', () => {
  test('never blames a hop whose loss does not carry on', () => {
    const record = judged([
      mtrReport([
        ['10.0.0.1', 0],
        ['10.0.1.1', 70],
        ['10.0.2.1', 0],
        [FOREIGN_TARGET, 0],
      ]),
    ]);
    expect(record).toMatchObject({ verdict: 'no-loss', suspects: [] });
    expect(record.rejected).toMatchObject([{ cause: 'icmp-rate-limit', where: '10.0.1.1' }]);
  });

  test('suspects where a loss begins that carries on', () => {
    const record = judged([
      mtrReport([
        ['10.0.0.1', 0],
        ['10.0.1.1', 0],
        ['10.0.2.1', 30],
        ['10.0.3.1', 30],
        [FOREIGN_TARGET, 30],
      ]),
    ]);
    expect(flawsOf('isolate-1', JSON.parse(JSON.stringify(record)))).toEqual([]);
    expect(record.verdict).toBe('loss-suspected');
    const [suspect] = record.suspects;
    expect([suspect, ...(suspect?.equivalents ?? [])]).toContainEqual(
      expect.objectContaining({ near: '10.0.1.1', far: '10.0.2.1' }),
    );
    expect(record.reproduce).toEqual({ faulty: [], control: [] });
  });

  test('says where a loss at the target alone is', () => {
    const hubs = [['10.0.0.1', 0] as const, [FOREIGN_TARGET, 40] as const];
    expect(judged([mtrReport(hubs)])).toMatchObject({ verdict: 'target-loss' });
  });

  test('knows hosts by name where it has no address, and shows no other', () => {
    const record = judged([
      mtrReport(
        [
          ['gateway', 0],
          ['core (10.0.1.1)', 0],
          ['web.example', 0],
        ],
        { dst: 'www.example' },
      ),
    ]);
    expect(flawsOf('isolate-1', JSON.parse(JSON.stringify(record)))).toEqual([]);
    expect(record.targets).toEqual([{ name: 'www.example', address: 'www.example', port: null }]);
    expect(record.hops.map(({ interfaces: [first] }) => [first?.address, first?.name])).toEqual([
      ['gateway', null],
      ['10.0.1.1', 'core'],
      ['www.example', null],
    ]);
    expect(record.source).toBe('here');
    expect(JSON.stringify(record)).not.toContain('0.0.0.');
  });

  test('tells of a target that never answers', () => {
    const hubs = [['10.0.0.1', 0] as const, ['???', 100] as const];
    expect(judged([mtrReport(hubs)])).toMatchObject({ verdict: 'target-unreachable' });
  });
});

describe('of several traces', () => {
  const other = scamperTraces({ flows: 2, times: 1, seed: 2 });

  test('those of several sources are not joined, and the message says how to choose', () => {
    const mixed = [...other, ...other.map((each) => ({ ...each, src: '192.0.2.7' }))];
    expect(() => judged(mixed)).toThrow(
      `there are traces of 2 sources: choose one with --source: ${FOREIGN_SOURCE} and 192.0.2.7`,
    );
    expect(judged(mixed, { source: '192.0.2.7' }).source).toBe('192.0.2.7');
  });

  test('several targets are judged together', () => {
    const mixed = [...other, { ...other[0], dst: '203.0.113.5', sport: 40_000 }];
    const record = judged(mixed);
    expect(record.targets.map(({ address }) => address)).toEqual([FOREIGN_TARGET, '203.0.113.5']);
    expect(record.flows.map(({ target, sourcePort }) => [target, sourcePort])).toEqual([
      [0, 33_000],
      [0, 33_001],
      [1, 40_000],
    ]);
  });

  test('a choice that nothing fits says what there is', () => {
    expect(() => judged(other, { target: '203.0.113.9' })).toThrow(
      `no trace has --target 203.0.113.9: there is ${FOREIGN_TARGET}`,
    );
  });
});
