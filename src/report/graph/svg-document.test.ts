/** The drawings of hand-made records, as whole files in test/goldens/output/. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  blackHoleRecord,
  drawnRecord,
  FAR,
  fabricPaths,
  lossyLinkRecord,
  NEAR,
  silentRecord,
  suspectLink,
} from '../../../test/support/drawn-records.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import { formatIsolateHtml } from '../isolate/html/isolate-html.ts';
import { formatIsolateDot } from './dot-document.ts';
import { drawnGraph } from './graph-levels.ts';
import { formatIsolateSvg } from './svg-document.ts';
import { FULL_WIDTH, lineWidth } from './svg-graph.ts';

const GOLDENS = new URL('../../../test/goldens/output/', import.meta.url);
const isRewriting = process.env['UPDATE_GOLDENS'] === '1';

const FORMATS = { svg: formatIsolateSvg, dot: formatIsolateDot };
const RECORDS = {
  'graph-located-link': lossyLinkRecord(),
  'graph-black-hole': blackHoleRecord(),
  'graph-silent-routers': silentRecord(),
};

test.each(
  Object.entries(RECORDS).flatMap(([name, record]) =>
    Object.entries(FORMATS).map(([kind, format]) => ({ file: `${name}.${kind}`, record, format })),
  ),
)('the drawing $file is the golden file', ({ file, record, format }) => {
  const drawn = format(record);
  const golden = new URL(file, GOLDENS);
  if (isRewriting) {
    mkdirSync(GOLDENS, { recursive: true });
    writeFileSync(golden, drawn);
  }
  expect(drawn).toBe(readFileSync(golden, 'utf8'));
});

test('the order in which flows were probed changes no drawing', () => {
  const paths = fabricPaths(60, [2, 4, 4]);
  const [one, other] = [paths, paths.toReversed()].map((each) => lossyLinkRecord(each));
  expect(formatIsolateSvg(other!)).toBe(formatIsolateSvg(one!));
  expect(formatIsolateDot(other!)).toBe(formatIsolateDot(one!));
});

test('a suspect before the first TTL is marked where the way to it ends', () => {
  const record = lossyLinkRecord(fabricPaths(64, [2, 2]))!;
  const places = (far: string | null) => {
    const before = { ...record.suspects[0]!, near: null, far, addresses: [], beforeTtl: 3 };
    const { places: drawn } = drawnGraph({ ...record, minTtl: 3, suspects: [before] });
    return drawn.filter(({ level }) => level === 'lossy').map(({ ttl, who }) => `${ttl} ${who}`);
  };
  expect(places('10.0.1.2')).toEqual(['3 10.0.1.2']);
  expect(places(null)).toEqual(['3 10.0.1.1', '3 10.0.1.2']);
});

test('lines are as wide as their share of the flows', () => {
  const graph = drawnGraph(drawnRecord(fabricPaths(64, [1, 2])));
  const first = graph.hops.find(({ near }) => near.role === 'source')!;
  const half = graph.hops.find(({ near }) => near.who === '10.0.1.1')!;
  expect(lineWidth(first, graph)).toBe(FULL_WIDTH);
  expect(lineWidth(half, graph)).toBe(FULL_WIDTH / 2);
});

test('the suspect is marked and labelled once, what fits as well is marked more faintly', () => {
  const equivalents = [{ kind: 'node', near: null, far: null, addresses: [FAR] }] as const;
  const suspect = { ...suspectLink(NEAR, FAR), equivalents };
  const graph = drawnGraph(lossyLinkRecord(undefined, { suspects: [suspect] }));
  const lossy = graph.hops.filter(({ level }) => level === 'lossy');
  expect(lossy.map(({ near, far }) => [near.who, far.who])).toEqual([[NEAR, FAR]]);
  expect(lossy[0]?.labelled).toBe(suspect);
  expect(graph.places.filter(({ level }) => level !== 'clear').map(({ who }) => who)).toEqual([
    FAR,
  ]);
  expect(graph.places.find(({ who }) => who === FAR)?.level).toBe('possible');
  const unsure = { ...suspect, probability: 0.6 };
  const levels = drawnGraph(lossyLinkRecord(undefined, { suspects: [unsure] })).hops;
  expect(levels.some(({ level }) => level === 'lossy')).toBe(false);
});

test('a hop is clear only when enough was answered behind it', () => {
  const record = drawnRecord(fabricPaths(4, [1, 4]));
  const thin = record.flows.map((flow) => ({
    ...flow,
    sent: flow.sent.map(() => 5),
    received: flow.received.map(() => 5),
  }));
  const levelsOf = (flows: IsolateRecord['flows']): string[] =>
    drawnGraph({ ...record, flows }).hops.map(({ level }) => level);
  expect(new Set(levelsOf(record.flows))).toEqual(new Set(['clear']));
  // 20 flows' probes cross the first hop, but only 10 or 5 of them each hop behind it.
  expect(levelsOf(thin).filter((level) => level === 'unknown')).toHaveLength(8);
});

test('a link that could not be tested is drawn so', () => {
  const untestable = [{ near: NEAR, far: FAR, why: 'limited' }] as const;
  const { hops } = drawnGraph(drawnRecord(fabricPaths(64, [1, 4, 4]), { untestable }));
  const unknown = hops.filter(({ level }) => level === 'unknown');
  expect(unknown.map(({ near, far }) => [near.who, far.who])).toEqual([[NEAR, FAR]]);
});

test('each of several targets is drawn once, at the end of its paths', () => {
  const record = drawnRecord([...fabricPaths(4, [1, 2]), ['10.0.1.1', '10.9.0.2']]);
  const flows = record.flows.map((flow, i) => ({ ...flow, target: i < 4 ? 0 : 1 }));
  const targets = [...record.targets, { name: 'b', address: '10.9.0.2', port: 22 }];
  const { places } = drawnGraph({ ...record, flows, targets });
  const ends = places.filter(({ role }) => role === 'target');
  expect(ends.map(({ who, ttl }) => [who, ttl])).toEqual([
    ['10.9.0.2', 2],
    ['10.9.0.1', 3],
  ]);
});

test('paths of different lengths end at one target, and silent places stay apart', () => {
  const { places } = drawnGraph(silentRecord());
  expect(places.filter(({ role }) => role === 'target')).toHaveLength(1);
  expect(places.filter(({ role }) => role === 'silent')).toHaveLength(1);
});

const HOSTILE = '"></title><script>alert(1)</script>\u202e\u0007&\\"; x';

test('names from the network stay text', () => {
  const record = lossyLinkRecord(undefined, {
    summary: HOSTILE,
    targets: [{ name: HOSTILE, address: '10.9.0.1', port: 22 }],
  });
  const hops = record.hops.map(({ ttl, interfaces }) => ({
    ttl,
    interfaces: interfaces.map((each) => ({ ...each, name: HOSTILE })),
  }));
  const hostile = { ...record, hops };
  const html = formatIsolateHtml(hostile);
  for (const drawn of [formatIsolateSvg(hostile), html]) {
    expect(drawn).not.toContain('<script>alert');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(drawn).not.toMatch(/[\u202e\u0007]/);
    expect(drawn).toContain('&quot;&gt;&lt;/title&gt;&lt;script&gt;');
  }
  expect(html.match(/<script/g)).toHaveLength(2);
  const dot = formatIsolateDot(hostile);
  // Strings of DOT end only at a quote without a backslash before it.
  expect(dot.replaceAll(/"(?:[^"\\]|\\.)*"/gs, '""')).not.toMatch(/alert|script/);
});

test('a run in which nothing answered can be drawn', () => {
  const nothing = drawnRecord(Array.from({ length: 8 }, () => [null, null]));
  expect(formatIsolateSvg(nothing)).toContain('no answer');
  expect(formatIsolateHtml(drawnRecord([]))).toContain('</html>');
  expect(formatIsolateDot(drawnRecord([]))).toContain('digraph');
});

test('pages are small', () => {
  expect(formatIsolateHtml(lossyLinkRecord()).length).toBeLessThan(100_000);
  const large = formatIsolateHtml(lossyLinkRecord(fabricPaths(1024, [4, 12, 12, 12, 4])));
  expect(large.length).toBeLessThan(2_000_000);
});
