import { isIPv4, isIPv6 } from 'node:net';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { familyOf, formatIpAddress, isSameAddress, parseIpAddress } from './ip-address.ts';

const ipv4Bytes = fc.uint8Array({ minLength: 4, maxLength: 4 });
/** Zeros are as likely as anything else, so that `::` finds runs to compete for. */
const ipv6Bytes = fc
  .array(fc.oneof(fc.constant(0), fc.nat(0xffff)), { minLength: 8, maxLength: 8 })
  .map((groups) => Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff])));
const anyBytes = fc.oneof(ipv4Bytes, ipv6Bytes);

/** Text that is nearly an address, for the two parsers to disagree on. */
const nearlyAddress = fc
  .array(
    fc.oneof(
      fc.constantFrom(':', '::', '.', ':', '0', '00', 'ffff', '1', '255', '256', '01', 'g', ' '),
      fc.constantFrom('1.2.3.4', '::ffff:', '1:2:3:4:5:6:7', '1:2:3:4:5:6:'),
    ),
    { maxLength: 16 },
  )
  .map((pieces) => pieces.join(''));

function canonicalOf(text: string): string | undefined {
  const bytes = parseIpAddress(text);
  return bytes === undefined ? undefined : formatIpAddress(bytes);
}

describe('agrees with node:net on what is an address', () => {
  test.each([
    ['nearly addresses', nearlyAddress],
    ['mutated addresses', fc.tuple(anyBytes, fc.nat(40), fc.constantFrom('', ':', '.', '0', 'g'))],
    ['any text', fc.string()],
  ])('%s', (_, texts) => {
    const asText = fc.oneof(texts as fc.Arbitrary<unknown>).map((sample) => {
      if (!Array.isArray(sample)) return String(sample);
      const [bytes, at, piece] = sample as [Uint8Array, number, string];
      const text = formatIpAddress(bytes);
      return text.slice(0, at) + piece + text.slice(at + 1);
    });
    fc.assert(
      fc.property(asText, (text) => {
        fc.pre(!text.includes('%')); // node:net takes zone ids, which are no part of an address
        const bytes = parseIpAddress(text);
        expect(bytes?.length === 4).toBe(isIPv4(text));
        expect(bytes?.length === 16).toBe(isIPv6(text));
      }),
      { numRuns: 5000 },
    );
  });
});

describe('round trip', () => {
  test('bytes → text → bytes', () => {
    fc.assert(
      fc.property(anyBytes, (bytes) => {
        expect(parseIpAddress(formatIpAddress(bytes))).toEqual(bytes);
      }),
    );
  });

  test('text out is what the WHATWG URL parser makes of it, except for a dotted tail', () => {
    fc.assert(
      fc.property(ipv6Bytes, (bytes) => {
        const text = formatIpAddress(bytes);
        fc.pre(!text.includes('.'));
        expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
    );
  });
});

test.each([
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1', 'leading zeros go (§4.1)'],
  ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1', 'as many groups as possible are cut (§4.2.1)'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'one zero group stays (§4.2.2)'],
  ['2001:db8::1:1:1:1:1', '2001:db8:0:1:1:1:1:1', 'and comes back (§4.2.2)'],
  ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1', 'the longest run is cut (§4.2.3)'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1', 'the first of two equal runs is cut (§4.2.3)'],
  ['2001:DB8::AAAA', '2001:db8::aaaa', 'lower case (§4.3)'],
  ['::FFFF:c000:0280', '::ffff:192.0.2.128', 'a mapped address has a dotted tail (§5)'],
  ['0:0:0:0:0:0:0:0', '::', 'the unspecified address'],
  ['0:0:0:0:0:0:0:1', '::1', 'the loopback address'],
  ['1:0:0:0:0:0:0:0', '1::', 'a run at the end'],
  ['64:ff9b::192.0.2.33', '64:ff9b::c000:221', 'a dotted tail of another prefix is hex'],
])('RFC 5952: %s → %s: %s', (text, canonical) => {
  expect(canonicalOf(text)).toBe(canonical);
});

test.each([
  ['010.0.0.1', 'a leading zero, which some read as octal'],
  ['1.2.3', 'three parts, which inet_aton takes'],
  ['0x7f.0.0.1', 'hex'],
  ['1.2.3.4 ', 'a blank'],
  ['fe80::1%eth0', 'a zone id'],
  ['1.2.3.4::', 'a dotted part that is not the tail'],
  ['1::2::3', 'two gaps'],
  ['::1:2:3:4:5:6:7:8', 'a gap for no group'],
  ['', 'nothing'],
])('%j is no address: %s', (text) => {
  expect(parseIpAddress(text)).toBeUndefined();
});

test('formatting refuses any other number of bytes', () => {
  expect(() => formatIpAddress(new Uint8Array(5))).toThrow(RangeError);
});

test('the family goes by the number of bytes', () => {
  expect(familyOf(new Uint8Array(4))).toBe(4);
  expect(familyOf(new Uint8Array(16))).toBe(6);
});

test('two addresses are the same exactly when their texts are', () => {
  const pair = fc.tuple(anyBytes, anyBytes);
  const twin = anyBytes.map((bytes) => [bytes, bytes.slice()] as [Uint8Array, Uint8Array]);
  const neighbour = fc.tuple(anyBytes, fc.nat(127)).map(([bytes, bit]) => {
    const other = bytes.slice();
    const at = (bit >> 3) % bytes.length;
    other[at] = (bytes[at] ?? 0) ^ (1 << (bit & 7));
    return [bytes, other] as [Uint8Array, Uint8Array];
  });
  fc.assert(
    fc.property(fc.oneof(pair, twin, neighbour), ([a, b]) => {
      expect(isSameAddress(a, b)).toBe(formatIpAddress(a) === formatIpAddress(b));
    }),
  );
});
