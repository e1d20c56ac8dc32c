import { describe, expect, test } from 'vitest';
import { decodeIcmp, ICMP_HEADER_BYTES } from './icmp.ts';
import { type IcmpError, icmpErrorBytes, writeIcmpError } from './icmp-error.ts';
import { ICMPV4 } from './icmpv4.ts';
import { ICMPV6 } from './icmpv6.ts';

const LABEL = 0x0303_9101;
const V4 = { dialect: ICMPV4, pseudoHeaderSum: 0 };

describe('an error without labels', () => {
  test('has its quote as it is, however short', () => {
    const quote = Uint8Array.of(1, 2, 3);
    const error = { type: 3, code: 4, parameter: 1280, quote };
    const bytes = new Uint8Array(11);
    expect(writeIcmpError(bytes, 0, error, V4)).toBe(11);
    expect(decodeIcmp(bytes, 0)).toEqual({ type: 3, code: 4, parameter: 1280, body: quote });
  });
});

describe('an error with labels pads and measures its quote', () => {
  test.each([
    { dialect: ICMPV4, quoteBytes: 28, paddedBytes: 128, parameter: 32 << 16 },
    { dialect: ICMPV4, quoteBytes: 129, paddedBytes: 132, parameter: 33 << 16 },
    { dialect: ICMPV6, quoteBytes: 48, paddedBytes: 128, parameter: 16 << 24 },
    { dialect: ICMPV6, quoteBytes: 129, paddedBytes: 136, parameter: 17 << 24 },
  ])('from $quoteBytes to $paddedBytes bytes', (row) => {
    const { dialect, quoteBytes, paddedBytes, parameter } = row;
    const quote = new Uint8Array(quoteBytes).fill(0xee);
    const error = { type: dialect.timeExceeded, code: 0, quote, mpls: [LABEL, LABEL] };
    const bytes = new Uint8Array(icmpErrorBytes(error, dialect)).fill(0xaa);
    expect(writeIcmpError(bytes, 0, error, { dialect, pseudoHeaderSum: 0 })).toBe(bytes.length);
    expect(bytes.length).toBe(ICMP_HEADER_BYTES + paddedBytes + 16);
    expect(decodeIcmp(bytes, 0)).toMatchObject({ parameter });
    const padding = bytes.slice(ICMP_HEADER_BYTES + quoteBytes, ICMP_HEADER_BYTES + paddedBytes);
    expect(padding).toEqual(new Uint8Array(padding.length));
  });
});

describe('writeIcmpError refuses', () => {
  test.each<{ shows: string; room: number; error: IcmpError }>([
    {
      shows: 'an arena that is too short',
      room: 35,
      error: { type: 11, code: 0, quote: new Uint8Array(28) },
    },
    {
      shows: 'to extend a quote longer than 255 words',
      room: 2000,
      error: { type: 11, code: 0, quote: new Uint8Array(1021), mpls: [LABEL] },
    },
    {
      shows: 'labels in a redirect',
      room: 2000,
      error: { type: 5, code: 0, quote: new Uint8Array(28), mpls: [LABEL] },
    },
  ])('$shows', ({ room, error }) => {
    expect(() => writeIcmpError(new Uint8Array(room), 0, error, V4)).toThrow(RangeError);
  });
});
