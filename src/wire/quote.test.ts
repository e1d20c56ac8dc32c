import { describe, expect, test } from 'vitest';
import { changesThatThrow, lengthsThatThrow } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import type { Malformed } from './malformed.ts';
import { type Quote, QuoteReader } from './quote.ts';

const V4 = '45b8003c cedc4000 01069999 0a640001 0ac80001';
const V6_ADDRESSES = 'fdec0100 00000000 00000000 00000001 fdec0200 00000000 00000000 00000001';
const V6 = `6b8e6074 00280601 ${V6_ADDRESSES}`;
const TCP = '9dc10050 c9b95989';
const TCP_READ = {
  kind: 'tcp',
  sourcePort: 40385,
  destinationPort: 80,
  sequence: 0xc9b95989,
  window: -1, // 8 bytes of TCP end before it
};

test('an IPv4 quote says what its header says, right or wrong', () => {
  expect(readQuote4(`${V4} ${TCP}`)).toEqual({
    family: 4,
    source: bytesOf('0a640001'),
    destination: bytesOf('0ac80001'),
    ttl: 1,
    tos: 0xb8,
    protocol: 6,
    identification: 0xcedc,
    flowLabel: 0,
    totalLength: 60,
    transport: TCP_READ,
  });
});

test('an IPv6 quote says what its header says', () => {
  expect(readQuote6(`${V6} ${TCP}`)).toEqual({
    family: 6,
    source: bytesOf('fdec0100 00000000 00000000 00000001'),
    destination: bytesOf('fdec0200 00000000 00000000 00000001'),
    ttl: 1,
    tos: 0xb8,
    protocol: 6,
    identification: 0,
    flowLabel: 0xe6074,
    totalLength: 80,
    transport: TCP_READ,
  });
});

const UDP_READ = { kind: 'udp', sourcePort: 40385, destinationPort: 80, checksum: 0x5989 };
const ECHO_READ = { kind: 'icmp-echo', identifier: 0x9978, sequence: 3, checksum: 0x627e };

describe('the transport header is read', () => {
  test.each([
    {
      shows: 'behind IPv4 options',
      quote: `4f${V4.slice(2)} ${'01'.repeat(40)} ${TCP}`,
      read: TCP_READ,
    },
    { shows: 'of UDP', quote: `${V4.replace('0106', '0111')} ${TCP}`, read: UDP_READ },
    {
      shows: 'of UDP with a payload and its padding',
      quote: `${V4.replace('0106', '0111')} ${TCP} 6100`,
      read: { ...UDP_READ, payload: { length: 2 } },
    },
    {
      shows: 'of an echo request',
      quote: `${V4.replace('0106', '0101')} 0800627e 99780003`,
      read: ECHO_READ,
    },
    {
      shows: 'whatever the total length says',
      quote: `${V4.replace('003c', '0000')} ${TCP}`,
      read: TCP_READ,
    },
    { shows: 'not with 7 bytes', quote: `${V4} ${TCP.slice(0, -2)}`, read: { kind: 'truncated' } },
    { shows: 'not with none', quote: V4, read: { kind: 'truncated' } },
    {
      shows: 'not in a later fragment',
      quote: `${V4.replace('4000', '2001')} ${TCP}`,
      read: { kind: 'fragment' },
    },
    {
      shows: 'not of an echo reply',
      quote: `${V4.replace('0106', '0101')} 0000627e 99780003`,
      read: { kind: 'other' },
    },
    {
      shows: 'not of SCTP',
      quote: `${V4.replace('0106', '0184')} ${TCP}`,
      read: { kind: 'other' },
    },
  ])('$shows', ({ quote, read }) => {
    expect(readQuote4(quote)).toMatchObject({ transport: read });
  });

  const options = (next: string): string => `${next}00010400000000`;
  test.each([
    { shows: 'behind IPv6 options', first: '3c', rest: `${options('06')} ${TCP}`, read: TCP_READ },
    { shows: 'not behind a cut chain', first: '3c', rest: '0600', read: { kind: 'truncated' } },
    {
      shows: 'not behind nine extension headers',
      first: '3c',
      rest: `${options('3c').repeat(8)} ${options('06')} ${TCP}`,
      read: { kind: 'other' },
    },
    {
      shows: 'not in a later IPv6 fragment',
      first: '2c',
      rest: `0600000800000001 ${TCP}`,
      read: { kind: 'fragment' },
    },
    { shows: 'of an ICMPv6 echo', first: '3a', rest: '8000627e 99780003', read: ECHO_READ },
    {
      shows: 'not of ICMPv4 in IPv6',
      first: '01',
      rest: '0800627e 99780003',
      read: { kind: 'other' },
    },
  ])('$shows', ({ first, rest, read }) => {
    expect(readQuote6(`${V6.replace('280601', `28${first}01`)} ${rest}`)).toMatchObject({
      transport: read,
    });
  });
});

describe('there is no quote', () => {
  test.each([
    { shows: 'in no bytes', quote: '', malformed: 'truncated', offset: 0 },
    { shows: 'of another family', quote: V6, malformed: 'bad-version', offset: 0 },
    {
      shows: 'with a header of 16 bytes',
      quote: `44${V4.slice(2)}`,
      malformed: 'bad-length',
      offset: 0,
    },
    {
      shows: 'with a header past the end',
      quote: `46${V4.slice(2)}`,
      malformed: 'truncated',
      offset: 20,
    },
    { shows: 'in 19 bytes', quote: V4.slice(0, -2), malformed: 'truncated', offset: 19 },
  ])('$shows', ({ quote, malformed, offset }) => {
    expect(readQuote4(quote)).toEqual({ malformed, offset });
  });
});

test.each([
  { family: 4 as const, quote: `${V4} ${TCP}` },
  {
    family: 6 as const,
    quote: `${V6.replace('280601', '280001')} ${'0000010400000000'.repeat(3)}`,
  },
])('an IPv$family quote survives cuts and changes', ({ family, quote }) => {
  const decode = (bytes: Uint8Array): unknown => {
    const reader = new QuoteReader();
    return family === 4
      ? reader.readIpv4(bytes, 0, bytes.length)
      : reader.readIpv6(bytes, 0, bytes.length);
  };
  expect(lengthsThatThrow(bytesOf(quote), decode)).toEqual([]);
  expect(changesThatThrow(bytesOf(quote), decode)).toEqual([]);
});

test('a reader’s next quote takes the place of the one before', () => {
  const reader = new QuoteReader();
  const udp = bytesOf(`${V4.replace('0106', '0111')} ${TCP} 01020304 0506`);
  const first = reader.readIpv4(udp, 0, udp.length);
  expect(first).toMatchObject({ transport: { kind: 'udp', payload: { length: 6 } } });
  const transport = 'transport' in first ? first.transport : undefined;
  expect(transport?.kind === 'udp' && transport.payload.int32At(2)).toBe(0x0304_0506);
  const tcp = bytesOf(`${V4.replace('0a64', '0b64')} ${TCP}`);
  expect(reader.readIpv4(tcp, 0, tcp.length)).toBe(first);
  expect(first).toMatchObject({ source: bytesOf('0b640001'), transport: TCP_READ });
});

function readQuote4(hex: string): Quote | Malformed {
  const bytes = bytesOf(hex);
  return new QuoteReader().readIpv4(bytes, 0, bytes.length);
}

function readQuote6(hex: string): Quote | Malformed {
  const bytes = bytesOf(hex);
  return new QuoteReader().readIpv6(bytes, 0, bytes.length);
}
