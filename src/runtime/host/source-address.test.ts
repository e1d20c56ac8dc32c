import { describe, expect, it } from 'vitest';
import { sourceAddressFor } from './source-address.ts';

const LOOPBACK = Uint8Array.of(127, 0, 0, 1);

describe.runIf(process.platform === 'linux')('sourceAddressFor', () => {
  it('asks the kernel', () => {
    expect(sourceAddressFor(LOOPBACK)).toEqual(LOOPBACK);
  });

  it('says what is wrong with a device, and with what it was to reach', () => {
    expect(() => sourceAddressFor(LOOPBACK, { device: 'nosuch0' })).toThrow(
      expect.objectContaining({
        code: 'NO_ROUTE',
        syscall: 'setsockopt SO_BINDTODEVICE nosuch0',
        message:
          'no route to 127.0.0.1 by nosuch0 (ENODEV): there is no such device; look at `ip link`',
      }),
    );
  });
});
