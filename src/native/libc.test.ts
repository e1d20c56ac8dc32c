import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import { requirePlatform } from './libc.ts';
import { SystemCallError } from './system-error.ts';

describe('libc', () => {
  it('does not load koffi before it is called', () => {
    const loaded = Object.keys(createRequire(import.meta.url).cache);
    expect(loaded.filter((file) => file.includes('koffi'))).toEqual([]);
  });

  it.each(['x64', 'arm64'])('accepts Linux on %s', (arch) => {
    expect(() => requirePlatform('linux', arch)).not.toThrow();
  });

  it.each([
    ['darwin', 'arm64'],
    ['linux', 'ia32'],
    ['linux', 's390x'],
  ])('refuses %s on %s', (platform, arch) => {
    expect(() => requirePlatform(platform, arch)).toThrow(
      expect.objectContaining({ code: 'PLATFORM_UNSUPPORTED' }),
    );
  });
});

describe('SystemCallError', () => {
  it('has the name of its errno, and the call', () => {
    const error = new SystemCallError('bind', 98);
    expect(error).toMatchObject({ code: 'EADDRINUSE', syscall: 'bind', errno: 98 });
    expect(error.message).toBe('bind: EADDRINUSE (address already in use)');
  });
});
