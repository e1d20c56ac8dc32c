import { describe, expect, it } from 'vitest';
import { parseIpAddress } from './ip-address.ts';
import { contains, formatIpPrefix, parseIpPrefix } from './ip-prefix.ts';

describe('parseIpPrefix', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.7', '192.0.2.7/32'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.128.0.0/9', '10.128.0.0/9'],
    ['FD00::/8', 'fd00::/8'],
    ['::1', '::1/128'],
    ['2001:db8::/33', '2001:db8::/33'],
  ])('reads %s', (text, written) => {
    const prefix = parseIpPrefix(text);
    expect(prefix && formatIpPrefix(prefix)).toBe(written);
  });

  it.each(['', '/8', '192.0.2.0/33', '192.0.2.1/24', '192.0.2.0/', '192.0.2.0/8/8', 'fd00::/129'])(
    'refuses %j',
    (text) => expect(parseIpPrefix(text)).toBeUndefined(),
  );
});

describe('contains', () => {
  it.each([
    ['192.0.2.0/24', '192.0.2.255', true],
    ['192.0.2.0/24', '192.0.3.0', false],
    ['10.128.0.0/9', '10.255.0.1', true],
    ['10.128.0.0/9', '10.127.255.255', false],
    ['0.0.0.0/0', '255.1.2.3', true],
    ['0.0.0.0/0', 'fd00::1', false],
    ['2001:db8:8000::/33', '2001:db8:ffff::1', true],
    ['2001:db8:8000::/33', '2001:db8:7fff::1', false],
  ])('%s, %s: %s', (prefixText, addressText, expected) => {
    const prefix = parseIpPrefix(prefixText);
    const address = parseIpAddress(addressText);
    expect(prefix && address && contains(prefix, address)).toBe(expected);
  });
});
