/** The JSON of traces: every outcome is what the published schema says. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli } from './installed-cli.ts';
import { flawsOf } from './published-schemas.ts';

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

const TRACED = [
  { scenario: 'healthy-fabric', flags: [], stopReason: 'reached', status: 0 },
  { scenario: 'healthy-fabric', flags: ['-T', '-6'], stopReason: 'reached', status: 0 },
  { scenario: 'healthy-fabric', flags: ['-I'], stopReason: 'reached', status: 0 },
  { scenario: 'healthy-fabric', flags: ['-m', '2'], stopReason: 'max-ttl', status: 2 },
  { scenario: 'target-does-not-answer', flags: [], stopReason: 'gap-limit', status: 2 },
];

describe('trace', () => {
  test.each(TRACED)('--json and --jsonl of $scenario $flags: $stopReason', async (row) => {
    const args = ['trace', '--simulate', row.scenario, '--seed', '1', ...row.flags];
    const whole = await cli.run([...args, '--json']);
    const lined = await cli.run([...args, '--jsonl']);
    const record = JSON.parse(whole.stdout);
    expect(record.stopReason).toBe(row.stopReason);
    expect([whole.status, lined.status]).toEqual([row.status, row.status]);
    expect(flawsOf('trace-1', record)).toEqual([]);
    expect(flawsOf('trace-1', JSON.parse(lined.stdout))).toEqual([]);
  });

  test('several targets are an array', async () => {
    const { stdout } = await cli.run(['trace', 'a', 'b', '--simulate', 'healthy-fabric', '--json']);
    const records = JSON.parse(stdout);
    expect(records.map(({ target }: { target: { name: string } }) => target.name)).toEqual([
      'a',
      'b',
    ]);
    for (const record of records) expect(flawsOf('trace-1', record)).toEqual([]);
  });
});
