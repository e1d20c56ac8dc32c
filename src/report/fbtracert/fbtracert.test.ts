import { describe, expect, test } from 'vitest';
import type { FlowRecord, IsolateRecord } from '../../model/isolate-record.ts';
import { formatFbtracertJson } from './fbtracert-json.ts';
import { type FbtracertPath, fbtracertPaths } from './fbtracert-paths.ts';
import { formatFbtracertTables } from './fbtracert-table.ts';
import { verdictLines } from './fbtracert-verdict.ts';

const TARGET = '10.200.0.1';

function flow(sourcePort: number, changes: Partial<FlowRecord> = {}): FlowRecord {
  return {
    target: 0,
    sourcePort,
    path: ['10.1.0.2', null, TARGET],
    sent: [12, 12, 9],
    received: [12, 0, 7],
    changedPath: false,
    lossy: true,
    ...changes,
  };
}

function record(flows: FlowRecord[], changes: Partial<IsolateRecord> = {}): IsolateRecord {
  const named = { address: '10.1.0.2', flows: 1, sent: 1, received: 1, as: null, mpls: [] };
  return {
    flows,
    minTtl: 1,
    verdict: 'loss-located',
    targets: [{ name: 'db7.example', address: TARGET, port: 22 }],
    hops: [{ ttl: 1, interfaces: [{ ...named, name: 'r1.example' }] }],
    summary: 'The sentence.',
    partial: false,
    stopReason: 'sure',
    probesNeeded: null,
    measurement: { socketDrops: 0, sendErrors: 0, notes: [] },
    ...changes,
  } as IsolateRecord;
}

describe('the paths', () => {
  test('are those of lossy ports, in their order; with showAll those of all', () => {
    const flows = [flow(40), flow(7, { lossy: false }), flow(8)];
    const ports = (showAll: boolean) =>
      fbtracertPaths(record(flows), { showAll }).map(({ sourcePort }) => sourcePort);
    expect(ports(false)).toEqual([8, 40]);
    expect(ports(true)).toEqual([7, 8, 40]);
  });

  test('have absolute names, ? for nobody, and the target as it was typed', () => {
    const [path] = fbtracertPaths(record([flow(8)]), { showAll: false });
    expect(path).toEqual({
      sourcePort: 8,
      hops: ['r1.example.', '?', 'db7.example'],
      sent: [12, 12, 9],
      received: [12, 0, 7],
    });
  });

  test('are counted from TTL 1, also when probing starts later', () => {
    const [path] = fbtracertPaths(record([flow(8)], { minTtl: 3 }), { showAll: false });
    expect(path?.hops).toEqual(['?', '?', 'r1.example.', '?', 'db7.example']);
    expect(path?.sent).toEqual([0, 0, 12, 12, 9]);
    expect(path?.received).toEqual([0, 0, 12, 0, 7]);
  });

  test('end where probes do', () => {
    const cut = flow(8, { path: ['10.1.0.2', null, null], sent: [5, 4, 0], received: [5, 0, 0] });
    const [path] = fbtracertPaths(record([cut]), { showAll: false });
    expect(path).toMatchObject({ hops: ['r1.example.', '?'], sent: [5, 4], received: [5, 0] });
  });

  test('end at the depth of the target, where others reach it', () => {
    const path = ['10.1.0.2', null, null, null, null];
    const [sent, received] = [
      [5, 4, 4, 1, 1],
      [5, 0, 0, 0, 0],
    ];
    const hole = flow(8, { path, sent, received });
    const lengthOf = (flows: FlowRecord[]) =>
      fbtracertPaths(record(flows), { showAll: false })[0]?.hops.length;
    expect(lengthOf([hole])).toBe(5);
    expect(lengthOf([hole, flow(9)])).toBe(3);
    expect(lengthOf([flow(8, { ...hole, path: ['a', null, null, 'b', null] }), flow(9)])).toBe(4);
  });

  test('to a target that answers nobody are all shown', () => {
    const silent = record([flow(8, { lossy: false })], { verdict: 'target-unreachable' });
    expect(fbtracertPaths(silent, { showAll: false })).toHaveLength(1);
  });

  test('that changed are shown like others', () => {
    const moved = record([flow(8, { changedPath: true })]);
    expect(fbtracertPaths(moved, { showAll: false })).toHaveLength(1);
  });
});

const LONG: FbtracertPath = {
  sourcePort: 32776,
  hops: ['10.1.0.2', '?', '10.200.0.1'],
  sent: [30, 30, 130],
  received: [30, 0, 9],
};
const SHORT: FbtracertPath = {
  sourcePort: 9000,
  hops: ['a', '10.200.0.1'],
  sent: [3, 30],
  received: [0, 24],
};

