import { describe, expect, it } from 'vitest';
import { giveBack, takeMemory } from './memory.ts';

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
