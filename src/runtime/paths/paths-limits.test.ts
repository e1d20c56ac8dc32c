/** Searches where routers limit their ICMP errors as Linux does, in virtual time. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { paths } from './paths.ts';

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
async function search(routers: Readonly<Record<string, object>>, seed: number) {
  const scenario = { shows: 'limits', fabric: { widths: [1, 4, 1] }, linkDelayMs: 0.4, routers };
  const file = join(folder, 'network.json');
  writeFileSync(file, JSON.stringify({ ...scenario, truth: { verdict: 'no-loss' } }));
  const record = await paths('any', { simulate: file, seed, maxTimeMs: 300_000 });
  const { stopReason, durationMs, hops } = record;
  const kinds = hops[2]?.places.map(({ kind }) => kind).sort();
  return { stopReason, durationMs, found: record.paths.found, kinds, flows: record.flows };
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
