import { describe, expect, test } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import type { PathsRecord } from '../../model/paths-record.ts';
import { formatAtlasPaths } from '../../report/paths/paths-atlas.ts';
import { formatPathsDot, formatPathsSvg } from '../../report/paths/paths-drawings.ts';
import { formatScamperPaths } from '../../report/paths/paths-scamper.ts';
import { formatPathsText } from '../../report/paths/paths-text.ts';
import { nodeOfAddress, planNetwork } from '../../sim/network-plan.ts';
import { loadScenario } from '../scenario-files.ts';
import { findPaths, type PathsEvent, type PathsOptions, paths } from './paths.ts';
import { namedPaths } from './paths-record.ts';

const HEALTHY = { simulate: 'healthy-fabric', seed: 5, confidence: 0.999 } as const;
const KINDS = (['udp', 'tcp', 'icmp'] as const).flatMap((protocol) =>
  ([4, 6] as const).map((family) => ({ protocol, family })),
);

function widths({ hops }: PathsRecord): number[] {
  return hops.map(({ places }) => places.length);
}

describe.each(KINDS)('by $protocol over IPv$family', ({ protocol, family }) => {
  test('the whole fabric is found', async () => {
    const record = await paths('anything', { ...HEALTHY, protocol, family });
    expect(record).toMatchObject({ reached: true, stopReason: 'complete', protocol, family });
    // Over IPv4 routers answer by the address of each link, over IPv6 by their own.
    expect(widths(record)).toEqual(family === 4 ? [1, 1, 4, 16, 4, 1] : [1, 1, 4, 4, 1, 1]);
    expect(record.paths).toEqual({ found: 16, broken: 0, unexplored: 0 });
    expect(record.balancers.map(({ kind }) => kind)).toEqual(Array(5).fill('per-flow'));
    expect(record.measurement).toMatchObject({ foreignReplies: 0, malformed: 0 });
    expect(flawsOf('paths-1', record)).toEqual([]);
  });
});

const SCENARIOS = [
  { simulate: 'per-packet-balancer-looks-like-meshing', found: 1 },
  { simulate: 'silent-routers-are-not-loss', found: 16 },
  { simulate: 'healthy-unequal-path-lengths', found: 16 },
  { simulate: 'per-destination-balancers-show-one-path', found: 1 },
  { simulate: 'mpls-labels-on-the-way', found: 16 },
];

test.each(SCENARIOS)('$simulate: $found paths', async ({ simulate, found }) => {
  const { record, replies } = await findPaths('anything', { ...HEALTHY, simulate });
  expect(record.paths).toMatchObject({ found, broken: 0 });
  expect(flawsOf('paths-1', record)).toEqual([]);
  expect(formatPathsText(record, { width: 1000 }).split('\n')[0]).toBe(record.summary);
  expect(formatPathsDot(record)).toContain('digraph');
  expect(formatPathsSvg(record)).toContain('</svg>');
  expect(formatScamperPaths(record, replies).split('\n')).toHaveLength(4);
});

test('labels of MPLS are shown', async () => {
  const record = await paths('anything', { ...HEALTHY, simulate: 'mpls-labels-on-the-way' });
  const labels = record.hops.flatMap(({ places }) => places.flatMap(({ mpls }) => mpls));
  expect(labels).toContain(24);
});

test('a route that moves meanwhile is noticed, and what was there before is left out', async () => {
  const record = await paths('anything', { simulate: 'route-moves-mid-run', seed: 1 });
  expect(record.changes).toHaveLength(1);
  expect(record.paths.found).toBe(12);
  expect(record).toMatchObject({ stopReason: 'complete', partial: false });
  expect(record.summary).toContain('the route changed once meanwhile (last at TTL 3)');
});

test.each(['asymmetric-return-beside-a-lossy-link', 'loss-comes-and-goes-on-one-link'])(
  '%s: replies that are missed are no place that lacks flows',
  async (simulate) => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const record = await paths('anything', { simulate, seed });
      expect(record.stopReason, `seed ${seed}`).toBe('complete');
      expect(record.unexplored).toEqual([]);
      expect(record.excluded?.share).toBeLessThan(0.6);
    }
  },
);

test('the sentence tells of a last TTL before the target, and of balancers by packet', async () => {
  const cut = await paths('anything', { ...HEALTHY, maxTtl: 2 });
  expect(cut.summary).toContain(': not reached within --max-ttl 2, 4 unexplored');
  const simulate = 'per-packet-balancer-looks-like-meshing';
  const sprayed = await paths('anything', { ...HEALTHY, simulate });
  expect(sprayed.summary).toMatch(/: 1 path, \d+ balancers by packet;/);
});

