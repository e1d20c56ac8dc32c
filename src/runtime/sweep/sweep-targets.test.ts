import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSweepTargets, type SweepTargets } from './sweep-targets.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-targets-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
function fileOf(text: string): string {
  files++;
  const file = path.join(folder, `list-${files}`);
  writeFileSync(file, text);
  return file;
}

function read(
  from: string,
  given: Partial<Parameters<typeof readSweepTargets>[0]> = {},
): Promise<SweepTargets> {
  const nothing = { excludeFiles: [], exclude: [], family: undefined, isSimulated: false };
  return readSweepTargets({ from, ...nothing, ...given });
}

describe('readSweepTargets', () => {
  it('reads prefixes and files, each address once', async () => {
    expect((await read('10.0.0.0/24')).set.size).toBe(256);
    const file = fileOf('10.0.0.1\n# remark\n10.0.0.0/30  # four\r\n\n192.168.0.0/31\n');
    expect((await read(file)).set.size).toBe(6);
  });

  it('leaves out what is excluded, by flag and file, and what is no host', async () => {
    const excludeFiles = [fileOf('10.0.0.0/25\n')];
    const { set, excluded } = await read('10.0.0.0/24', { exclude: ['10.0.0.255'], excludeFiles });
    expect([set.size, excluded]).toEqual([127, 129]);
    const all = await read('0.0.0.0/0', { excludeFiles: [fileOf('')] });
    expect(all.set.size).toBe(2 ** 32 - 2 ** 24 - 2 * 2 ** 28);
  });

  it('wants exclusions beyond private networks alone', async () => {
    for (const outside of [
      '8.8.8.0/24',
      '2600::/120',
      '10.0.0.0/7',
      fileOf('10.0.0.1\n11.0.0.1\n'),
    ]) {
      await expect(read(outside)).rejects.toMatchObject({ code: 'EXCLUSIONS_MISSING' });
    }
    expect((await read('8.8.8.0/24', { excludeFiles: [fileOf('')] })).set.size).toBe(256);
    expect((await read('8.8.8.0/24', { isSimulated: true })).set.size).toBe(256);
    for (const inside of ['192.168.0.0/16', 'fd00::/120', '100.64.0.0/10', '127.0.0.1']) {
      expect((await read(inside)).set.size).toBeGreaterThan(0);
    }
  });

  it('says why nothing is left', async () => {
    const code = 'NO_TARGETS';
    const never = 'multicast and reserved addresses alone, which are never probed';
    for (const each of ['224.0.0.0/4', 'ff02::1', '255.255.255.255']) {
      const told = { code, message: expect.stringContaining(never) };
      await expect(read(each)).rejects.toMatchObject(told);
    }
    const left = 'has none of IPv4 that is not excluded';
    const none = { code, message: expect.stringContaining(left) };
    await expect(read('10.0.0.1', { exclude: ['10.0.0.0/8'] })).rejects.toMatchObject(none);
  });

  it('reads ranges, as the lists of other scanners have them', async () => {
    const exclude = ['10.0.0.3-10.0.0.254'];
    expect((await read('10.0.0.0/24', { exclude })).set.size).toBe(4);
    expect(
      (await read(fileOf('10.0.0.9 - 10.0.0.10\nfd00::1-fd00::3\n'), { family: 4 })).set.size,
    ).toBe(2);
    expect((await read('fd00::1-fd00::3')).set.size).toBe(3);
    await expect(read('10.0.0.9-10.0.0.8')).rejects.toThrow('ends before it begins');
    for (const wrong of ['10.0.0.1-fd00::1', '10.0.0.1-10.0.0.2-10.0.0.3', '10.0.0.1-9']) {
      await expect(read(fileOf(`${wrong}\n`))).rejects.toThrow('is no address');
    }
  });

  it('says which line of which file is wrong', async () => {
    const file = fileOf('10.0.0.1\n10.0.0.300\n');
    const code = 'TARGETS_UNREADABLE';
    const wrong = `${file}, line 2: "10.0.0.300" is no address and no prefix`;
    await expect(read(file)).rejects.toMatchObject({ code, message: wrong });
    const hint = 'did you mean 10.0.0.0/24?';
    await expect(read('10.0.0.1/24')).rejects.toThrow(hint);
    await expect(read(path.join(folder, 'none'))).rejects.toMatchObject({ code });
    await expect(read('10.0.0.1', { exclude: ['x'] })).rejects.toThrow('--exclude: "x"');
    await expect(read(fileOf(`${'9'.repeat(5000)}\n`))).rejects.toThrow('9…"');
  });

  it('sweeps one family, and says so', async () => {
    const file = fileOf('10.0.0.1\nfd00::1\nfd00::2\n');
    await expect(read(file)).rejects.toThrow('choose one with -4 or -6');
    expect((await read(file, { family: 6 })).set.size).toBe(2);
    await expect(read('10.0.0.1', { family: 6 })).rejects.toMatchObject({ code: 'NO_TARGETS' });
  });
});
