import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { giveBack, giveSharedBack, takeMemory, takeShared } from './memory.ts';

describe.runIf(process.platform === 'linux')('takeMemory', () => {
  it('gives whole pages of zeros', () => {
    const { buffer } = takeMemory(5000);
    expect(buffer.byteLength).toBe(8192);
    expect(new Uint8Array(buffer).every((byte) => byte === 0)).toBe(true);
  });

  it('gives a block out again once it was given back, with nothing left in it', () => {
    const first = takeMemory(100);
    new Uint8Array(first.buffer).fill(1);
    expect(takeMemory(100).address).not.toBe(first.address);
    giveBack(first);
    const second = takeMemory(100);
    expect(second.address).toBe(first.address);
    expect(new Uint8Array(second.buffer).every((byte) => byte === 0)).toBe(true);
  });
});

describe.runIf(process.platform === 'linux')('takeShared', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'fantrace-memory-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('shares what a descriptor has, until it is given back; views of it stay good', () => {
    const file = path.join(folder, 'shared');
    writeFileSync(file, new Uint8Array(12_288).fill(7));
    const fd = openSync(file, 'r+');
    const block = takeShared(fd, 12_288);
    const view = new Uint8Array(block.buffer);
    expect(view[12_287]).toBe(7);
    view[0] = 9;
    expect(readFileSync(file)[0]).toBe(9);
    giveSharedBack(block);
    closeSync(fd);
    expect(view.every((byte) => byte === 0)).toBe(true);
    view[0] = 1;
    expect(readFileSync(file)[0]).toBe(9);
    expect(takeMemory(12_288).address).toBe(block.address);
  });

  it('says so when there is nothing to share, and keeps its own', () => {
    expect(() => takeShared(-1, 16_384)).toThrow('mmap');
    expect(new Uint8Array(takeMemory(16_384).buffer)[0]).toBe(0);
  });
});
