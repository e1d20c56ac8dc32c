/** Reports of hand-made records, as whole texts in test/goldens/output/. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import {
  emptyRecord,
  fabricPaths,
  routerName,
  TARGET,
} from '../../../test/support/drawn-records.ts';
import type { FlowRecord, HopInterface, IsolateRecord } from '../../model/isolate-record.ts';
import type { Place, Suspect } from '../../model/verdict.ts';
import { formatIsolateText } from './isolate-text.ts';

const GOLDENS = new URL('../../../test/goldens/output/', import.meta.url);
const isRewriting = process.env['UPDATE_GOLDENS'] === '1';

const SOURCE = '10.0.0.2';
const SOURCE_6 = '2001:db8:aaaa:bbbb:cccc:dddd:eeee:2';
const TARGET_6 = '2001:db8:ffff:bbbb:cccc:dddd:eeee:9';

type Path = readonly (string | null)[];

interface Made {
  readonly paths: readonly Path[];
  /** Probes that each flow sent at each TTL. */
  readonly sent?: number;
  /** How many of them a flow misses at an index of its path. */
  readonly missing?: (path: Path, index: number) => number;
  readonly lossy?: (path: Path) => boolean;
  readonly names?: Readonly<Record<string, string>>;
  readonly mpls?: Readonly<Record<string, readonly number[]>>;
  readonly family?: 4 | 6;
}

/** The record of flows that take these paths. */
function made(make: Made, changes: Partial<IsolateRecord>): IsolateRecord {
  const { family = 4 } = make;
  const flows = make.paths.map((path, flow) => flowOf(path, flow, make));
  const target = family === 4 ? TARGET : TARGET_6;
  return emptyRecord({
    targets: [{ name: 'db7.example.net', address: target, port: 22 }],
    source: family === 4 ? SOURCE : SOURCE_6,
    family,
    probesSent: sum(flows.flatMap(({ sent }) => sent)),
    repliesReceived: sum(flows.flatMap(({ received }) => received)),
    paths: { found: new Set(make.paths.map(String)).size, lossy: 0, broken: 0 },
    hops: hopsOf(flows, make),
    flows,
    ...changes,
  });
}

function flowOf(path: Path, flow: number, make: Made): FlowRecord {
  const { sent = 6, missing = () => 0, lossy = () => false } = make;
  return {
    target: 0,
    sourcePort: 32768 + flow,
    path,
    sent: path.map(() => sent),
    received: path.map((who, i) => (who === null ? 0 : sent - missing(path, i))),
    changedPath: false,
    lossy: lossy(path),
  };
}

