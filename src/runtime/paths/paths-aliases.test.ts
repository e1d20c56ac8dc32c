import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { flawsOf } from '../../../test/e2e/published-schemas.ts';
import type { PathsRecord } from '../../model/paths-record.ts';
import { formatPathsText } from '../../report/paths/paths-text.ts';
import { nodeOfAddress, planNetwork } from '../../sim/network-plan.ts';
import { parseScenario } from '../../sim/scenario.ts';
import { findPaths, paths } from './paths.ts';

const LIMIT = { perSecond: 20, burst: 6 };
const SEEDS = [1, 2, 3, 4, 5];

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fantrace-aliases-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Over IPv6, which numbers no packets; routers answer by the address of each link. */
function fabric(routers: object): object {
  const widths = [1, 3, 2, 1];
  const shape = { family: 6, errorSource: 'ingress', fabric: { widths }, routers };
  return { shows: 'what the test says', ...shape, truth: { verdict: 'no-loss' } };
}

interface Found {
  readonly record: PathsRecord;
  /** The routers that the members of each group belong to. */
  readonly groups: readonly (readonly (string | undefined)[])[];
}

async function aliasesOf(what: object, seed: number): Promise<Found> {
  const file = join(folder, 'network.json');
  writeFileSync(file, JSON.stringify(what));
  const record = await paths('anything', {
    simulate: file,
    seed,
    aliases: true,
    maxTimeMs: 600_000,
  });
  const nodes = nodeOfAddress(planNetwork(parseScenario(what), {}));
  const groups = (record.aliases?.routers ?? []).map(({ addresses }) =>
    addresses.map((address) => nodes.get(address)),
  );
  return { record, groups };
}

test.each([
  { limits: 'for each prober', kind: 'icmpLimitPerProber' },
  { limits: 'for all probers', kind: 'icmpLimit' },
])('interfaces with one limit $limits are one router, beside one like it', async ({ kind }) => {
  const limited = { [kind]: LIMIT };
  for (const seed of SEEDS) {
    const { record, groups } = await aliasesOf(fabric({ 'r3.0': limited, 'r3.1': limited }), seed);
    const sorted = groups.map((names) => names.join(' ')).sort();
    const expected = ['r3.0 r3.0 r3.0', 'r3.1 r3.1 r3.1'];
    expect(sorted, `seed ${seed}`).toEqual(expected);
    for (const { probability, evidence } of record.aliases?.routers ?? []) {
      expect(probability).toBeGreaterThan(0.95);
      expect(new Set(evidence.map((each) => each.kind))).toEqual(new Set(['icmp-limit']));
    }
    expect(flawsOf('paths-1', record)).toEqual([]);
    const text = formatPathsText(record, { width: 200 });
    expect(text).toContain('they share one limit of ICMP errors');
  }
});

test('routers with limits of their own are not joined', async () => {
  const limited = { icmpLimitPerProber: LIMIT };
  const names = ['r2.0', 'r2.1', 'r2.2', 'r3.0', 'r3.1'];
  const routers = Object.fromEntries(names.map((name) => [name, limited]));
  for (const seed of SEEDS) {
    // By one address each: whatever is joined is joined wrongly.
    const what = { ...fabric(routers), errorSource: 'router' };
    const { record, groups } = await aliasesOf(what, seed);
    expect(groups, `seed ${seed}`).toEqual([]);
    expect(record.aliases?.probesSent).toBeGreaterThan(5 * 24);
  }
});

test('without limits it costs one burst for each interface, and tells nothing', async () => {
  const { record, groups } = await aliasesOf(fabric({}), 1);
  expect(groups).toEqual([]);
  expect(record.aliases?.probesSent).toBe((3 + 6 + 2) * (12 + 24));
});

test('an interruption meanwhile makes the record partial, and keeps the graph', async () => {
  const interruption = new AbortController();
  const { record } = await findPaths(
    'anything',
    { simulate: 'healthy-fabric', seed: 1, aliases: true, signal: interruption.signal },
    { progress: ({ stage }) => stage === 'aliases' && interruption.abort() },
  );
  expect(record).toMatchObject({ partial: true, stopReason: 'complete', paths: { found: 16 } });
  expect(record.aliases?.stopReason).toBe('aborted');
  expect(formatPathsText(record, { width: 200 })).toContain('not all was tried: interrupted');
  expect(flawsOf('paths-1', record)).toEqual([]);
});

test('what is left of the time of the search is all there is', async () => {
  const limited = { icmpLimitPerProber: LIMIT };
  const file = join(folder, 'limited.json');
  writeFileSync(file, JSON.stringify(fabric({ 'r3.0': limited, 'r3.1': limited })));
  const record = await paths('anything', {
    simulate: file,
    seed: 1,
    aliases: true,
    maxTimeMs: 20_000,
  });
  expect(record.aliases?.stopReason).toBe('max-time');
  expect(record.partial).toBe(false);
});
