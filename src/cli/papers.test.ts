/** What ships beside the program and is made from its flags is what they make of it now. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { configSchema } from '../../test/support/config-schema.ts';
import { described, dropInPage, manPage } from '../../test/support/man-page.ts';
import { UsageWanted as FbtracertUsage } from './ancestors/fbtracert-flags.ts';
import { UsageWanted as TracerouteCallerUsage } from './ancestors/traceroute-caller-flags.ts';
import { buildProgram } from './program.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** With UPDATE_GOLDENS=1 writes the file anew. */
function expectFile(name: string, text: string): void {
  const file = path.join(ROOT, name);
  if (process.env['UPDATE_GOLDENS'] === '1') {
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
  expect(existsSync(file) ? readFileSync(file, 'utf8') : '').toBe(text);
}

test('man/fantrace.1', () => {
  expectFile('man/fantrace.1', manPage(buildProgram()));
});

test('man/fbtracert.1', () => {
  const page = dropInPage({
    name: 'fbtracert',
    replaces: "takes the place of Facebook's fbtracert, with the verdict of fantrace isolate",
    target: 'HOST',
    usage: new FbtracertUsage('').usage,
    statuses: [
      ['0', 'measured, whatever the verdict'],
      ['1', 'could not measure'],
      ['2', 'unknown flag, or a value that cannot be read'],
      ['130', 'interrupted; the partial result is printed'],
    ],
  });
  expectFile('man/fbtracert.1', page);
});

test('man/traceroute-caller.1', () => {
  const page = dropInPage({
    name: 'traceroute-caller',
    replaces: "takes the place of M-Lab's traceroute-caller",
    target: '',
    usage: new TracerouteCallerUsage('').usage,
    statuses: [
      ['0', 'stopped, and all results are on the disk'],
      ['1', 'could not watch, or results were lost'],
      ['2', 'unknown flag, or a value that cannot be read'],
    ],
  });
  expectFile('man/traceroute-caller.1', page);
});

test('the manual has what --help has: arguments, exit status and examples of every command', () => {
  const text = manPage(buildProgram()).replaceAll('\\-', '-');
  expect(text).toContain('.B TARGET\nhost names or addresses');
  expect(text).toContain('\n  sudo fantrace isolate -6 --port 443 --flows 128 www.example.net\n');
  expect(text).toContain('\n  fantrace analyze db7.jsonl.gz\n');
  expect(text).toContain('.B target-loss [2]\n');
});

test('schemas/config.json', () => {
  expectFile('schemas/config.json', `${JSON.stringify(configSchema(buildProgram()), null, 2)}\n`);
});

test('every flag of isolate is in docs/isolate.md as it describes itself', () => {
  const isolate = buildProgram().commands.find((command) => command.name() === 'isolate');
  const rows = (isolate?.options ?? []).map((option) => {
    const cell = (text: string): string => text.replaceAll('|', '\\|');
    return `| \`${cell(option.flags)}\` | ${cell(described(option))} |`;
  });
  const file = path.join(ROOT, 'docs/isolate.md');
  const text = readFileSync(file, 'utf8');
  const table = /(?<=\| flag \| meaning \|\n\| --- \| --- \|\n)(?:\|.*\n)*/;
  const expected = text.replace(table, `${rows.join('\n')}\n`);
  if (process.env['UPDATE_GOLDENS'] === '1') writeFileSync(file, expected);
  expect(readFileSync(file, 'utf8')).toBe(expected);
  expect(rows.length).toBeGreaterThan(20);
});
