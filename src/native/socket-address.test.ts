import { describe, expect, it } from 'vitest';
import {
  addressIn,
  ETHER_TYPES,
  encodeLinkAddress,
  encodeSocketAddress,
} from './socket-address.ts';

const V6 = Uint8Array.from({ length: 16 }, (_, i) => 0xa0 + i);

describe('socket addresses', () => {
  it('encodes sockaddr_in: family in host order, port in network order', () => {
    const bytes = encodeSocketAddress({ address: Uint8Array.of(10, 0, 1, 2), port: 443 });
    expect(Buffer.from(bytes).toString('hex')).toBe('020001bb0a0001020000000000000000');
  });

  it('encodes sockaddr_in6: flow information 0, scope in host order', () => {
    const bytes = encodeSocketAddress({ address: V6, port: 0, scopeId: 3 });
    expect(Buffer.from(bytes).toString('hex')).toBe(
      '0a00000000000000a0a1a2a3a4a5a6a7a8a9aaabacadaeaf03000000',
    );
  });

  it('encodes sockaddr_ll: protocol in network order, device in host order', () => {
    const neighbour = Uint8Array.of(0x02, 0, 0, 0, 0, 0x2a);
    const there = encodeLinkAddress({ protocol: ETHER_TYPES[6], device: 7, neighbour });
    expect(Buffer.from(there).toString('hex')).toBe('110086dd070000000000000602000000002a0000');
    const anywhere = encodeLinkAddress({ protocol: ETHER_TYPES[4], device: 258 });
    expect(Buffer.from(anywhere).toString('hex')).toBe('1100080002010000000000000000000000000000');
  });

  it.each([Uint8Array.of(192, 0, 2, 1), V6])('reads back the address it wrote: %s', (address) => {
    expect(addressIn(encodeSocketAddress({ address, port: 1 }))).toEqual(address);
  });
});
