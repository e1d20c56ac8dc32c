/** Searches where routers limit their ICMP errors as Linux does, in virtual time. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type PathsOptions, paths } from './paths.ts';

const LIMITED = { icmpLimitPerProber: { perSecond: 1, burst: 6 } };
const SILENT = { silent: true };
const BRANCHES = ['r2.0', 'r2.1', 'r2.2', 'r2.3'] as const;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'fantrace-limits-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** One router, four side by side, one again, then the target. */
async function search(
  routers: Readonly<Record<string, object>>,
  seed: number,
  { target = {}, options = {} }: { readonly target?: object; readonly options?: PathsOptions } = {},
) {
  const fabric = { widths: [1, 4, 1] };
  const scenario = { shows: 'limits', fabric, linkDelayMs: 0.4, routers, target };
  const file = join(folder, 'network.json');
  writeFileSync(file, JSON.stringify({ ...scenario, truth: { verdict: 'no-loss' } }));
  const record = await paths('any', { simulate: file, seed, maxTimeMs: 300_000, ...options });
  const { stopReason, durationMs, hops, measurement } = record;
  const kinds = hops[2]?.places.map(({ kind }) => kind).sort();
  return {
    stopReason,
    durationMs,
    found: record.paths.found,
    kinds,
    hops,
    flows: record.flows,
    notes: measurement.notes,
  };
}

const everywhere = (kind: object): Record<string, object> =>
  Object.fromEntries(['r1.0', ...BRANCHES, 'r3.0'].map((name) => [name, kind]));

test.each([1, 2])(
  'all routers answer once a second: flows that serve nobody are not waited for (seed %i)',
  async (seed) => {
    const found = await search(everywhere(LIMITED), seed);
    expect(found).toMatchObject({ stopReason: 'complete', found: 4 });
    expect(found.kinds).toEqual(new Array(4).fill('interface'));
    // Four places with stopping points of six flows each, at one router: 24 seconds are the least.
    expect(found.durationMs).toBeLessThan(60_000);
  },
);

test.each([1, 2])(
  'a silent one beside them is found, though its flows are the last to be settled (seed %i)',
  async (seed) => {
    const found = await search({ ...everywhere(LIMITED), 'r2.1': SILENT }, seed);
    expect(found).toMatchObject({ stopReason: 'complete', found: 4 });
    expect(found.kinds).toEqual(['interface', 'interface', 'interface', 'silent']);
    expect(found.durationMs).toBeLessThan(180_000);
  },
);

test('of each path there is a flow that is known from end to end', async () => {
  const { flows } = await search(everywhere(LIMITED), 3);
  const whole = flows.filter(
    ({ path }) => path.length === 4 && path.every((each) => each !== null),
  );
  expect(new Set(whole.map(({ path }) => path[1])).size).toBe(4);
});

test('who runs out of time is told what helps', async () => {
  const target = { answer: 'refuse', answerLimit: { perSecond: 1, burst: 6 } };
  const cut = { maxTimeMs: 10_000 };
  const told = async (protocol: 'udp' | 'tcp'): Promise<string> => {
    const { notes } = await search({}, 1, { target, options: { protocol, ...cut } });
    return notes.join();
  };
  expect(await told('udp')).toMatch(/limited at TTL 4.*more --max-time, or --protocol tcp, /);
  expect(await told('tcp')).toMatch(/limited at TTL 4.*more --max-time$/);
  const { notes } = await search(everywhere(LIMITED), 1, { options: cut });
  expect(notes.join()).toMatch(/limited at TTL 2, 3.*more --max-time$/);
});

test('a target that leaves flows unanswered is at one place, also without quotes', async () => {
  const target = { answer: 'refuse', answerLimit: { perSecond: 1, burst: 6 } };
  const { hops, found } = await search({}, 1, { target, options: { protocol: 'tcp' } });
  expect(found).toBe(4);
  expect(hops.map(({ places }) => places.length)).toEqual([1, 1, 4, 4, 1]);
});
