/** `fantrace diff` as a program: what it says of two files, and how it ends. */

import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InstalledCli } from './installed-cli.ts';
import { flawsOf } from './published-schemas.ts';

let cli: InstalledCli;

beforeAll(async () => {
  cli = new InstalledCli();
  await recorded('before.json', ['--simulate', 'healthy-fabric', '--seed', '1']);
  await recorded('again.json', ['--simulate', 'healthy-fabric', '--seed', '2']);
  await recorded('broken.json', ['--simulate', 'black-hole-behind-one-link', '--seed', '3']);
  await recorded('short.json', [
    '--simulate',
    'healthy-fabric',
    '--seed',
    '4',
    '--max-probes',
    '60',
  ]);
});
afterAll(() => {
  cli?.remove();
});

function fileAt(name: string): string {
  return path.join(cli.folder, name);
}

async function recorded(name: string, flags: readonly string[]): Promise<void> {
  const { stdout } = await cli.run(['paths', ...flags, '--json']);
  writeFileSync(fileAt(name), stdout);
}

const PAIRS = [
  { files: ['before.json', 'again.json'], status: 0, says: 'the same set of paths' },
  { files: ['before.json', 'broken.json'], status: 2, says: '2 removed, 1 added' },
  { files: ['broken.json', 'before.json'], status: 2, says: '1 removed, 2 added' },
  { files: ['before.json', 'short.json'], status: 3, says: 'not sure' },
];

test.each(PAIRS)('$files: status $status', async ({ files, status, says }) => {
  const outcome = await cli.run(['diff', ...files.map(fileAt)]);
  expect(outcome.status, outcome.stdout).toBe(status);
  expect(outcome.stdout.split('\n')[0]).toContain(says);
  const { stdout } = await cli.run(['diff', '--json', ...files.map(fileAt)]);
  expect(flawsOf('diff-1', JSON.parse(stdout))).toEqual([]);
});

test('files that hold no paths are refused, also in JSON', async () => {
  writeFileSync(fileAt('damaged.json'), '{"schema": "fantrace.paths/1", "hops": [{}]}');
  writeFileSync(fileAt('other.json'), '{"schema": "fantrace.isolate/1"}');
  for (const name of ['damaged.json', 'other.json', 'absent.json']) {
    const args = ['diff', '--json', fileAt('before.json'), fileAt(name)];
    const { status, stdout, stderr } = await cli.run(args);
    expect(status).toBe(1);
    expect(stderr).toContain(name);
    expect(flawsOf('error-1', JSON.parse(stdout))).toEqual([]);
  }
});
