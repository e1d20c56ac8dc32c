import { expect, it } from 'vitest';
import { VirtualClock } from '../../test/support/virtual-clock.ts';
import { parseIpPrefix } from '../lib/ip-prefix.ts';
import { parseUnmapped } from './connection.ts';
import { ownAddressTest } from './own-addresses.ts';

it('knows the addresses of interfaces as they are by then, and those that it is told', async () => {
  const clock = new VirtualClock();
  let texts = ['192.0.2.1', '2001:db8::1'];
  let reads = 0;
  const read = (): Uint8Array[] => {
    reads++;
    return texts.flatMap((text) => parseUnmapped(text) ?? []);
  };
  const balancer = parseIpPrefix('198.51.100.0/30');
  const isOwn = ownAddressTest(read, balancer === undefined ? [] : [balancer], clock);
  expect(['192.0.2.1', '2001:db8::1', '198.51.100.3', '198.51.100.4'].map(isOwn)).toEqual([
    ...[true, true, true, false],
  ]);
  expect(reads).toBe(1);
  texts = ['192.0.2.9'];
  await clock.pass(10_000);
  expect(['192.0.2.1', '192.0.2.9'].map(isOwn)).toEqual([false, true]);
});