function hopsOf(
  flows: readonly FlowRecord[],
  { names = {}, mpls = {} }: Made,
): IsolateRecord['hops'] {
  const depth = Math.max(0, ...flows.map(({ path }) => path.length));
  return Array.from({ length: depth }, (_, hop) => ({
    ttl: hop + 1,
    interfaces: [...new Set(flows.flatMap(({ path }) => path[hop] ?? []))].map(
      (address): HopInterface => {
        const seen = flows.filter(({ path }) => path[hop] === address);
        return {
          address,
          name: names[address] ?? null,
          as: null,
          flows: seen.length,
          sent: sum(seen.map(({ sent }) => sent[hop] ?? 0)),
          received: sum(seen.map(({ received }) => received[hop] ?? 0)),
          mpls: mpls[address] ?? [],
        };
      },
    ),
  }));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function router6(ttl: number, index: number): string {
  return `2001:db8:1234:5678:9abc:def0:${ttl.toString(16)}${(index + 16).toString(16)}:1`;
}

function link(near: string | null, far: string | null): Place {
  return { kind: 'link', near, far, addresses: [] };
}

function node(...addresses: string[]): Place {
  return { kind: 'node', near: null, far: null, addresses };
}

function suspect(place: Place, more: Partial<Suspect>): Suspect {
  return {
    ...place,
    ttl: 3,
    direction: 'forward',
    lossRatio: 0.2,
    lossInterval: [0.16, 0.25],
    probability: 0.9996,
    flowsAcross: 4,
    flowsLossy: 4,
    probesAcross: 640,
    probesLost: 64,
    equivalents: [],
    ...more,
  };
}

/** As the records have them, without whose sentences no report is whole. */
function lossSentence(place: string, { drops = DROPS, share = '4 of 64' }): string {
  const crossing = `${share} flows to db7.example.net cross it`;
  return `${place} drops ${drops}; ${crossing}; probability > 0.999.`;
}

function cleanSentence(paths: number): string {
  const limit = 'no link loses more than 1.9 % (95 % confidence)';
  return `No loss on any of ${paths} paths to db7.example.net: ${limit}.`;
}

const DROPS = '17 % of packets (95 % interval 11 % to 24 %)';
const WIDTHS = [1, 4, 4, 1];
const NEAR = routerName(2, 1);
const FAR = routerName(3, 2);

function crosses(path: Path): boolean {
  return path.some((who, i) => who === NEAR && path[i + 1] === FAR);
}

function locatedLink(flows = fabricPaths(64, WIDTHS)): IsolateRecord {
  return made(
    {
      paths: flows,
      lossy: crosses,
      missing: (path, i) => (crosses(path) && i >= 2 ? 1 : 0),
    },
    {
      verdict: 'loss-located',
      summary: lossSentence(`The link ${NEAR} → ${FAR}`, {
        drops: '20 % of packets (95 % interval 16 % to 25 %)',
      }),
      suspects: [suspect(link(NEAR, FAR), {})],
      paths: { found: 16, lossy: 1, broken: 0 },
    },
  );
}

interface Case {
  readonly golden: string;
  readonly width: number;
  readonly record: IsolateRecord;
}

const CASES: readonly Case[] = [
  { golden: 'located-link', width: 100, record: locatedLink() },
  { golden: 'located-link-in-a-pipe', width: Number.POSITIVE_INFINITY, record: locatedLink() },
  {
    golden: 'located-router-with-equivalents',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, [1, 4, 4]),
        lossy: (path) => path[2] === FAR,
        missing: (path, i) => (path[2] === FAR && i === 3 ? 1 : 0),
      },
      {
        verdict: 'loss-located',
        summary: lossSentence(`Router ${FAR} or the link ${FAR} → ${TARGET}`, {
          share: '16 of 64',
        }),
        suspects: [
          suspect(node(FAR), {
            flowsAcross: 16,
            flowsLossy: 16,
            equivalents: [link(FAR, TARGET), node()],
          }),
        ],
        paths: { found: 16, lossy: 4, broken: 0 },
      },
    ),
  },
  {
    golden: 'two-suspects',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, WIDTHS),
        lossy: (path) => crosses(path) || path[1] === routerName(2, 3),
        missing: (path, i) => ((crosses(path) || path[1] === routerName(2, 3)) && i > 2 ? 1 : 0),
      },
      {
        verdict: 'loss-located',
        summary: 'Two places lose packets.',
        suspects: [
          suspect(node(routerName(2, 3)), { ttl: 2, flowsAcross: 16, flowsLossy: 16 }),
          suspect(link(NEAR, FAR), { direction: 'return' }),
        ],
        paths: { found: 16, lossy: 5, broken: 0 },
      },
    ),
  },
  {
    golden: 'black-hole',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, WIDTHS).map((path) =>
          crosses(path) ? [...path.slice(0, 2), null, null, null] : path,
        ),
        lossy: (path) => path[2] === null,
      },
      {
        verdict: 'loss-located',
        summary: lossSentence(`The link ${NEAR} → a next hop that was never seen`, {
          drops: 'everything',
        }),
        suspects: [suspect(link(NEAR, null), { equivalents: [node()] })],
        paths: { found: 16, lossy: 1, broken: 1 },
      },
    ),
  },
  {
    golden: 'no-loss',
    width: 100,
    record: made(
      { paths: fabricPaths(64, WIDTHS) },
      {
        summary: cleanSentence(16),
        excludedLossRatio: 0.019,
        stopReason: 'clean',
      },
    ),
  },
  {
    golden: 'target-loss',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, WIDTHS),
        lossy: () => true,
        missing: (path, i) => (i === path.length - 1 ? 1 : 0),
      },
      {
        verdict: 'target-loss',
        summary:
          'db7.example.net leaves 17 % of probes unanswered while every hop before it is fine: ' +
          'the target, its last link, the last router, or the way back loses them.',
        suspects: [
          suspect(node(TARGET), {
            ttl: 5,
            direction: 'unknown',
            flowsAcross: 64,
            flowsLossy: 64,
            equivalents: [node(routerName(4, 0)), link(routerName(4, 0), TARGET)],
          }),
        ],
        paths: { found: 16, lossy: 16, broken: 0 },
      },
    ),
  },
  {
    golden: 'limited-routers',
    width: 80,
    record: made(
      {
        paths: fabricPaths(64, [1, 12, 1]),
        missing: (_, i) => (i === 1 ? 5 : 0),
      },
      {
        summary: cleanSentence(12),
        excludedLossRatio: 0.019,
        rejected: Array.from({ length: 12 }, (_, i) => ({
          cause: 'icmp-rate-limit' as const,
          where: routerName(2, i),
          why: 'answers 17 % of its probes, but the hops behind it do not miss them',
        })),
      },
    ),
  },
  {
    golden: 'target-unreachable',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, WIDTHS).map((path) => [...path.slice(0, 4), null, null, null]),
      },
      {
        verdict: 'target-unreachable',
        summary:
          'db7.example.net answers on none of 64 flows, and no loss shows on the hops that do.',
        untestable: [
          { near: routerName(3, 0), far: routerName(4, 0), why: 'unanswering-target' },
          { near: routerName(3, 1), far: routerName(4, 0), why: 'unanswering-target' },
          { near: routerName(3, 2), far: null, why: 'silent' },
        ],
        stopReason: 'max-time',
        paths: { found: 16, lossy: 0, broken: 0 },
      },
    ),
  },
  {
    golden: 'nothing-answers',
    width: 80,
    record: made(
      { paths: Array.from({ length: 64 }, () => [null, null, null]) },
      {
        verdict: 'inconclusive',
        summary: 'Inconclusive: nothing answered any of 1152 probes to db7.example.net.',
        stopReason: 'no-answer',
        paths: { found: 0, lossy: 0, broken: 0 },
      },
    ),
  },
  {
    golden: 'silent-routers',
    width: 100,
    record: made(
      {
        paths: fabricPaths(64, WIDTHS).map((path) =>
          path.map((who) => (who === routerName(2, 1) || who === routerName(3, 3) ? null : who)),
        ),
      },
      {
        summary: 'No loss on any of 16 paths to db7.example.net.',
        excludedLossRatio: 0.02,
        // Of each path, but one sentence says as much.
        untestable: [
          { near: null, far: null, why: 'silent' },
          { near: null, far: null, why: 'silent' },
        ],
      },
    ),
  },
  {
    golden: 'before-the-first-ttl',
    width: 100,
    record: made(
      { paths: fabricPaths(64, WIDTHS) },
      {
        verdict: 'loss-suspected',
        minTtl: 3,
        summary: `Loss somewhere on the way to ${routerName(1, 0)} (TTL 3).`,
        suspects: [
          suspect(
            { kind: 'link', near: null, far: routerName(1, 0), addresses: [], beforeTtl: 3 },
            { flowsAcross: 16, flowsLossy: 4 },
          ),
        ],
        untestable: [{ near: null, far: routerName(1, 0), why: 'not-probed' }],
      },
    ),
  },
  {
    golden: 'twelve-wide',
    width: 120,
    record: made(
      { paths: fabricPaths(512, [2, 12, 12, 12, 2], router6, TARGET_6), family: 6 },
      {
        summary: 'No loss on any of 512 paths to db7.example.net.',
        paths: { found: 512, lossy: 0, broken: 0 },
      },
    ),
  },
  {
    golden: 'sixty-four-wide',
    width: 100,
    record: made(
      {
        paths: fabricPaths(256, [1, 64, 4]),
        lossy: crosses,
        missing: (path, i) => (crosses(path) && i >= 2 ? 1 : 0),
      },
      {
        verdict: 'loss-located',
        summary: `The link ${NEAR} → ${FAR} drops 17 % of packets.`,
        suspects: [suspect(link(NEAR, FAR), { flowsAcross: 1, flowsLossy: 1 })],
        paths: { found: 256, lossy: 1, broken: 0 },
      },
    ),
  },
  {
    golden: 'narrow-terminal',
    width: 40,
    record: made(
      {
        paths: fabricPaths(16, [1, 4, 2], router6, TARGET_6),
        family: 6,
        lossy: (path) => path[1] === router6(2, 1),
        missing: (path, i) => (path[1] === router6(2, 1) && i > 1 ? 1 : 0),
        names: { [router6(2, 1)]: 'ae-1.r21.londen12.uk.bb.carrier.example.net' },
      },
      {
        verdict: 'loss-suspected',
        summary: lossSentence(`Suspected: router ${router6(2, 1)}`, { share: '4 of 16' }),
        suspects: [suspect(node(router6(2, 1)), { ttl: 2 })],
        paths: { found: 8, lossy: 2, broken: 0 },
      },
    ),
  },
  {
    golden: 'names-and-labels',
    width: 80,
    record: made(
      {
        paths: fabricPaths(64, [1, 4, 1]),
        names: {
          [routerName(1, 0)]: 'gw.example.net',
          [routerName(2, 0)]: 'ae-1.r21.londen12.uk.bb.carrier.example.net',
          [routerName(2, 1)]: `${'very-'.repeat(20)}long.example.net`,
          [TARGET]: 'db7.dc3.example.net',
        },
        mpls: { [routerName(2, 0)]: [(16001 << 12) | 0x1ff, (24 << 12) | 0x1ff] },
      },
      { summary: 'No loss on any of 4 paths to db7.example.net.' },
    ),
  },
  {
    golden: 'spoiled-and-interrupted',
    width: 100,
    record: made(
      { paths: fabricPaths(2, [1, 2]) },
      {
        summary: 'No loss found on any of 2 paths to db7.example.net.',
        partial: true,
        stopReason: 'interrupted',
        measurement: {
          socketDrops: 12,
          sendErrors: 1,
          foreignReplies: 0,
          malformed: 2,
          lateReplies: 3,
          duplicates: 0,
          loopDelayP99Ms: 83.4,
          loopDelayMaxMs: 83.4,
          clockSteps: 0,
          skippedPorts: Array.from({ length: 12 }, (_, i) => 32770 + i),
          notes: ['the receive buffer is 212992 bytes, not the 4194304 asked for'],
        },
      },
    ),
  },
];

