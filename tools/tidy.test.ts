import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { scanSource } from './source-text.mjs';
import { checkFile, LAYERS, RULES, tidy } from './tidy.mjs';

const HEAD = '/** What this file knows. */\n\n';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true });
});

function treeOf(files: Record<string, string>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'tidy-'));
  roots.push(root);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    writeFileSync(path.join(root, file), text);
  }
  return root;
}

function firedBy(file: string, body: string): string[] {
  return checkFile(file, body).map(({ rule, isWarning }) => (isWarning ? `${rule}?` : rule));
}

describe('a bad tree', () => {
  const { findings, files } = tidy(
    treeOf({
      'readable/unclosed.ts': `${HEAD}const a = 'never ends;\n`,
      'lib/layer.ts': `${HEAD}import { b } from '../model/probe.ts';\n`,
      'sim/core.ts': `${HEAD}const now = Date.now();\n`,
      'report/default.ts': `${HEAD}export default 1;\n`,
      'lib/byte-utils.ts': HEAD,
      'cli/long.ts': `${HEAD}${'\n'.repeat(500)}const a = 1;\n`,
      'lib/wide.ts': `${HEAD}// ${'x'.repeat(98)}\n`,
      'lib/silent.ts': 'const a = 1;\n',
      'lib/plain.ts': `${HEAD}export function plain(): void {}\n`,
      'lib/later.ts': `${HEAD}// TODO later\n`,
    }),
  );
  const fired = new Set(findings.filter((finding) => !finding.isWarning).map(({ rule }) => rule));

  test.each(Object.keys(RULES))('fires the rule %s', (rule) => {
    expect(fired).toContain(rule);
  });

  test('is read in full', () => {
    expect(files).toBe(10);
  });

  test('is reported with the line', () => {
    expect(findings).toContainEqual({
      rule: 'core',
      file: 'sim/core.ts',
      line: 3,
      message: 'Date: time is an argument in the core',
      isWarning: false,
    });
  });
});

test('a good tree has no findings', () => {
  const text = `#!/usr/bin/env node
${HEAD}import { a } from '../lib/a.ts';

/** Says it. */
export function say(text: string): string {
  return \`\${a}: Date, { \${text.replace(/['"\`]/g, '')} } // not a comment\`; // TODO(#12): louder
}
`;
  expect(tidy(treeOf({ 'lib/a.ts': HEAD, 'sim/say.ts': text })).findings).toEqual([]);
});

describe('layers', () => {
  const names = Object.keys(LAYERS);
  const arrows = names.flatMap((from) => names.map((to) => ({ from, to })));

  test.each(arrows)('$from → $to', ({ from, to }) => {
    const file = from === 'index' ? 'index.ts' : `${from}/a.ts`;
    const up = from === 'index' ? './' : '../';
    const target = to === 'index' ? `${up}index.ts` : `${up}${to}/b.ts`;
    const isAllowed = from === to || LAYERS[from]?.includes(to) === true;
    const fired = firedBy(file, `${HEAD}import type { B } from '${target}';\n`);
    expect(fired).toEqual(isAllowed ? [] : ['layer']);
  });

  test.each([
    ["import '../native/a.ts';", 'a bare import'],
    ["export { a } from '../native/a.ts';", 'a re-export'],
    ["const a = await import('../native/a.ts');", 'a dynamic import'],
    ['import {\n  a,\n  b,\n} from "../native/a.ts";', 'an import on many lines'],
    ["type A = typeof import('../native/a.ts');", 'an import type'],
    ['const a = await import(name);', 'a computed import'],
    ["import fs from 'node:fs';", 'a module of Node'],
    ["import koffi from 'koffi';", 'a package'],
    ["import a from '../../package.json';", 'a file outside src'],
  ])('%j is seen: %s', (line) => {
    expect(firedBy('wire/a.ts', `${HEAD}${line}\n`)).toEqual(['layer']);
    expect(firedBy('wire/a.test.ts', `${HEAD}${line}\n`)).toEqual([]);
  });

  test('an edge may import packages, a folder itself', () => {
    const body = "import fs from 'node:fs';\nimport { a } from './b.ts';\n";
    expect(firedBy('native/a.ts', HEAD + body)).toEqual([]);
  });

  test.each(['other/a.ts', 'lib.ts', 'main.ts'])('%s belongs to no layer', (file) => {
    expect(firedBy(file, HEAD)).toEqual(['layer']);
  });

  test('a kind of file that is not read is an error', () => {
    expect(tidy(treeOf({ 'lib/a.tsx': '' })).findings).toMatchObject([{ rule: 'readable' }]);
  });
});

describe('bans in the core', () => {
  const bodies = [
    'const a = new Date();',
    'const a = Math.random();',
    'const a = Math\n  .random();',
    'const { random } = Math;',
    "const a = Math['random']();",
    'const a = performance.now();',
    'const a = globalThis.setTimeout;',
    'const a = new Intl.DateTimeFormat().format();',
  ];
  test.each(bodies)('%j', (body) => {
    expect(new Set(firedBy('algorithms/a.ts', HEAD + body))).toEqual(new Set(['core']));
    expect(firedBy('runtime/a.ts', HEAD + body)).toEqual([]);
    expect(firedBy('algorithms/a.test.ts', HEAD + body)).toEqual([]);
  });

  test.each(['// Date', "const a = 'Math.random()';", 'const a = Math.max(1, 2);', 'let update;'])(
    '%j is none',
    (body) => {
      expect(firedBy('sim/a.ts', HEAD + body)).toEqual([]);
    },
  );
});

