import { describe, expect, it } from 'vitest';
import { connectionTo } from '../../test/support/connections.ts';
import { parseIpPrefix } from '../lib/ip-prefix.ts';
import { drawFor, skipReason, type WatchPolicy } from './watch-policy.ts';

const ALL: WatchPolicy = {
  include: [],
  exclude: [],
  localPorts: [],
  excludePorts: [],
  sample: 1,
};

function prefixes(...texts: string[]) {
  return texts.flatMap((text) => parseIpPrefix(text) ?? []);
}

function reasonFor(address: string, policy: Partial<WatchPolicy> = {}) {
  return skipReason(
    connectionTo(address),
    { ...ALL, ...policy },
    { isOwn: (each) => each === '198.51.100.1', draw: (each) => drawFor(each, 1) },
  );
}

describe('skipReason', () => {
  it.each([
    ['127.0.0.1', 'unroutable'],
    ['::1', 'unroutable'],
    ['::', 'unroutable'],
    ['0.0.0.0', 'unroutable'],
    ['169.254.0.7', 'unroutable'],
    ['fe80::7', 'unroutable'],
    ['224.0.0.1', 'unroutable'],
    ['ff02::1', 'unroutable'],
    ['198.51.100.1', 'own-address'],
    ['192.0.2.1', undefined],
    ['::ffff:192.0.2.1', undefined],
    ['2001:db8::1', undefined],
  ])('%s: %s', (address, reason) => expect(reasonFor(address)).toBe(reason));

  it('has exclusions win over inclusions', () => {
    const policy = { include: prefixes('192.0.2.0/24'), exclude: prefixes('192.0.2.128/25') };
    expect(reasonFor('192.0.2.1', policy)).toBeUndefined();
    expect(reasonFor('192.0.2.129', policy)).toBe('excluded');
    expect(reasonFor('192.0.3.1', policy)).toBe('not-included');
  });

  it('looks at our port, and at both for exclusions', () => {
    expect(reasonFor('192.0.2.1', { localPorts: [443] })).toBeUndefined();
    expect(reasonFor('192.0.2.1', { localPorts: [80] })).toBe('port');
    expect(reasonFor('192.0.2.1', { excludePorts: [50_000] })).toBe('port');
    expect(reasonFor('192.0.2.1', { excludePorts: [443] })).toBe('port');
  });

  it('takes a sample of addresses, always the same', () => {
    const addresses = Array.from({ length: 4000 }, (_, i) => `192.0.${i >> 8}.${i & 255}`);
    const kept = addresses.filter((each) => reasonFor(each, { sample: 0.1 }) === undefined);
    expect(kept.length / addresses.length).toBeGreaterThan(0.08);
    expect(kept.length / addresses.length).toBeLessThan(0.12);
    expect(kept.every((each) => reasonFor(each, { sample: 0.1 }) === undefined)).toBe(true);
  });
});