test('what is promised of each balancer is told so, and says nothing of last hops', async () => {
  const record = await paths('anything', {
    ...HEALTHY,
    confidence: 0.95,
    confidenceOf: 'balancer',
  });
  expect(record.summary).toContain(
    'one more equal branch is excluded with probability ≥ 0.95 at each place alone',
  );
  // Six flows at least: those of one flow led straight to the target.
  expect(record.excluded?.share).toBeLessThan(0.4);
});

test('the same seed gives the same record', async () => {
  const [one, two] = await Promise.all([1, 2].map(() => paths('anything', HEALTHY)));
  expect({ ...one, startedAt: '' }).toEqual({ ...two, startedAt: '' });
});

test('flows lead where the record says', async () => {
  const record = await paths('anything', HEALTHY);
  const [flow] = record.flows;
  expect(flow).toMatchObject({ sourcePort: 33_000, destinationPort: 33_434, checksum: null });
  expect(flow?.path.at(-1)).toBe(`5:${record.target.address}`);
});

test('links of scamper’s format are those of the record', async () => {
  const { record, replies } = await findPaths('anything', HEALTHY);
  const [, line = ''] = formatScamperPaths(record, replies).split('\n');
  const trace = JSON.parse(line);
  expect(trace).toMatchObject({ type: 'tracelb', method: 'udp-sport', nodec: 26, linkc: 40 });
  const links = trace.nodes.flatMap((node: { links: { addr: string; probes: object[] }[][] }) =>
    node.links.flat(),
  );
  expect(links).toHaveLength(40);
  for (const { probes } of links) expect(probes.length).toBeGreaterThan(0);
});

test('the format of Atlas has a line for each flow, with its replies hop by hop', async () => {
  const { record, replies } = await findPaths('anything', { ...HEALTHY, protocol: 'icmp' });
  const lines = formatAtlasPaths(record, replies).trimEnd().split('\n');
  const traces = lines.map((line) => JSON.parse(line));
  expect(traces).toHaveLength(record.flows.length);
  expect(traces[0]).toMatchObject({ af: 4, proto: 'ICMP', paris_id: 1, type: 'traceroute' });
  const packets = traces.flatMap((trace) =>
    trace.result.flatMap((hop: { result: object[] }) => hop.result),
  );
  // Replies from beyond the end of a path are none of its hops.
  const lengths = record.flows.map(({ path }) => path.length);
  const shown = replies.filter(({ flow, ttl }) => ttl <= (lengths[flow] ?? 0));
  expect(packets).toHaveLength(shown.length);
  const hops = traces[0].result.map(({ hop }: { hop: number }) => hop);
  expect(hops).toEqual([1, 2, 3, 4, 5]);
  expect(traces[0].result.at(-1).result[0]).toMatchObject({ from: record.target.address });
});

test('aliases: interfaces of one router are found, and the graph stays as it is', async () => {
  const { scenario } = loadScenario('healthy-fabric');
  const nodes = nodeOfAddress(planNetwork(scenario, { family: 4 }));
  const record = await paths('anything', { ...HEALTHY, aliases: true });
  const routers = record.aliases?.routers.map(({ addresses }) =>
    addresses.map((a) => nodes.get(a)),
  );
  // Four routers of four interfaces at the third hop, and one at the fourth.
  expect(routers?.map((names) => names.length)).toEqual([4, 4, 4, 4, 4]);
  for (const names of routers ?? []) expect(new Set(names).size).toBe(1);
  for (const { probability } of record.aliases?.routers ?? []) {
    expect(probability).toBeGreaterThan(0.99);
  }
  expect(record.aliases).toMatchObject({ pairsApart: 102, untestable: [] });
  expect(widths(record)).toEqual([1, 1, 4, 16, 4, 1]);
  expect(flawsOf('paths-1', record)).toEqual([]);
  expect(formatPathsText(record, { width: 200 })).toContain('one router with probability');
});

test('flow labels show all paths where routers hash them, and one where they do not', async () => {
  const flags = { flowField: 'flow-label', family: 6, seed: 5, confidence: 0.999 } as const;
  const hashed = await paths('anything', { ...flags, simulate: 'flow-labels-choose-paths' });
  expect(widths(hashed)).toEqual([1, 1, 4, 4, 1, 1]);
  const unhashed = await paths('anything', { ...flags, simulate: 'healthy-fabric' });
  expect(widths(unhashed)).toEqual([1, 1, 1, 1, 1, 1]);
});

test('limited routers are asked again later, and not by ever more flows', async () => {
  for (const seed of [1, 2, 3, 4, 5]) {
    const record = await paths('anything', { simulate: 'router-limits-icmp-is-not-loss', seed });
    expect(record.stopReason, `seed ${seed}`).toBe('complete');
    expect(widths(record)).toEqual([1, 1, 4, 16, 4, 1]);
    expect(record).toMatchObject({ paths: { found: 16, broken: 0, unexplored: 0 } });
    expect(record.probesSent).toBeLessThan(1000);
  }
});