describe('names', () => {
  const banned = ['HelperBytes', 'routeInfo', 'MISC_TABLE', 'packetData', 'internal_a', 'IpBase'];
  test.each(banned)('%s is banned', (name) => {
    expect(firedBy('lib/a.ts', `${HEAD}export const ${name} = 1;\n`)).toEqual(['name']);
    expect(firedBy('lib/a.ts', `${HEAD}export { a as ${name} };\n`)).toEqual(['name']);
    expect(firedBy('lib/a.ts', `${HEAD}const ${name} = 1;\n`)).toEqual([]);
  });

  test.each(['dataOffset', 'InterfaceInfoObject', 'database', 'information', 'baseline'])(
    '%s is allowed',
    (name) => {
      expect(firedBy('lib/a.ts', `${HEAD}export const ${name} = 1;\n`)).toEqual([]);
    },
  );

  test.each(['lib/misc.ts', 'lib/misc.test.ts', 'lib/common/a.ts', 'sim/hop-data.ts'])(
    'the file %s is banned',
    (file) => {
      expect(firedBy(file, HEAD)).toEqual(['name']);
    },
  );
});

describe('sizes', () => {
  const lines = (count: number) => `${HEAD}${'const a = 1;\n'.repeat(count - 2)}`;

  test.each([
    ['lib/a.ts', 300, []],
    ['lib/a.ts', 301, ['length?']],
    ['lib/a.ts', 500, ['length?']],
    ['lib/a.ts', 501, ['length']],
    ['lib/a-table.ts', 501, []],
    ['lib/a.test.ts', 501, []],
  ])('%s of %i lines: %j', (file, count, expected) => {
    expect(firedBy(file, lines(count))).toEqual(expected);
  });

  test('a column is a character, not a code unit', () => {
    expect(firedBy('lib/a.ts', `${HEAD}// ${'𝛼'.repeat(97)}\n`)).toEqual([]);
    expect(firedBy('lib/a.ts', `${HEAD}// ${'𝛼'.repeat(98)}\n`)).toEqual(['columns']);
  });

  test('an address that cannot be broken may be longer', () => {
    expect(firedBy('lib/a.ts', `${HEAD}// https://${'x'.repeat(98)}\n`)).toEqual([]);
  });
});

describe('comments', () => {
  test.each([
    ['', 'an empty file'],
    ['// One line.\n\nconst a = 1;\n', 'a line comment'],
    ['const a = 1;\n/** Late. */\n\n', 'a comment after code'],
    ['/** Says a. */\nconst a = 1;\n', 'a docstring'],
  ])('%j has no module comment: %s', (text) => {
    expect(firedBy('lib/a.ts', text)).toEqual(['module-comment']);
    expect(firedBy('lib/a.test.ts', text)).toEqual([]);
  });

  test('a module comment may stand right above an import', () => {
    expect(firedBy('lib/a.ts', "/** A. */\nimport { b } from './b.ts';\n")).toEqual([]);
  });

  test.each([
    'export function a(): void {}',
    'export async function* a(): AsyncGenerator {}',
    'export class A {}',
    'export abstract class A {}',
    'export const a = (b: number): number => b;',
    'export const a: (b: number) => number = (b) => b;',
  ])('%j needs a docstring', (code) => {
    expect(firedBy('lib/a.ts', `${HEAD}${code}\n`)).toEqual(['docstring']);
    expect(firedBy('lib/a.ts', `${HEAD}/** Does a. */\n\n${code}\n`)).toEqual(['docstring']);
    expect(firedBy('lib/a.ts', `${HEAD}/** Does a. */\n${code}\n`)).toEqual([]);
  });

  test.each(['export const A = 1;', 'export type A = (b: number) => void;', 'function a() {}'])(
    '%j needs none',
    (code) => {
      expect(firedBy('lib/a.ts', `${HEAD}${code}\n`)).toEqual([]);
    },
  );

  test('the docstring of the first overload counts for all', () => {
    const code = '/** A. */\nexport function a(): void;\nexport function a(b?: number): void {}\n';
    expect(firedBy('lib/a.ts', HEAD + code)).toEqual([]);
  });

  test.each(['TODO: x', 'FIXME', 'TODO (later)'])('%s needs an issue number', (todo) => {
    expect(firedBy('lib/a.test.ts', `/* ${todo} */\n`)).toEqual(['todo']);
  });
});

describe('scanning', () => {
  test.each([
    ["const a = /['\"]/g; // it's", 'const a =        ;        '],
    ['a / b / c', 'a / b / c'],
    ['x = a++ / 2; y = "b/"', 'x = a++ / 2; y = "  "'],
    ['`a${`b${c}`}d` + e', '` ${` ${c}`} ` + e'],
    ['`${{ a: "}" }}` + b', '`${{ a: " " }}` + b'],
    ['return /[/"]/.test(a)', 'return       .test(a)'],
    ["'it\\'s' + a", "'     ' + a"],
  ])('%j', (text, code) => {
    const source = scanSource(text);
    expect(source.code).toBe(code);
    expect(source.unclosedAt).toBeUndefined();
  });

  test.each(["'a\n'", '"a', '`a', '`a${b', '/* a'])('%j does not end', (text) => {
    expect(scanSource(text).unclosedAt).toBeDefined();
  });
});
