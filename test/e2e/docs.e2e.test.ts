/**
 * Examples of the documentation run as they stand. A block ```sh run is a bash script that must end
 * with status 0, or what `status=` says; a block ```text output behind it is what that prints, with
 * … for anything.
 */

import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InstalledCli, outcomeOf } from './installed-cli.ts';

const DOCS = fileURLToPath(new URL('../../docs/', import.meta.url));
let cli: InstalledCli;

beforeAll(() => {
  cli = new InstalledCli();
});
afterAll(() => {
  cli?.remove();
});

interface Example {
  readonly line: number;
  readonly script: string;
  /** undefined for any. */
  readonly status: number | undefined;
  /** undefined where the page does not show it. */
  readonly output: string | undefined;
}

function examplesOf(text: string): Example[] {
  const blocks = [...text.matchAll(/^```(\S+) ?(.*)\n([\s\S]*?)^```$/gm)];
  return blocks.flatMap((block, i): Example[] => {
    const [, language, words = '', script = ''] = block;
    if (language !== 'sh' || !words.startsWith('run')) return [];
    const [, status = '0'] = /status=(\w+)/.exec(words) ?? [];
    const [, nextLanguage, nextWords, nextText] = blocks[i + 1] ?? [];
    const isShown = nextLanguage === 'text' && nextWords === 'output';
    return [
      {
        line: text.slice(0, block.index).split('\n').length,
        script,
        status: status === 'any' ? undefined : Number(status),
        output: isShown ? nextText : undefined,
      },
    ];
  });
}

/** A pattern of what is printed; a line that is … alone stands for any number of lines. */
function pattern(output: string): RegExp {
  const escaped = output
    .trimEnd()
    .replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll(/^…$/gm, '[\\s\\S]*')
    .replaceAll('…', '.*');
  return new RegExp(`^${escaped}\\n?$`);
}

const pages = readdirSync(DOCS)
  .filter((name) => name.endsWith('.md'))
  .map((name) => ({ name, examples: examplesOf(readFileSync(path.join(DOCS, name), 'utf8')) }))
  .filter(({ examples }) => examples.length > 0);

test('there are examples', () => {
  const names = pages.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['isolate.md', 'output.md', 'permissions.md']));
});

describe.each(pages)('docs/$name', ({ examples }) => {
  test.each(examples)('line $line', async ({ script, status, output }) => {
    const folder = mkdtempSync(path.join(cli.folder, 'example-'));
    mkdirSync(path.join(folder, 'home'));
    const { NO_COLOR: _, FORCE_COLOR: __, SUDO_UID: ___, ...inherited } = process.env;
    const env = {
      ...inherited,
      PATH: `${cli.bin}:${path.dirname(process.execPath)}:${process.env['PATH']}`,
      HOME: path.join(folder, 'home'),
    };
    const command = ['bash', '-euo', 'pipefail', '-c', `cd '${folder}'\n${script}`];
    const outcome = await outcomeOf(command, env);
    if (status !== undefined) expect(outcome.status, outcome.stderr).toBe(status);
    if (output !== undefined) expect(outcome.stdout).toMatch(pattern(output));
  });
});
