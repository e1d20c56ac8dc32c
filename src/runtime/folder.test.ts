import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolder } from './folder.ts';

let root = '';

beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'fantrace-folder-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

test('all that is missing is made, with the mode, once', () => {
  const folder = path.join(root, 'a', 'b');
  expect(makeFolder(folder, 0o700)).toBe(true);
  expect(statSync(folder).mode & 0o777).toBe(0o700);
  expect(makeFolder(folder, 0o700)).toBe(false);
});

test('a file in the way is told', () => {
  writeFileSync(path.join(root, 'file'), '');
  expect(() => makeFolder(path.join(root, 'file', 'b'))).toThrow(/ENOTDIR/);
});

test.runIf(existsSync('/proc/self'))('where nothing can be made, that is told at once', () => {
  expect(() => makeFolder('/proc/fantrace/results')).toThrow(/ENOENT/);
});
