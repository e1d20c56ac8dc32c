/** `fantrace paths` as a program: what it writes where, and how it ends. */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InstalledCli } from './installed-cli.ts';
import { flawsOf } from './published-schemas.ts';

let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

const HEALTHY = ['paths', '--simulate', 'healthy-fabric', '--seed', '1'];

test('the sentence comes first, and status 0 means sure', async () => {
  const { status, stdout } = await cli.run(HEALTHY);
  expect(status).toBe(0);
  expect(stdout.split('\n')[0]).toMatch(
    /: 16 paths, 5 balancers, widest 16; at every place a further branch of ≥ \d+ % share is excluded with/,
  );
  expect(stdout).toContain('Paths: 16 found, 0 broken, 0 unexplored');
});

test('--json is one document of the published schema, and drawings go to files', async () => {
  const [svg, dot] = [path.join(cli.folder, 'paths.svg'), path.join(cli.folder, 'paths.dot')];
  const { stdout } = await cli.run([...HEALTHY, '--json', '--svg', svg, '--dot', dot]);
  expect(flawsOf('paths-1', JSON.parse(stdout))).toEqual([]);
  expect(readFileSync(svg, 'utf8')).toContain('</svg>');
  expect(readFileSync(dot, 'utf8')).toContain('digraph');
});

test('--jsonl tells of replies, then of the record', async () => {
  const { stdout } = await cli.run([...HEALTHY, '--jsonl']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const line of lines.slice(0, -1)) expect(flawsOf('paths-lines-1', line)).toEqual([]);
  const { type, ...record } = lines.pop();
  expect(type).toBe('end');
  expect(flawsOf('paths-1', record)).toEqual([]);
  expect(new Set(lines.map((line) => line.type))).toEqual(new Set(['reply']));
});

test('--dry-run: what would be sent, and how much at most', async () => {
  const args = [...HEALTHY, '--max-probes', '50', '--dry-run'];
  const [text, document, line] = await Promise.all([
    cli.run(args),
    cli.run([...args, '--json']),
    cli.run([...args, '--jsonl']),
  ]);
  expect([text.status, document.status, line.status]).toEqual([0, 0, 0]);
  expect(text.stdout).toMatch(/^Would send at most 50 UDP probes \(2 kB\) to the simulated target/);
  const plan = JSON.parse(document.stdout);
  expect(JSON.parse(line.stdout)).toEqual({ type: 'plan', ...plan });
  expect(flawsOf('paths-plan-1', plan)).toEqual([]);
  expect(flawsOf('paths-plan-1', JSON.parse(line.stdout))).toEqual([]);
  expect(plan).toMatchObject({
    probesMax: 50,
    bytesMax: 50 * 34,
    flowsByBranches: [6, 11, 16, 21],
  });
  const picture = await cli.run([...args, '--svg', 'paths.svg']);
  expect(picture.status).toBe(1);
});

const OUTCOMES = [
  { flags: ['--simulate', 'target-does-not-answer'], status: 2, says: 'not reached' },
  { flags: ['--simulate', 'healthy-fabric', '--max-probes', '50'], status: 3, says: 'not sure' },
];

test.each(OUTCOMES)('$flags: status $status', async ({ flags, status, says }) => {
  const outcome = await cli.run(['paths', ...flags, '--seed', '1']);
  expect(outcome.status).toBe(status);
  expect(outcome.stdout.split('\n')[0]).toContain(says);
});

const MISTAKES = [
  { flags: [], says: 'no target given' },
  { flags: ['--max-ttl', '0'], says: '--max-ttl' },
  { flags: ['--confidence', '1'], says: '--confidence' },
  { flags: ['--simulate', 'healthy-fabric', '--source-port', '65000'], says: '--source-port' },
  { flags: ['--simulate', 'healthy-fabric', '--protocol', 'icmp', '-p', '80'], says: '--port' },
];

test.each(MISTAKES)('$flags are refused, also in JSON', async ({ flags, says }) => {
  const { status, stdout, stderr } = await cli.run(['paths', ...flags, '--json']);
  expect(status).toBe(1);
  expect(stderr).toContain(says);
  expect(flawsOf('error-1', JSON.parse(stdout))).toEqual([]);
});
