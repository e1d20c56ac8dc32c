import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesOf, readGolden } from '../../test/goldens/wire/golden.ts';
import { encodeIcmp, encodeIpv4, encodeIpv6 } from '../../test/support/encoded-packets.ts';
import type { IcmpMessage } from './icmp.ts';
import { icmpErrorBytes, writeIcmpError } from './icmp-error.ts';
import { ICMPV4 } from './icmpv4.ts';
import { IP_PROTOCOL } from './ip-protocol.ts';
import { ReplyReader, readReply } from './reply-reader.ts';

const TIME_EXCEEDED = readGolden('time-exceeded-v4-quotes-tcp').bytes;
const MPLS_ERROR = readGolden('time-exceeded-v4-mpls-padded-quote').bytes;
const RST = readGolden('rst-ack-v4').bytes;

describe('malformed are', () => {
  test.each([
    { shows: 'no bytes', bytes: bytesOf(''), malformed: 'truncated', offset: 0 },
    { shows: 'version 15', bytes: bytesOf('f5'), malformed: 'bad-version', offset: 0 },
    {
      shows: 'a total length inside the header',
      bytes: changed(TIME_EXCEEDED, 3, 19),
      malformed: 'bad-length',
      offset: 2,
    },
    {
      shows: 'an ICMP error with a changed byte in the quote',
      bytes: changed(TIME_EXCEEDED, 60, 0x55),
      malformed: 'bad-checksum',
      offset: 22,
    },
    {
      shows: 'a TCP reply with another acknowledgment',
      bytes: changed(RST, 31, 0),
      malformed: 'bad-checksum',
      offset: 36,
    },
    {
      shows: 'an ICMP message of 4 bytes',
      bytes: ipv6(58, bytesOf('03000000')),
      malformed: 'truncated',
      offset: 44,
    },
    {
      shows: 'an ICMP error without a quote',
      bytes: ipv4(icmp({ type: 11, code: 0, parameter: 0, body: bytesOf('') })),
      malformed: 'truncated',
      offset: 28,
    },
    {
      shows: 'an ICMP error that quotes the other family',
      bytes: ipv4(icmp({ type: 11, code: 0, parameter: 0, body: new Uint8Array(48).fill(0x60) })),
      malformed: 'bad-version',
      offset: 28,
    },
  ])('$shows', ({ bytes, malformed, offset }) => {
    expect(readReply(bytes)).toEqual({ malformed, offset });
  });
});

describe('other packets are', () => {
  test.each([
    { shows: 'redirects', bytes: ipv4(icmp({ type: 5, code: 1, parameter: 0, body: RST })) },
    { shows: 'later fragments', bytes: changed(RST, 7, 1) },
    { shows: 'unknown protocols', bytes: changed(RST, 9, 132) },
    { shows: 'IPv6 without next header', bytes: ipv6(59, bytesOf('')) },
    { shows: 'later IPv6 fragments', bytes: ipv6(44, bytesOf('0600000800000001')) },
  ])('$shows', ({ bytes }) => {
    expect(readReply(bytes)).toMatchObject({ kind: 'other' });
  });
});

test('bytes behind the total length are padding', () => {
  const padded = new Uint8Array(RST.length + 6);
  padded.set(RST);
  expect(readReply(padded)).toEqual(readReply(RST));
});

test('bytes behind the length of a UDP datagram are padding too', () => {
  const datagram = bytesOf('9172829a 00097667 61');
  const padded = bytesJoined(datagram, Uint8Array.of(0xee, 0xee));
  expect(readReply(ipv4(padded, IP_PROTOCOL.udp))).toMatchObject({
    kind: 'udp',
    payload: { length: 1 },
  });
});

test('packets are read wherever in memory they are', () => {
  const arena = new Uint8Array(2048);
  arena.set(RST, 1000);
  expect(readReply(arena.subarray(1000, 1000 + RST.length))).toEqual(readReply(RST));
});

