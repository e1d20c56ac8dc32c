import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { errorFormOf } from './error-form.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'fantrace-form-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  { shows: 'nothing', argv: [], form: 'text' },
  { shows: 'a flag', argv: ['--json', '--wrong'], form: 'document' },
  { shows: 'the other flag', argv: ['--jsonl'], form: 'line' },
  { shows: 'a target that looks like one', argv: ['--', '--json'], form: 'text' },
  { shows: 'the environment', argv: [], env: { FANTRACE_JSON: 'true' }, form: 'document' },
  { shows: 'the file', argv: [], toml: '[measure]\njson = true', form: 'document' },
  { shows: 'the file of lines', argv: [], toml: '[measure]\njsonl = true', form: 'line' },
  { shows: 'the table of others', argv: [], toml: '[other]\njson = true', form: 'text' },
  {
    shows: 'a flag over the environment',
    argv: ['--json'],
    env: { FANTRACE_JSONL: '1' },
    form: 'document',
  },
  {
    shows: 'the environment over the file',
    argv: [],
    env: { FANTRACE_JSON: '1' },
    toml: '[measure]\njsonl = true',
    form: 'document',
  },
  {
    shows: 'the environment that switches off what the file has on',
    argv: [],
    env: { FANTRACE_JSON: '0' },
    toml: '[measure]\njson = true',
    form: 'text',
  },
  { shows: 'a file that is none', argv: [], toml: 'json = ', form: 'text' },
])('errors have the form of $shows', async ({ argv, env = {}, toml = '', form }) => {
  const file = path.join(folder, 'config.toml');
  writeFileSync(file, toml);
  const running = new Command('measure').option('--json').option('--jsonl');
  const program = new Command('fantrace').addCommand(running).addCommand(new Command('other'));
  const other = program.commands.find((each) => each.name() === 'other');
  other?.option('--json');
  const environment = { FANTRACE_CONFIG: file, ...env };
  expect(await errorFormOf(argv, { program, running }, environment)).toBe(form);
});

test('a command without such flags has text', async () => {
  const running = new Command('completions');
  const env = { FANTRACE_JSON: '1', HOME: folder };
  const program = new Command('fantrace').addCommand(running);
  expect(await errorFormOf([], { program, running }, env)).toBe('text');
});