describe('routers that send one error a second', () => {
  const options = { simulate: 'stock-linux-limits-beside-a-lossy-link', seed: 2 } as const;

  test('take more time than is left, and no path is made up', async () => {
    const cut = await paths('anything', options);
    expect(cut.stopReason).toBe('max-time');
    expect(cut.measurement.notes.join()).toMatch(/limited at TTL 1, 2, 3, 4.*more --max-time/);
    expect(widths(cut)).toEqual([1, 1, 4, 16, 4, 1]);
  });

  test('show all paths in five minutes', async () => {
    const whole = await paths('anything', { ...options, maxTimeMs: 300_000 });
    expect(whole).toMatchObject({ stopReason: 'complete', paths: { found: 16, broken: 0 } });
    expect(whole.measurement.notes).toEqual([]);
    expect(widths(whole)).toEqual([1, 1, 4, 16, 4, 1]);
  });
});

test('aliases over IPv6, which numbers no packets: nothing is told', async () => {
  const record = await paths('anything', { ...HEALTHY, family: 6, aliases: true });
  expect(record.aliases?.routers).toEqual([]);
  expect(new Set(record.aliases?.untestable.map(({ why }) => why))).toEqual(new Set(['constant']));
});

test('names and autonomous systems stand beside their addresses', async () => {
  const record = await paths('anything', HEALTHY);
  const names = new Map([['10.1.0.2', 'edge.example.net']]);
  const origins = new Map([['10.1.0.2', { asn: 64_500, name: 'EXAMPLE-NET', prefix: null }]]);
  const named = namedPaths(record, names, origins);
  expect(flawsOf('paths-1', named)).toEqual([]);
  expect(formatPathsText(named, { width: 200 })).toContain(
    '(edge.example.net; AS64500 EXAMPLE-NET)',
  );
});

test('a database that is not there is an error before anything is sent', async () => {
  const asDatabase = '/nonexistent/asn.mmdb';
  await expect(paths('anything', { ...HEALTHY, asDatabase })).rejects.toThrow(/ENOENT/);
});

test('searches at once are each as they would be alone', async () => {
  const seeds = [1, 2, 3];
  const alone: PathsRecord[] = [];
  for (const seed of seeds) alone.push(await paths('anything', { ...HEALTHY, seed }));
  const together = await Promise.all(seeds.map((seed) => paths('anything', { ...HEALTHY, seed })));
  for (const [i, record] of together.entries()) {
    expect({ ...record, startedAt: '' }).toEqual({ ...alone[i], startedAt: '' });
  }
});

describe('events', () => {
  test('tell of every reply, then of the record', async () => {
    const events: PathsEvent[] = [];
    const call = paths('anything', HEALTHY);
    for await (const event of call.events()) events.push(event);
    const record = await call;
    expect(events.at(-1)).toEqual({ type: 'end', record });
    expect(events.filter(({ type }) => type === 'reply')).toHaveLength(record.repliesReceived);
  });

  test('may be left early: the search ends with what it knows', async () => {
    const call = paths('anything', HEALTHY);
    for await (const event of call.events()) {
      expect(event.type).toBe('reply');
      break;
    }
    const record = await call;
    expect(record).toMatchObject({ stopReason: 'aborted', partial: true });
    expect(flawsOf('paths-1', record)).toEqual([]);
  });
});

test.each<PathsOptions>([
  { confidence: 1 },
  { confidence: 0 },
  { maxTtl: 256 },
  { flowsMax: 0 },
  { maxProbes: 0 },
  { protocol: 'icmp', port: 80 },
  { protocol: 'icmp', flowField: 'source-port' },
  { protocol: 'udp', flowField: 'checksum' },
  { sourcePort: 65_000 },
  { seed: -1 },
])('an option out of range is refused at once: %j', (options) => {
  expect(() => paths('anything', { ...HEALTHY, ...options })).toThrow(RangeError);
});

test('flow labels that flows are to differ in need IPv6', async () => {
  const options = { simulate: 'healthy-fabric', flowField: 'flow-label' } as const;
  await expect(paths('any', { ...options, family: 4 })).rejects.toThrow('needs IPv6');
  expect((await paths('any', options)).family).toBe(6);
});

test('a search that may send no more probes waits for those under way', async () => {
  const { probesSent, repliesReceived, stopReason, reached } = await paths('any', {
    simulate: 'healthy-fabric',
    maxProbes: 20,
    seed: 1,
  });
  expect({ stopReason, reached }).toEqual({ stopReason: 'max-probes', reached: true });
  expect({ probesSent, repliesReceived }).toEqual({ probesSent: 20, repliesReceived: 20 });
});
