import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bits, octets, testCodec } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeIpv6 } from '../../test/support/encoded-packets.ts';
import {
  decodeIpv6,
  IPV6_EXTENSION_HEADERS_MAX,
  type Ipv6Packet,
  walkExtensionHeaders,
  writeIpv6Header,
} from './ipv6.ts';

const SOURCE = 'fdec0100 00000000 00000000 00000001';
const DESTINATION = 'fdec0200 00000000 00000000 00000001';
const PACKET: Ipv6Packet = {
  trafficClass: 0xb8,
  flowLabel: 0xe6074,
  nextHeader: 6,
  hopLimit: 1,
  source: bytesOf(SOURCE),
  destination: bytesOf(DESTINATION),
  payload: bytesOf('01020304'),
};

testCodec<Ipv6Packet>('IPv6 packet', {
  decode: decodeIpv6,
  encode: encodeIpv6,
  rows: [
    {
      shows: 'traffic class and flow label across nibbles',
      bytes: `6b8e6074 00040601 ${SOURCE} ${DESTINATION} 01020304`,
      value: PACKET,
    },
    {
      shows: 'a header alone',
      bytes: `60000000 00003bff ${SOURCE} ${DESTINATION}`,
      value: {
        ...PACKET,
        trafficClass: 0,
        flowLabel: 0,
        nextHeader: 59,
        hopLimit: 255,
        payload: bytesOf(''),
      },
    },
  ],
  values: fc.record({
    trafficClass: bits(8),
    flowLabel: bits(20),
    nextHeader: bits(8),
    hopLimit: bits(8),
    source: octets(16),
    destination: octets(16),
    payload: fc.uint8Array({ maxLength: 100 }),
  }),
});

describe('what no IPv6 header can be', () => {
  test.each([
    { shows: 'no bytes', bytes: '', malformed: 'truncated', offset: 0 },
    { shows: 'version 4', bytes: '45000000', malformed: 'bad-version', offset: 0 },
    { shows: 'four bytes', bytes: '60000000', malformed: 'truncated', offset: 4 },
  ])('$shows', ({ bytes, malformed, offset }) => {
    expect(decodeIpv6(bytesOf(bytes))).toEqual({ malformed, offset });
  });
});

describe('the walk over extension headers', () => {
  test.each([
    { shows: 'no extension', next: 6, chain: '', protocol: 6, offset: 40 },
    { shows: 'a hop-by-hop header', next: 0, chain: '06000000 00000000', protocol: 6, offset: 48 },
    { shows: 'a routing header', next: 43, chain: '3a000000 00000000', protocol: 58, offset: 48 },
    {
      shows: 'destination options of 16 bytes',
      next: 60,
      chain: '11010000 00000000 00000000 00000000',
      protocol: 17,
      offset: 56,
    },
    {
      shows: 'an authentication header, in units of 4 bytes',
      next: 51,
      chain: '06010000 00000000 00000000',
      protocol: 6,
      offset: 52,
    },
    {
      shows: 'a first fragment, whose reserved byte is no length',
      next: 44,
      chain: '06ff0001 00000001',
      protocol: 6,
      offset: 48,
    },
    { shows: 'ESP, which hides what follows', next: 50, chain: '', protocol: 50, offset: 40 },
    { shows: 'no next header', next: 59, chain: '', protocol: 59, offset: 40 },
  ])('stops behind $shows', ({ next, chain, protocol, offset }) => {
    const upper = { protocol, offset, isFirstFragment: true };
    expect(walk(next, `${chain} 00000000`)).toEqual(upper);
  });

  test('stops behind a later fragment, whatever it says comes next', () => {
    const upper = { protocol: 0, offset: 48, isFirstFragment: false };
    expect(walk(44, '00000008 00000001 00000000')).toEqual(upper);
  });

  test(`takes ${IPV6_EXTENSION_HEADERS_MAX} headers and no more`, () => {
    const chain = '00000000 00000000'.repeat(IPV6_EXTENSION_HEADERS_MAX - 1);
    expect(walk(0, `${chain} 06000000 00000000`)).toMatchObject({ protocol: 6, offset: 104 });
    expect(walk(0, `${chain} 00000000 00000000 06000000 00000000`)).toEqual({
      malformed: 'too-many-extension-headers',
      offset: 104,
    });
  });

  test('does not run past the end', () => {
    expect(walk(0, '06ff0000 00000000')).toEqual({ malformed: 'truncated', offset: 48 });
    expect(walk(0, '06000000')).toEqual({ malformed: 'truncated', offset: 44 });
  });
});

describe('writeIpv6Header refuses', () => {
  const header = { ...PACKET, payloadLength: 4 };
  test.each([
    { shows: 'an arena that is too short', room: 39, header },
    { shows: 'an IPv4 address', room: 60, header: { ...header, source: new Uint8Array(4) } },
    { shows: 'a payload above 65535 bytes', room: 60, header: { ...header, payloadLength: 65536 } },
  ])('$shows', ({ room, header: refused }) => {
    expect(() => writeIpv6Header(new Uint8Array(room), 0, refused)).toThrow(RangeError);
  });
});

function walk(nextHeader: number, payload: string): ReturnType<typeof walkExtensionHeaders> {
  const bytes = encodeIpv6({ ...PACKET, nextHeader, payload: bytesOf(payload) });
  return walkExtensionHeaders(bytes, 0, bytes.length);
}
