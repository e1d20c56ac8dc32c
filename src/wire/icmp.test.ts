import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bits, testCodec } from '../../test/goldens/wire/codec-contract.ts';
import { bytesOf } from '../../test/goldens/wire/golden.ts';
import { encodeIcmp } from '../../test/support/encoded-packets.ts';
import {
  decodeIcmp,
  type IcmpDialect,
  type IcmpMessage,
  writeIcmp,
  writeIcmpEcho,
} from './icmp.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';

const ECHO: IcmpMessage = {
  type: 0,
  code: 0,
  parameter: 0x9978_0003,
  body: bytesOf('01020304'),
};

testCodec<IcmpMessage>('ICMPv4 message', {
  decode: (bytes) => decodeIcmp(bytes, 0),
  encode: (message) => encodeIcmp(message, 0),
  rows: [
    { shows: 'an echo reply', bytes: '0000627e 99780003 01020304', value: ECHO },
    {
      shows: 'a header alone',
      bytes: '0301fcfe 00000000',
      value: { type: 3, code: 1, parameter: 0, body: bytesOf('') },
    },
  ],
  values: fc.record({
    type: bits(8),
    code: bits(8),
    parameter: bits(32),
    body: fc.uint8Array({ maxLength: 100 }),
  }),
});

test('messages of 4 bytes are truncated, not misread', () => {
  expect(decodeIcmp(bytesOf('0300fcff'), 0)).toEqual({ malformed: 'truncated', offset: 4 });
});

test('a wrong checksum is told', () => {
  expect(decodeIcmp(bytesOf('0300fcfe 00000000'), 0)).toEqual({
    malformed: 'bad-checksum',
    offset: 2,
  });
});

test('writeIcmpEcho puts identifier and sequence number where the echo has them', () => {
  const bytes = new Uint8Array(12);
  const echo = { type: 0, identifier: 0x9978, sequence: 3, payload: ECHO.body };
  expect(writeIcmpEcho(bytes, 0, echo, 0)).toBe(12);
  expect(decodeIcmp(bytes, 0)).toEqual(ECHO);
});

test('writeIcmp refuses what does not fit', () => {
  expect(() => writeIcmp(new Uint8Array(11), 0, ECHO, 0)).toThrow(RangeError);
});

test.each<{ name: string; dialect: IcmpDialect; type: number; code: number; cause: unknown }>([
  { name: 'ICMPv4', dialect: ICMPV4, type: 3, code: 1, cause: 'unreachable' },
  { name: 'ICMPv4', dialect: ICMPV4, type: 3, code: 4, cause: 'packet-too-big' },
  { name: 'ICMPv4', dialect: ICMPV4, type: 5, code: 0, cause: undefined },
  { name: 'ICMPv4', dialect: ICMPV4, type: 8, code: 0, cause: undefined },
  { name: 'ICMPv4', dialect: ICMPV4, type: 11, code: 0, cause: 'time-exceeded' },
  { name: 'ICMPv4', dialect: ICMPV4, type: 12, code: 0, cause: 'parameter-problem' },
  { name: 'ICMPv6', dialect: ICMPV6, type: 1, code: 4, cause: 'unreachable' },
  { name: 'ICMPv6', dialect: ICMPV6, type: 2, code: 0, cause: 'packet-too-big' },
  { name: 'ICMPv6', dialect: ICMPV6, type: 3, code: 0, cause: 'time-exceeded' },
  { name: 'ICMPv6', dialect: ICMPV6, type: 4, code: 1, cause: 'parameter-problem' },
  { name: 'ICMPv6', dialect: ICMPV6, type: 137, code: 0, cause: undefined },
])('$name type $type code $code means $cause', ({ dialect, type, code, cause }) => {
  expect(dialect.causeOf(type, code)).toBe(cause);
});
