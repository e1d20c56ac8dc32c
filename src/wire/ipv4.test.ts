import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bits, octets, testCodec, wordsUpTo } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeIpv4 } from '../../test/support/encoded-packets.ts';
import {
  decodeIpv4,
  IPV4_DONT_FRAGMENT,
  IPV4_MORE_FRAGMENTS,
  type Ipv4Packet,
  writeIpv4Header,
} from './ipv4.ts';

const ECHO: Ipv4Packet = {
  tos: 0,
  identification: 0x7c0f,
  flags: IPV4_DONT_FRAGMENT,
  fragmentOffset: 0,
  ttl: 64,
  protocol: 1,
  source: bytesOf('0a640001'),
  destination: bytesOf('0ac80001'),
  options: bytesOf(''),
  payload: bytesOf('01020304'),
};

testCodec<Ipv4Packet>('IPv4 packet', {
  decode: decodeIpv4,
  encode: encodeIpv4,
  rows: [
    {
      shows: 'a header without options',
      bytes: '45000018 7c0f4000 4001a9a8 0a640001 0ac80001 01020304',
      value: ECHO,
    },
    {
      shows: 'a record route option, as bytes',
      bytes: '4700001c 7c0f4000 4001a29d 0a640001 0ac80001 01070400 00000000',
      value: { ...ECHO, options: bytesOf('01070400 00000000'), payload: bytesOf('') },
    },
    {
      shows: 'a fragment in the middle of a packet',
      bytes: '45b80018 12342003 ff1173b8 0a640001 0ac80001 01020304',
      value: {
        ...ECHO,
        tos: 0xb8,
        identification: 0x1234,
        flags: IPV4_MORE_FRAGMENTS,
        fragmentOffset: 3,
        ttl: 255,
        protocol: 17,
      },
    },
  ],
  values: fc.record({
    tos: bits(8),
    identification: bits(16),
    flags: bits(3),
    fragmentOffset: bits(13),
    ttl: bits(8),
    protocol: bits(8),
    source: octets(4),
    destination: octets(4),
    options: wordsUpTo(10),
    payload: fc.uint8Array({ maxLength: 100 }),
  }),
});

describe('what no IPv4 header can be', () => {
  test.each([
    { shows: 'no bytes', bytes: '', malformed: 'truncated', offset: 0 },
    { shows: 'version 6', bytes: '65000014', malformed: 'bad-version', offset: 0 },
    { shows: 'a header of 16 bytes', bytes: '44000014', malformed: 'bad-length', offset: 0 },
    {
      shows: '60 bytes of which 4 are there',
      bytes: '4f000014',
      malformed: 'truncated',
      offset: 4,
    },
    {
      shows: 'a total length inside the header',
      bytes: '45000013 7c0f4000 40010000 0a640001 0ac80001',
      malformed: 'bad-length',
      offset: 2,
    },
  ])('$shows', ({ bytes, malformed, offset }) => {
    expect(decodeIpv4(bytesOf(bytes))).toEqual({ malformed, offset });
  });
});

test('a payload ends with the total length or the bytes, whichever is sooner', () => {
  const bytes = bytesOf('45000018 7c0f4000 4001a9a8 0a640001 0ac80001 01020304 feed');
  expect(decodeIpv4(bytes)).toMatchObject({ payload: bytesOf('01020304') });
  expect(decodeIpv4(bytes.subarray(0, 22))).toMatchObject({ payload: bytesOf('0102') });
});

describe('writeIpv4Header refuses', () => {
  const header = { ...ECHO, payloadLength: 4 };
  test.each([
    { shows: 'an arena that is too short', room: 19, header },
    { shows: 'an IPv6 address', room: 60, header: { ...header, source: new Uint8Array(16) } },
    { shows: 'options of 5 bytes', room: 60, header: { ...header, options: new Uint8Array(5) } },
    { shows: 'options of 44 bytes', room: 99, header: { ...header, options: new Uint8Array(44) } },
    { shows: 'a packet above 65535 bytes', room: 60, header: { ...header, payloadLength: 65516 } },
  ])('$shows', ({ room, header: refused }) => {
    expect(() => writeIpv4Header(new Uint8Array(room), 0, refused)).toThrow(RangeError);
  });
});
