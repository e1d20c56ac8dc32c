import { expect, test } from 'vitest';
import { parseIpAddress } from '../../lib/ip-address.ts';
import { requireHost } from './host-address.ts';

function bytes(text: string): Uint8Array {
  return parseIpAddress(text) ?? new Uint8Array();
}

test.each([
  { address: '0.0.0.0', kind: 'unspecified' },
  { address: '::', kind: 'unspecified' },
  { address: '255.255.255.255', kind: 'broadcast' },
  { address: '224.0.0.1', kind: 'multicast' },
  { address: '239.255.255.255', kind: 'multicast' },
  { address: 'ff02::1', kind: 'multicast' },
  { address: '::ffff:192.0.2.1', kind: 'IPv4 address written as' },
])('$address is refused as a target', ({ address, kind }) => {
  expect(() => requireHost(bytes(address))).toThrow(kind);
});

test.each(['192.0.2.1', '223.255.255.255', '240.0.0.1', '::1', '2001:db8::1', 'fe80::1'])(
  '%s may be a target',
  (address) => {
    expect(() => requireHost(bytes(address))).not.toThrow();
  },
);
