import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import { formatScamperPaths } from '../../report/paths/paths-scamper.ts';
import { diffRecordOf } from './diff-record.ts';
import { readPathSet } from './path-set-file.ts';
import { type FinishedPaths, findPaths } from './paths.ts';

const OPTIONS = { falseAlarms: 0.05, slowerByMs: 1 };

let folder: string;
let first: FinishedPaths;
let second: FinishedPaths;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'fantrace-diff-'));
  first = await findPaths('target', { simulate: 'healthy-fabric', seed: 1 });
  second = await findPaths('target', { simulate: 'healthy-fabric', seed: 2 });
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileOf(text: string): string {
  const file = join(folder, 'set.json');
  writeFileSync(file, text);
  return file;
}

function setOf(value: unknown) {
  return readPathSet(fileOf(typeof value === 'string' ? value : JSON.stringify(value)));
}

function scamperLines({ record, replies }: FinishedPaths): string {
  return formatScamperPaths(record, replies);
}

test('the same set is the same in any of our formats, and counts as many links', () => {
  const texts = (each: FinishedPaths): string[] => [
    JSON.stringify(each.record),
    scamperLines(each),
  ];
  for (const a of texts(first)) {
    for (const b of texts(second)) {
      const record = diffRecordOf(setOf(a), setOf(b), OPTIONS);
      expect(record.verdict, record.summary).toBe('same');
      expect(record.a.links).toBe(record.b.links);
      expect(flawsOf('diff-1', record)).toEqual([]);
    }
  }
});

test('where scamper’s format is silent of the first links, a note says so', () => {
  const mixed = diffRecordOf(setOf(first.record), setOf(scamperLines(second)), OPTIONS);
  expect(mixed.notes.join()).toContain('links from the source are left out');
  const alike = diffRecordOf(setOf(scamperLines(first)), setOf(scamperLines(second)), OPTIONS);
  expect(alike.notes).toEqual([]);
});

/** A tracelb of scamper: after r0 come m1 and m2, then r1; m1 and m2 told apart or not. */
function tracelb(isToldApart: boolean, between = ['10.0.1.1', '10.0.1.2']): string {
  const flows = Array.from({ length: 12 }, (_, flow) => flow + 1);
  const seen = (addr: string, ttl: number, which = flows) => ({
    addr,
    probes: which.map((flowid) => ({ flowid, ttl, replies: [{ rtt: ttl }] })),
  });
  const balanced = between.map((addr, i) => seen(addr, 2, flows.slice(6 * i, 6 * i + 6)));
  const nodes = isToldApart
    ? [
        { addr: '10.0.0.1', links: [balanced] },
        ...between.map((addr) => ({ addr, links: [[seen('10.0.2.1', 3)]] })),
      ]
    : [{ addr: '10.0.0.1', links: [balanced, [seen('10.0.2.1', 3)]] }];
  const last = { addr: '10.0.2.1', links: [[seen('10.9.0.1', 4)]] };
  const method = 'udp-sport';
  const head = { type: 'tracelb', src: '10.0.0.2', dst: '10.9.0.1', method };
  return JSON.stringify({ ...head, probec: 50, probec_max: 3000, nodes: [...nodes, last] });
}

test('interfaces that scamper did not tell apart are no difference, and others are told', () => {
  const apart = setOf(tracelb(true));
  for (const [a, b] of [
    [apart, setOf(tracelb(false))],
    [setOf(tracelb(false)), apart],
  ] as const) {
    const record = diffRecordOf(a, b, OPTIONS);
    expect(record).toMatchObject({ verdict: 'unsure', added: [], removed: [] });
  }
  const vague = setOf(tracelb(false));
  expect(diffRecordOf(vague, setOf(tracelb(false)), OPTIONS).verdict).toBe('same');
  const moved = setOf(tracelb(false, ['10.0.1.1', '10.0.1.9']));
  const { verdict, unsure } = diffRecordOf(vague, moved, OPTIONS);
  expect(verdict).toBe('unsure');
  expect(unsure.map(({ far }) => far).sort()).toEqual(['10.0.1.2', '10.0.1.9']);
});

test('a search that was cut short is not sure in our scamper format either', async () => {
  const short = await findPaths('target', { simulate: 'healthy-fabric', seed: 3, maxProbes: 60 });
  const record = diffRecordOf(setOf(scamperLines(first)), setOf(scamperLines(short)), OPTIONS);
  expect(record.verdict).toBe('unsure');
});

/** A copy, with one key at a path set to something else; undefined takes it out. */
function damaged(document: object, path: string, value: unknown): unknown {
  const copy = structuredClone(document);
  const keys = path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
  const last = keys.pop() ?? '';
  let at = copy as Record<string, unknown>;
  for (const key of keys) at = at[key] as Record<string, unknown>;
  if (value === undefined) delete at[last];
  else at[last] = value;
  return copy;
}

const DAMAGES = [
  ['links', undefined, 'links is missing'],
  ['links', 'none', 'links must be an array, not "none"'],
  ['links[3].from', 'elsewhere', 'links[3].from must be the id of a place in hops'],
  ['flows[0].path[1]', '9:9', 'flows[0].path[1] must be the id of a place in hops'],
  ['hops[1].places[0].kind', 'router', 'hops[1].places[0].kind must be one of'],
  ['hops[1].places[0].roundTripsMs[0]', 'fast', 'hops[1].places[0].roundTripsMs[0] must be'],
  ['target.address', undefined, 'target.address is missing'],
  ['stopReason', 'tired', 'stopReason must be one of'],
  ['balancers[0].branches', -1, 'balancers[0].branches must be'],
] as const;

test.each(DAMAGES)('of paths, %s = %s: %s', (path, value, says) => {
  expect(() => setOf(damaged(first.record, path, value))).toThrow(says);
});

const TRACELB_DAMAGES = [
  ['nodes[0].links', undefined, 'nodes[0].links is missing'],
  ['nodes[0].links[0][0].probes[0].ttl', '2', 'nodes[0].links[0][0].probes[0].ttl must be'],
  ['method', 5, 'method must be a text, not 5'],
  ['start', 'today', 'start must be an object'],
  ['nodes', {}, 'nodes must be an array, not an object'],
] as const;

test.each(TRACELB_DAMAGES)('of a tracelb, %s = %s: %s', (path, value, says) => {
  const [, line = ''] = scamperLines(first).split('\n');
  expect(() => setOf(damaged(JSON.parse(line), path, value))).toThrow(says);
});
