/** What contributors read, held against what is there. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const read = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');

const DECISIONS = readdirSync(path.join(ROOT, 'docs/decisions')).filter((name) => /^\d/.test(name));
const DOCUMENTS = [
  ...['ARCHITECTURE.md', 'CONTRIBUTING.md', 'GLOSSARY.md', 'docs/decisions/README.md'],
  ...DECISIONS.map((name) => `docs/decisions/${name}`),
];

/** Folders that code is named from, since text would be long otherwise. */
const NAMED_FROM = ['', 'src/', 'src/algorithms/', 'src/algorithms/multipath/', 'src/probing/'];
const FURTHER = ['src/algorithms/isolation/', 'src/algorithms/localisation/', 'src/watch/'];

describe.each(DOCUMENTS)('%s', (file) => {
  const text = read(file);

  it('links to what exists', () => {
    const links = [...text.matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)].map(([, to = '']) => to);
    const missing = links.filter((to) => !existsSync(path.join(ROOT, path.dirname(file), to)));
    expect(missing).toEqual([]);
  });

  it('names files that exist', () => {
    const names = [...text.matchAll(/`([\w./-]+\/[\w.-]+\.(?:ts|mjs|c))`/g)].map(
      ([, to = '']) => to,
    );
    const isThere = (name: string): boolean =>
      [...NAMED_FROM, ...FURTHER].some((folder) => existsSync(path.join(ROOT, folder, name)));
    expect(names.filter((name) => !isThere(name))).toEqual([]);
  });
});

test.each(DECISIONS)('decision %s has its number and its parts', (name) => {
  const text = read(`docs/decisions/${name}`);
  const number = Number(name.slice(0, 4));
  expect(text).toMatch(new RegExp(`^# ${number}\\. .+\n`));
  expect(text).toContain('**Context.**');
  expect(text).toContain('**Price.**');
  expect(text.split('\n').length).toBeLessThanOrEqual(41);
});

test('every command of package.json is in CONTRIBUTING.md, and no other', () => {
  const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
  const table = read('CONTRIBUTING.md').matchAll(/^\| `npm (?:run )?([\w:-]+)`/gm);
  const named = [...table].map(([, script]) => script);
  const inside = ['prepack']; // npm calls it
  expect(named.sort()).toEqual(
    Object.keys(scripts)
      .filter((script) => !inside.includes(script))
      .sort(),
  );
});

test('every folder of src has a row in ARCHITECTURE.md', () => {
  const folders = readdirSync(path.join(ROOT, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const rows = [...read('ARCHITECTURE.md').matchAll(/^\| `src\/(\w+)`/gm)].map(([, name]) => name);
  expect(rows.sort()).toEqual(folders.sort());
});
