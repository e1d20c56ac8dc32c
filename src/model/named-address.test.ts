import { expect, test } from 'vitest';
import { namedAddress } from './named-address.ts';

test.each([
  ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['[2001:db8::1]', '2001:db8::1', '[2001:db8::1]'],
  ['fe80::1%eth0', 'fe80::1', 'fe80::1%eth0'],
  ['example.net', '192.0.2.1', 'example.net (192.0.2.1)'],
  ['2001:db8:0::1', '2001:db8::1', '2001:db8:0::1 (2001:db8::1)'],
])('%s at %s', (name, address, told) => {
  expect(namedAddress(name, address)).toBe(told);
});
