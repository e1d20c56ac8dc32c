/** JSON for programs: every outcome is what the published schemas say. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, outcomeOf } from './installed-cli.ts';
import { flawsOf } from './published-schemas.ts';

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

interface Run {
  readonly scenario: string;
  readonly verdict: string;
  readonly flags?: readonly string[];
}

const SCENARIOS: readonly Run[] = [
  { scenario: 'healthy-fabric', verdict: 'no-loss' },
  { scenario: 'one-link-loses-20-percent', verdict: 'loss-located' },
  { scenario: 'two-targets-share-a-lossy-link', verdict: 'loss-located' },
  { scenario: 'last-link-loses', verdict: 'target-loss' },
  { scenario: 'target-does-not-answer', verdict: 'target-unreachable' },
  { scenario: 'black-hole-behind-one-link', verdict: 'loss-located' },
  { scenario: 'router-limits-icmp-is-not-loss', verdict: 'no-loss' },
  {
    scenario: 'large-packets-are-lost',
    verdict: 'loss-located',
    flags: ['--protocol', 'udp', '--packet-size', '60', '--packet-size', '1400'],
  },
  { scenario: 'healthy-fabric', verdict: 'no-loss', flags: ['--protocol', 'icmp'] },
  { scenario: 'healthy-fabric', verdict: 'no-loss', flags: ['--flow', '7', '--flow', '9'] },
  { scenario: 'first-link-loses', verdict: 'loss-suspected', flags: ['--min-ttl', '3'] },
  {
    scenario: 'one-link-loses-2-percent',
    verdict: 'inconclusive',
    flags: ['--min-ttl', '10', '--max-time', '5s'],
  },
];

const commandOf = ({ scenario, flags = [] }: Omit<Run, 'verdict'>): string[] => [
  ...['isolate', '--simulate', scenario, '--seed', '1', ...flags],
];

const linesOf = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('isolate', () => {
  test.each(SCENARIOS)('--json of $scenario $flags: $verdict', async ({ verdict, ...run }) => {
    const { stdout } = await cli.run([...commandOf(run), '--json']);
    const record = JSON.parse(stdout);
    expect(record.verdict).toBe(verdict);
    expect(flawsOf('isolate-1', record)).toEqual([]);
  });

  test.each(SCENARIOS)('--jsonl of $scenario $flags: $verdict', async (run) => {
    const args = commandOf(run);
    const [lined, whole] = await Promise.all([
      cli.run([...args, '--jsonl']),
      cli.run([...args, '--json']),
    ]);
    expect(lined.status).toBe(whole.status);
    const lines = linesOf(lined.stdout);
    for (const line of lines) expect(flawsOf('isolate-lines-1', line)).toEqual([]);
    expect(lines[0].type).toBe('start');
    expect(lines.slice(-2).map(({ type }) => type)).toEqual(['verdict', 'end']);
    // Put together again, the lines are the document.
    const record = JSON.parse(whole.stdout);
    const [start, verdict, end] = [lines[0], lines.at(-2), lines.at(-1)];
    const rebuilt = { ...start, ...verdict, ...end };
    for (const key of Object.keys(rebuilt)) {
      if (['type', 'sourcePorts', 'startedAt'].includes(key)) continue;
      expect(rebuilt[key], key).toEqual(record[key]);
    }
    const counted = lines.filter(({ type, sent }) => type === 'flow' && sent !== undefined);
    expect(counted.map(({ type: _, ...flow }) => flow)).toEqual(record.flows);
    expect(lines.filter(({ type }) => type === 'round').length).toBeGreaterThan(1);
  });

  test('--jsonl tells a round before the next one is over', async () => {
    // The reader leaves after the first round; a report held back to the end would be lost.
    const script = `"$0" "$1" isolate --simulate healthy-fabric --seed 1 --jsonl | grep -m 1 '"round"'`;
    const { stdout } = await outcomeOf(['bash', '-c', script, process.execPath, cli.executable]);
    expect(JSON.parse(stdout)).toMatchObject({ type: 'round', round: 1 });
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    '%s, even twice: a partial document, and status 130',
    async (signal) => {
      const scenario = path.join(cli.folder, 'endless.json');
      writeFileSync(
        scenario,
        JSON.stringify({
          shows: 'Nothing, for longer than anybody waits.',
          fabric: { widths: [1, 2, 1] },
          truth: { verdict: 'no-loss' },
        }),
      );
      const run = cli.start([
        ...['isolate', '--simulate', scenario, '--json', '--seed', '1', '--exclude', '0.01%'],
        ...['--max-probes', '10000000', '--max-time', '24h', '--flows', '8'],
      ]);
      await run.hasStarted;
      run.child.kill(signal);
      run.child.kill(signal);
      const { status, stdout } = await run.outcome;
      expect(status).toBe(130);
      const record = JSON.parse(stdout);
      expect(record).toMatchObject({ partial: true, stopReason: 'interrupted' });
      expect(flawsOf('isolate-1', record)).toEqual([]);
    },
  );

  test.each([['--json'], ['--jsonl']])('--dry-run %s: the plan', async (form) => {
    const args = ['isolate', '--simulate', 'healthy-fabric', '--seed', '1', '--dry-run', form];
    const { status, stdout } = await cli.run(args);
    expect(status).toBe(0);
    const plan = JSON.parse(stdout);
    expect(flawsOf('plan-1', plan)).toEqual([]);
    expect(plan.type).toBe(form === '--jsonl' ? 'plan' : undefined);
    if (form === '--jsonl') expect(flawsOf('isolate-lines-1', plan)).toEqual([]);
    // The first round of the run itself is the same.
    const run = await cli.run([...args.slice(0, 5), '--jsonl']);
    const first = linesOf(run.stdout).find(({ type }) => type === 'round');
    expect(plan.firstProbes).toHaveLength(first.probesSent);
  });
});

describe('errors', () => {
  test.each([
    { args: ['isolate', '--json'], form: 'document' },
    { args: ['isolate', '--jsonl', '--port', '0', 'x'], form: 'line' },
    { args: ['isolate', '--json', '--colour'], form: 'document' },
    { args: ['isolate', '--jsonl', 'no-such-host.invalid'], form: 'line' },
    { args: ['isolate', '--json', '--simulate', 'no-such-scenario'], form: 'document' },
    { args: ['analyze', '--json', '/no/such'], form: 'document' },
    { args: ['simulate', '--json', '/no/such.json'], form: 'document' },
  ])('$args', async ({ args, form }) => {
    const { status, stdout } = await cli.run(args);
    expect(status).toBe(1);
    const error = JSON.parse(stdout);
    expect(flawsOf('error-1', error)).toEqual([]);
    expect(error.type).toBe(form === 'line' ? 'error' : undefined);
    if (form === 'line') expect(flawsOf('isolate-lines-1', error)).toEqual([]);
  });

  test('a form that only the settings ask for, of a line that cannot be read', async () => {
    const config = path.join(cli.folder, 'json.toml');
    writeFileSync(config, '[isolate]\nmax-ttl = 999\njson = true\n');
    for (const [args, env] of [
      [['isolate', '--colour'], { FANTRACE_JSON: 'true' }],
      [['--config', config, 'isolate', '--colour'], {}],
      [['--config', config, 'isolate', 'x'], {}],
    ] as const) {
      const { status, stdout } = await cli.run(args, { env });
      expect(status).toBe(1);
      expect(flawsOf('error-1', JSON.parse(stdout))).toEqual([]);
    }
  });

  test('a form that only the environment asks for', async () => {
    for (const wrong of [{}, { FANTRACE_PORT: '0' }, { FANTRACE_CONFIG: '/no/such' }]) {
      const env = { FANTRACE_JSON: '1', ...wrong };
      const { status, stdout } = await cli.run(['isolate', '--simulate', 'no-such'], { env });
      expect(status).toBe(1);
      expect(flawsOf('error-1', JSON.parse(stdout))).toEqual([]);
    }
  });
});

test('simulate', async () => {
  const { stdout } = await cli.run(['simulate', 'one-link-loses-20-percent', '--json']);
  expect(flawsOf('scenario-summary-1', JSON.parse(stdout))).toEqual([]);
});

test('doctor says what this machine permits, in both forms', async () => {
  const [human, machine] = await Promise.all([cli.run(['doctor']), cli.run(['doctor', '--json'])]);
  const diagnosis = JSON.parse(machine.stdout);
  expect(flawsOf('doctor-1', diagnosis)).toEqual([]);
  expect(machine.status).toBe(diagnosis.isAble ? 0 : 2);
  expect(human.status).toBe(machine.status);
  expect(human.stdout.split('\n')[0]).toBe(diagnosis.summary);
});

test('a document that is not one is noticed', () => {
  expect(
    flawsOf('error-1', { schema: 'fantrace.error/1', code: 'X', message: '', hint: '' }),
  ).toHaveLength(2);
  const extra = { schema: 'fantrace.error/1', code: 'X', message: 'm', hint: '', more: 1 };
  expect(flawsOf('error-1', extra)).toHaveLength(1);
});
