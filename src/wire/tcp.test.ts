import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bits, testCodec, wordsUpTo } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeTcp } from '../../test/support/encoded-packets.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { pseudoHeaderSum } from './pseudo-header.ts';
import { decodeTcp, TCP_ACK, TCP_RST, TCP_SYN, type TcpSegment, writeTcpSegment } from './tcp.ts';

const SOURCE = bytesOf('0a640001');
const DESTINATION = bytesOf('0ac80001');
const sumFor = (length: number): number =>
  pseudoHeaderSum(SOURCE, DESTINATION, IP_PROTOCOL.tcp, length);

const SYN: Required<TcpSegment> = {
  sourcePort: 48029,
  destinationPort: 80,
  sequence: 0x6561_b29c,
  acknowledgment: 0,
  flags: TCP_SYN,
  window: 5840,
  urgentPointer: 0,
  options: bytesOf(''),
  payload: bytesOf(''),
};

testCodec<Required<TcpSegment>>('TCP segment', {
  decode: (bytes) => decodeTcp(bytes, sumFor(bytes.length)),
  encode: (segment) =>
    encodeTcp(segment, sumFor(20 + segment.options.length + segment.payload.length)),
  rows: [
    {
      shows: 'a SYN without options',
      bytes: 'bb9d0050 6561b29c 00000000 500216d0 aff90000',
      value: SYN,
    },
    {
      shows: 'an RST|ACK with the sequence number at its highest',
      bytes: 'bb9d0050 ffffffff 00000001 50140000 deb40000',
      value: {
        ...SYN,
        sequence: 0xffff_ffff,
        acknowledgment: 1,
        flags: TCP_RST | TCP_ACK,
        window: 0,
      },
    },
    {
      shows: 'options, an odd payload, an urgent pointer and reserved bits',
      bytes: 'bb9d0050 6561b29c 00000000 6f0216d0 c4ce0009 020405b4 616263',
      value: {
        ...SYN,
        flags: 0xf00 | TCP_SYN,
        urgentPointer: 9,
        options: bytesOf('020405b4'),
        payload: bytesOf('616263'),
      },
    },
  ],
  values: fc.record({
    sourcePort: bits(16),
    destinationPort: bits(16),
    sequence: bits(32),
    acknowledgment: bits(32),
    flags: bits(12),
    window: bits(16),
    urgentPointer: bits(16),
    options: wordsUpTo(10),
    payload: fc.uint8Array({ maxLength: 50 }),
  }),
});

describe('what no TCP segment can be', () => {
  const valid = encodeTcp(SYN, sumFor(20));
  test.each([
    { shows: '19 bytes', at: 18, value: 0, length: 19, malformed: 'truncated', offset: 19 },
    {
      shows: 'data offset 4',
      at: 12,
      value: 0x40,
      length: 20,
      malformed: 'bad-length',
      offset: 12,
    },
    {
      shows: 'data offset 15',
      at: 12,
      value: 0xf0,
      length: 20,
      malformed: 'truncated',
      offset: 20,
    },
    { shows: 'another port', at: 0, value: 0, length: 20, malformed: 'bad-checksum', offset: 16 },
  ])('$shows', ({ at, value, length, malformed, offset }) => {
    const bytes = valid.slice(0, length);
    bytes[at] = value;
    expect(decodeTcp(bytes, sumFor(20))).toEqual({ malformed, offset });
  });
});

test('writeTcpSegment writes at an offset, over what was there, and nothing else', () => {
  const arena = new Uint8Array(24).fill(0xee);
  expect(writeTcpSegment(arena, 2, SYN, sumFor(20))).toBe(22);
  expect(arena.subarray(2, 22)).toEqual(encodeTcp(SYN, sumFor(20)));
  expect([...arena.subarray(0, 2), ...arena.subarray(22)]).toEqual([0xee, 0xee, 0xee, 0xee]);
});

test('writeTcpSegment refuses what does not fit', () => {
  expect(() => writeTcpSegment(new Uint8Array(19), 0, SYN, 0)).toThrow(RangeError);
  const odd = { ...SYN, options: bytesOf('01') };
  expect(() => writeTcpSegment(new Uint8Array(60), 0, odd, 0)).toThrow(RangeError);
});
