import { expect, it } from 'vitest';
import { packetFingerprint } from './packet-fingerprint.ts';

const V4 = [0x45, 0, 0, 40, 0, 7, 0, 0, 9, 6, 1, 2, 10, 0, 0, 1, 10, 0, 0, 2];
const V6 = [0x60, 0, 0, 0, 0, 20, 6, 9, ...new Array<number>(32).fill(3)];
const TCP = Array.from({ length: 20 }, (_, i) => i);

function fingerprint(packet: readonly number[]): number {
  return packetFingerprint(Uint8Array.from(packet), 0, packet.length);
}

it.each([
  ['IPv4', V4],
  ['IPv6', V6],
])('knows a packet of %s again with another TTL and TOS, and no other', (_name, header) => {
  const packet = [...header, ...TCP];
  const known = fingerprint(packet);
  const ttlAt = header === V4 ? 8 : 7;
  expect(fingerprint(packet.with(ttlAt, 8).with(1, 0x10))).toBe(known);
  for (let i = 0; i < TCP.length; i++) {
    expect(fingerprint(packet.with(header.length + i, 99))).not.toBe(known);
  }
  if (header === V4) expect(fingerprint(packet.with(5, 8))).not.toBe(known);
});

it('is the same of a packet in an outbox and of what was kept of it', () => {
  const packet = [...V4, ...TCP, ...new Array<number>(400).fill(1)];
  const outbox = Uint8Array.from([...new Array<number>(64).fill(5), ...packet]);
  const kept = Uint8Array.from(packet.slice(0, 96));
  expect(packetFingerprint(outbox, 64, outbox.length)).toBe(packetFingerprint(kept, 0, 96));
});
