import { expect, it } from 'vitest';
import { requireWhole } from './ring-device.ts';

it('refuses a device where packets pass twice', () => {
  const device = { index: 7, name: 'eth0' };
  expect(() => requireWhole({ ...device, hasMaster: false })).not.toThrow();
  expect(() => requireWhole({ ...device, hasMaster: true })).toThrow(/no receive ring at eth0/);
});
