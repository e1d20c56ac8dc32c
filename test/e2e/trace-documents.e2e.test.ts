/** The JSON of traces: every outcome is what the published schema says. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mmdbOf } from '../support/mmdb.ts';
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

  test('--asn-db tells whose network each hop is in', async () => {
    const database = path.join(cli.folder, 'as.mmdb');
    const fields = {
      autonomous_system_number: 64_500,
      autonomous_system_organization: 'EVIL\u001b[2J',
    };
    writeFileSync(database, mmdbOf([{ prefix: '10.0.0.0/8', fields }]));
    const args = ['trace', '--simulate', 'healthy-fabric', '--asn-db', database];
    const record = JSON.parse((await cli.run([...args, '--json'])).stdout);
    expect(flawsOf('trace-1', record)).toEqual([]);
    expect(record.asSource).toBe('database');
    const as = { asn: 64_500, name: 'EVIL\\u{1b}[2J', prefix: '10.0.0.0/8' };
    expect(record.hops.at(-1).replies[0]).toMatchObject({ as });
    expect((await cli.run(args)).stdout).toContain(' [AS64500 EVIL\\u{1b}[2J]');
    const absent = await cli.run([...args.slice(0, -1), '/absent.mmdb', '--json', 'a', 'b']);
    expect(absent.status).toBe(1);
    const error = JSON.parse(absent.stdout);
    expect(error).toMatchObject({ schema: 'fantrace.error/1', code: 'AS_DATABASE_UNREADABLE' });
  });

  test('--dry-run is one plan of all targets, which sends nothing and needs no right', async () => {
    const targets = ['127.0.0.1', '::1'];
    const args = ['trace', ...targets, '-I', '-q', '2', '--retries', '1', '--dry-run'];
    const [text, document, line] = await Promise.all([
      cli.run(args),
      cli.run([...args, '--json']),
      cli.run([...args, '--jsonl']),
    ]);
    expect([text.status, document.status, line.status]).toEqual([0, 0, 0]);
    expect(text.stdout).toMatch(/^Would send at most 240 ICMP echo probes \(11 kB\) to 127/);
    const plan = JSON.parse(document.stdout);
    expect(JSON.parse(line.stdout)).toEqual({ type: 'plan', ...plan });
    for (const each of [document, line]) {
      expect(flawsOf('trace-plan-1', JSON.parse(each.stdout))).toEqual([]);
    }
    expect(plan.targets.map(({ source }: { source: string }) => source)).toEqual(targets);
    const unknown = await cli.run([...args, '--json', 'no-such-host.invalid']);
    expect(unknown.status).toBe(1);
    expect(flawsOf('error-1', JSON.parse(unknown.stdout))).toEqual([]);
  });

  test.each(['--json', '--jsonl'])('%s has a place for each target that fails', async (form) => {
    const args = ['trace', '127.0.0.1', '224.0.0.1', '-n', '-q', '1', '-m', '1', form];
    const { status, stdout, stderr } = await cli.run(args);
    expect(status).toBe(1);
    expect(stderr).toContain('fantrace: 224.0.0.1 is a multicast address');
    const lines = stdout.trimEnd().split('\n');
    const documents =
      form === '--json' ? JSON.parse(stdout) : lines.map((line) => JSON.parse(line));
    const failed = documents.find(({ code }: { code?: string }) => code !== undefined);
    expect(failed).toMatchObject({ code: 'TARGET_NOT_A_HOST', target: '224.0.0.1' });
    expect(flawsOf('error-1', failed)).toEqual([]);
    const record = documents.find((each: object) => each !== failed);
    expect(flawsOf('trace-1', record)).toEqual([]);
    expect(documents).toHaveLength(2);
  });

  test('traceroute’s flags that are not here are answered by what to do instead', async () => {
    const { status, stderr } = await cli.run(['trace', '--max-hops', '4', '127.0.0.1']);
    expect(status).toBe(1);
    expect(stderr).toBe("fantrace: unknown option '--max-hops' (it is --max-ttl here)\n");
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