test('a reader’s next reply of a kind takes the place of the one before', () => {
  const reader = new ReplyReader();
  const first = reader.read(MPLS_ERROR);
  expect(first).toEqual(readReply(MPLS_ERROR));
  expect(reader.read(RST)).toEqual(readReply(RST));
  expect(reader.read(TIME_EXCEEDED)).toBe(first);
  expect(first).toEqual(readReply(TIME_EXCEEDED));
});

describe('labels are read', () => {
  const quote = MPLS_ERROR.slice(28, 156);
  const extension = MPLS_ERROR.slice(156);
  const error = (words: number, body: Uint8Array): Uint8Array =>
    ipv4(icmp({ type: 11, code: 0, parameter: words << 16, body }));
  test.each([0, 17, 32, 128, 255])('at 128 bytes when the error says %i words', (words) => {
    expect(readReply(error(words, bytesJoined(quote, extension)))).toMatchObject({
      mpls: [0x0303_9101],
      quote: { transport: { kind: 'tcp', sequence: 2548049149 } },
    });
  });

  test('not out of a longer quote that happens to have no checksum there', () => {
    const unsealed = changed(changed(extension, 2, 0), 3, 0);
    expect(readReply(error(0, bytesJoined(quote, unsealed)))).toMatchObject({ mpls: [] });
  });

  test('not in types that RFC 4884 leaves alone', () => {
    const body = bytesJoined(quote, extension);
    const sourceQuench = ipv4(icmp({ type: 4, code: 0, parameter: 0, body }));
    expect(readReply(sourceQuench)).toMatchObject({ kind: 'other' });
  });
});

test('what our own errors say is what is read', () => {
  const labels = fc.array(fc.integer({ min: 0, max: 0xffff_ffff }), { maxLength: 20 });
  const quotes = fc
    .integer({ min: 28, max: 60 })
    .map((length) => MPLS_ERROR.slice(28, 28 + length));
  fc.assert(
    fc.property(labels, quotes, (mpls, quote) => {
      const error = { type: 11, code: 0, quote, mpls };
      const message = new Uint8Array(icmpErrorBytes(error, ICMPV4));
      writeIcmpError(message, 0, error, { dialect: ICMPV4, pseudoHeaderSum: 0 });
      expect(readReply(ipv4(message))).toMatchObject({
        cause: 'time-exceeded',
        mpls,
        quote: { ttl: 1, transport: { kind: 'tcp', sequence: 2548049149 } },
      });
    }),
  );
});

test('noise never throws', () => {
  const heads = fc.constantFrom(0x45, 0x4f, 0x60, 0x00);
  fc.assert(
    fc.property(heads, fc.uint8Array({ maxLength: 300 }), (head, bytes) => {
      bytes[0] = head;
      readReply(bytes);
    }),
    { numRuns: 2000 },
  );
});

function icmp(message: IcmpMessage): Uint8Array {
  return encodeIcmp(message, 0);
}

function ipv4(payload: Uint8Array, protocol: number = IP_PROTOCOL.icmpv4): Uint8Array {
  return encodeIpv4({
    tos: 0,
    identification: 0,
    flags: 0,
    fragmentOffset: 0,
    ttl: 64,
    protocol,
    source: bytesOf('0a010002'),
    destination: bytesOf('0a640001'),
    options: bytesOf(''),
    payload,
  });
}

function ipv6(nextHeader: number, payload: Uint8Array): Uint8Array {
  const source = new Uint8Array(16);
  const fixed = { trafficClass: 0, flowLabel: 0, hopLimit: 64 };
  return encodeIpv6({ ...fixed, nextHeader, source, destination: source, payload });
}

function changed(bytes: Uint8Array, offset: number, value: number): Uint8Array {
  return bytes.map((byte, i) => (i === offset ? value : byte));
}

function bytesJoined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}
