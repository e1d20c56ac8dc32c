/** What ships beside the program and is made from its flags is what they make of it now. */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { configSchema } from '../../test/support/config-schema.ts';
import { described, manPage } from '../../test/support/man-page.ts';
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
