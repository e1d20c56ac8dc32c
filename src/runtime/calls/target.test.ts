import { describe, expect, test, vi } from 'vitest';
import { formatIpAddress } from '../../lib/ip-address.ts';
import { resolveTarget, TargetError } from './target.ts';

/** What the system's resolver knows here, so that no test needs a network. */
vi.mock('node:dns/promises', () => ({
  lookup: (name: string, { family }: { family: number }) => {
    const address = { 4: '192.0.2.9', 6: '2001:db8::9' }[family || 6];
    const found = {
      'both.example': [{ address, family }],
      'many.example': [{ address }, { address: '192.0.2.10' }, { address: '192.0.2.11' }],
      'zoned.example': [{ address: 'fe80::9%eth0', family: 6 }],
      'odd.example': [{ address: 'nonsense', family: 4 }],
    }[name];
    if (found !== undefined) return Promise.resolve(found);
    return Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' }));
  },
}));

const LITERALS = [
  { target: '192.0.2.1', family: undefined, address: '192.0.2.1', scopeId: undefined },
  { target: '192.0.2.1', family: 4, address: '192.0.2.1', scopeId: undefined },
  { target: '2001:DB8:0::1', family: 6, address: '2001:db8::1', scopeId: undefined },
  { target: '[2001:db8::1]', family: undefined, address: '2001:db8::1', scopeId: undefined },
  { target: 'fe80::1%7', family: undefined, address: 'fe80::1', scopeId: 7 },
  { target: '[fe80::1%7]', family: 6, address: 'fe80::1', scopeId: 7 },
] as const;

test.each(LITERALS)('$target of family $family is $address', async (row) => {
  const { address, scopeId } = await resolveTarget(row.target, row.family);
  expect(formatIpAddress(address)).toBe(row.address);
  expect(scopeId).toBe(row.scopeId);
});

const NAMES = [
  { target: 'both.example', family: undefined, address: '2001:db8::9' },
  { target: 'both.example', family: 4, address: '192.0.2.9' },
  { target: 'both.example', family: 6, address: '2001:db8::9' },
  { target: 'zoned.example', family: undefined, address: 'fe80::9' },
] as const;

test.each(NAMES)('$target of family $family resolves to $address', async (row) => {
  const { address } = await resolveTarget(row.target, row.family);
  expect(formatIpAddress(address)).toBe(row.address);
});

test('a name with several addresses stands for the first, and the others are told', async () => {
  const { address, others } = await resolveTarget('many.example', 4);
  expect(formatIpAddress(address)).toBe('192.0.2.9');
  expect(others).toEqual(['192.0.2.10', '192.0.2.11']);
  expect((await resolveTarget('192.0.2.1', 4)).others).toEqual([]);
});

test.runIf(process.platform === 'linux')('a zone may be an interface by name', async () => {
  const { scopeId } = await resolveTarget('fe80::1%lo', undefined);
  expect(scopeId).toBe(1); // the loopback device is the first of every Linux host
});

describe('what is no target is refused with what to do', () => {
  const ROWS = [
    { target: '192.0.2.1', family: 6, says: 'is not an IPv6 address: leave out -6' },
    { target: '::1', family: 4, says: 'is not an IPv4 address: leave out -4' },
    { target: 'fe80::1%nosuch0', family: undefined, says: 'see `ip link`' },
    { target: 'fe80::1%../../x', family: undefined, says: 'see `ip link`' },
    { target: '', family: undefined, says: 'neither an address nor a host name' },
    { target: 'https://www.example/a?b', family: undefined, says: 'the host alone, www.example,' },
    { target: 'http://[2001:db8::1]:80/', family: 4, says: 'the host alone, [2001:db8::1],' },
    { target: '192.0.2.1:443', family: undefined, says: 'the host alone, 192.0.2.1, and its port' },
    { target: '[2001:db8::1]:443', family: 6, says: 'the host alone, [2001:db8::1], and its port' },
    { target: '192.0.2.0/24', family: undefined, says: /is neither an address nor a host name$/ },
    { target: 'a b', family: undefined, says: 'neither an address nor a host name' },
    { target: 'x\u001b[2J', family: undefined, says: 'neither an address nor a host name' },
    { target: 'nobody.example', family: undefined, says: 'check its spelling and the DNS' },
    { target: 'odd.example', family: 4, says: 'an address that cannot be read' },
    { target: 'nobody.example', family: 6, says: 'no IPv6 address is known' },
  ] as const;

  test.each(ROWS)('$target, family $family', async ({ target, family, says }) => {
    const refusal = resolveTarget(target, family);
    await expect(refusal).rejects.toThrow(TargetError);
    await expect(refusal).rejects.toThrow(says);
  });
});