test.each(CASES)('the report of $golden is the golden text', ({ golden, width, record }) => {
  const text = formatIsolateText(record, { width });
  const file = new URL(`${golden}.txt`, GOLDENS);
  if (isRewriting) {
    mkdirSync(GOLDENS, { recursive: true });
    writeFileSync(file, text);
  }
  expect(text).toBe(readFileSync(file, 'utf8'));
});

test.each(CASES)('the report of $golden begins with the verdict sentence', ({ record, width }) => {
  const text = formatIsolateText(record, { width });
  const headline = text.slice(0, text.indexOf('\n\n')).replaceAll('\n', ' ');
  expect(headline.startsWith(record.summary)).toBe(true);
});

test.each([40, 60, 80, 100, 200])('no line is longer than %i columns', (width) => {
  for (const { golden, record } of CASES) {
    for (const line of formatIsolateText(record, { width }).split('\n')) {
      expect(line.length, `${golden}: ${line}`).toBeLessThanOrEqual(width);
      expect(line, golden).toBe(line.trimEnd());
    }
  }
});

test('the order in which flows were probed does not change the table', () => {
  const flows = fabricPaths(64, WIDTHS);
  const table = (record: IsolateRecord): string =>
    formatIsolateText(record, { width: 100 }).split('\n\n')[2] ?? '';
  expect(table(locatedLink(flows.toReversed()))).toBe(table(locatedLink(flows)));
});

test('colours add nothing that the text does not say', () => {
  const tag = (name: string) => (text: string) => `<${name}>${text}</${name}>`;
  const paint = { strong: tag('strong'), dim: tag('dim'), bad: tag('bad') };
  const painted = formatIsolateText(locatedLink(), { width: 100, paint });
  expect(painted).toMatch(/^<strong>The link/);
  expect(painted).toMatch(/<bad>! 2b {3}10\.0\.2\.2 .*<\/bad>/);
  const plain = formatIsolateText(locatedLink(), { width: 100 });
  expect(painted.replaceAll(/<\/?(?:strong|dim|bad)>/g, '')).toBe(plain);
});