describe('the tables', () => {
  test('look like those of the original', () => {
    expect(formatFbtracertTables([LONG, SHORT], { maxColumns: 4 })).toBe(`\
+-----+-------------+-----------+------------+-----------+
| TTL | PORT: 32776 | SENT/RCVD | PORT: 9000 | SENT/RCVD |
+-----+-------------+-----------+------------+-----------+
|   1 | 10.1.0.2    | 30/30     | a          | 03/00     |
|   2 | ?           | 30/00     | 10.200.0.1 | 30/24     |
|   3 | 10.200.0.1  | 130/09    |            |           |
+-----+-------------+-----------+------------+-----------+

`);
  });

  test('have their heads in the middle, an odd space to the right', () => {
    const wide = { ...SHORT, hops: ['router-1.example.', '10.200.0.1'] };
    expect(formatFbtracertTables([wide], { maxColumns: 4 })).toBe(`\
+-----+-------------------+-----------+
| TTL |    PORT: 9000     | SENT/RCVD |
+-----+-------------------+-----------+
|   1 | router-1.example. | 03/00     |
|   2 | 10.200.0.1        | 30/24     |
+-----+-------------------+-----------+

`);
  });

  test.each([
    { ports: 0, maxColumns: 4, tables: 0 },
    { ports: 1, maxColumns: 4, tables: 1 },
    { ports: 3, maxColumns: 4, tables: 1 },
    { ports: 7, maxColumns: 4, tables: 2 },
    { ports: 8, maxColumns: 4, tables: 2 },
    { ports: 3, maxColumns: 1, tables: 3 },
  ])('of $ports ports in $maxColumns columns are $tables, and drop none', (counts) => {
    const paths = Array.from({ length: counts.ports }, (_, i) => ({ ...SHORT, sourcePort: i }));
    const text = formatFbtracertTables(paths, counts);
    expect(text.match(/TTL/g) ?? []).toHaveLength(counts.tables);
    expect([...text.matchAll(/PORT: (\d+)/g)].map(([, port]) => Number(port))).toEqual(
      paths.map(({ sourcePort }) => sourcePort),
    );
  });
});

describe('the JSON', () => {
  test('has three keys, tabs, and ports in the order of text', () => {
    const first = { sourcePort: 10000, hops: ['<&>'], sent: [2], received: [1] };
    expect(formatFbtracertJson([SHORT, first])).toBe(`{
\t"Paths": {
\t\t"10000": [
\t\t\t"\\u003c\\u0026\\u003e"
\t\t],
\t\t"9000": [
\t\t\t"a",
\t\t\t"10.200.0.1"
\t\t]
\t},
\t"Sent": {
\t\t"10000": [
\t\t\t2
\t\t],
\t\t"9000": [
\t\t\t3,
\t\t\t30
\t\t]
\t},
\t"Rcvd": {
\t\t"10000": [
\t\t\t1
\t\t],
\t\t"9000": [
\t\t\t0,
\t\t\t24
\t\t]
\t}
}
`);
  });

  test('of no paths is a document, too', () => {
    const text = formatFbtracertJson([]);
    expect(text).toBe('{\n\t"Paths": {},\n\t"Sent": {},\n\t"Rcvd": {}\n}\n');
    expect(JSON.parse(text)).toEqual({ Paths: {}, Sent: {}, Rcvd: {} });
  });

  test('has an empty list for a port of which nothing is known', () => {
    const none = { sourcePort: 5, hops: [], sent: [], received: [] };
    expect(formatFbtracertJson([none])).toContain('"Paths": {\n\t\t"5": []\n\t},');
  });
});

describe('the verdict', () => {
  test('is the sentence', () => {
    expect(verdictLines(record([flow(8)]), { logtostderr: true })).toBe('The sentence.\n');
  });

  test('says what the original logs', () => {
    const clean = record([flow(8, { changedPath: true }), flow(9)], { verdict: 'no-loss' });
    expect(verdictLines(clean, { logtostderr: true })).toBe(
      'The sentence.\nDid not find any faulty paths\n' +
        'A total of 1 ports out of 2 changed their paths while tracing\n',
    );
    expect(verdictLines(clean, { logtostderr: false })).not.toContain('faulty');
  });

  test('says why it is not sure', () => {
    const late = record([flow(8)], { partial: true, stopReason: 'max-time' });
    expect(verdictLines(late, { logtostderr: false })).toBe(
      'The sentence. (partial: interrupted)\nEnded by -maxTime before the answer was sure\n',
    );
  });
});
