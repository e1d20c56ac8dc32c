import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bits, testCodec } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeUdp } from '../../test/support/encoded-packets.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { pseudoHeaderSum } from './pseudo-header.ts';
import { decodeUdp, type UdpDatagram, writeUdpDatagram } from './udp.ts';

const SOURCE = bytesOf('fdec0100 00000000 00000000 00000001');
const DESTINATION = bytesOf('fdec0200 00000000 00000000 00000001');
const sumFor = (length: number): number =>
  pseudoHeaderSum(SOURCE, DESTINATION, IP_PROTOCOL.udp, length);

const PROBE: UdpDatagram = {
  sourcePort: 37234,
  destinationPort: 33434,
  payload: bytesOf('657874656e646564'),
};

testCodec<UdpDatagram>('UDP datagram', {
  decode: (bytes) => decodeUdp(bytes, sumFor(bytes.length)),
  encode: (datagram) => encodeUdp(datagram, sumFor(8 + datagram.payload.length)),
  rows: [
    {
      shows: 'a datagram that Linux sent over IPv6',
      bytes: '9172829a 00103f3f 65787465 6e646564',
      value: PROBE,
    },
    {
      shows: 'a computed checksum of 0 as 0xffff',
      bytes: '9172829a 000affff ecf1',
      value: { ...PROBE, payload: bytesOf('ecf1') },
    },
    {
      shows: 'no payload',
      bytes: '9172829a 0008ecf5',
      value: { ...PROBE, payload: bytesOf('') },
    },
  ],
  values: fc.record({
    sourcePort: bits(16),
    destinationPort: bits(16),
    payload: fc.uint8Array({ maxLength: 50 }),
  }),
});

describe('what no UDP datagram can be', () => {
  test.each([
    { shows: '7 bytes', bytes: '9172829a 000000', malformed: 'truncated', offset: 7 },
    { shows: 'length 7', bytes: '9172829a 00070000', malformed: 'bad-length', offset: 4 },
    { shows: 'length 9 of 8', bytes: '9172829a 00090000', malformed: 'truncated', offset: 8 },
    { shows: 'another port', bytes: '9173829a 0008ecf5', malformed: 'bad-checksum', offset: 6 },
  ])('$shows', ({ bytes, malformed, offset }) => {
    expect(decodeUdp(bytesOf(bytes), sumFor(8))).toEqual({ malformed, offset });
  });
});

test('a datagram without checksum is taken as it is', () => {
  expect(decodeUdp(bytesOf('9172829a 00090000 61'), sumFor(9))).toEqual({
    ...PROBE,
    payload: bytesOf('61'),
  });
});

test('padding behind the length is no payload', () => {
  const padded = bytesOf('9172829a 00103f3f 65787465 6e646564 00000000');
  expect(decodeUdp(padded, sumFor(16))).toEqual(PROBE);
});

test('writeUdpDatagram refuses what does not fit', () => {
  expect(() => writeUdpDatagram(new Uint8Array(15), 0, PROBE, 0)).toThrow(RangeError);
});
