import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ResultFolder } from './result-folder.ts';

const ASIDE = '.fantrace-partial';
const NO_PROCESS = 2 ** 22 + 1; // beyond what Linux numbers processes with

describe('ResultFolder', () => {
  let folder = '';

  beforeEach(() => {
    folder = join(mkdtempSync(join(tmpdir(), 'fantrace-folder-')), 'results');
  });

  afterEach(() => rmSync(join(folder, '..'), { recursive: true }));

  it.each([0o644, 0o444, 0o666])('writes with mode %o, whatever the umask', async (mode) => {
    await new ResultFolder(folder, mode).write('2026/01/02/a.jsonl', 'text\n');
    const file = join(folder, '2026/01/02/a.jsonl');
    expect(readFileSync(file, 'utf8')).toBe('text\n');
    expect(statSync(file).mode & 0o777).toBe(mode);
    expect(readdirSync(join(folder, ASIDE))).toEqual([]);
  });

  it('leaves nothing behind when it fails, and tells why', async () => {
    const results = new ResultFolder(folder, 0o644);
    writeFileSync(join(folder, '2026'), 'no folder');
    await expect(results.write('2026/01/02/a.jsonl', '')).rejects.toMatchObject({
      code: 'ENOTDIR',
    });
    mkdirSync(join(folder, 'taken'));
    await expect(results.write('taken', '')).rejects.toMatchObject({ code: 'EISDIR' });
    expect(readdirSync(join(folder, ASIDE))).toEqual([]);
  });

  it('makes its folders anew when somebody has removed them', async () => {
    const results = new ResultFolder(folder, 0o644);
    rmSync(folder, { recursive: true });
    await results.write('2026/a.jsonl', 'text');
    expect(readdirSync(join(folder, '2026'))).toEqual(['a.jsonl']);
  });

  it('clears away what killed processes left, and leaves the others theirs', () => {
    const aside = join(folder, ASIDE);
    mkdirSync(aside, { recursive: true });
    for (const pid of [NO_PROCESS, process.pid, process.ppid]) {
      writeFileSync(join(aside, `${pid}-0`), 'half');
    }
    void new ResultFolder(folder, 0o644);
    expect(readdirSync(aside)).toEqual([`${process.ppid}-0`]);
  });
});
