import { describe, expect, it } from 'vitest';
import { reservePorts } from '../host/reserved-ports.ts';
import { openRawLink } from './raw-link.ts';

const V4 = Uint8Array.of(192, 0, 2, 1);
const V6 = new Uint8Array(16);

describe('openRawLink', () => {
  it.each([
    { family: 4, source: V4, destination: V6 },
    { family: 6, source: V4, destination: V6 },
  ] as const)('refuses an address of the other family', ({ family, source, destination }) => {
    const ports = { low: 40000, high: 40001 };
    expect(() => openRawLink({ family, source, destination, ports, onReadable: () => {} })).toThrow(
      RangeError,
    );
  });
});

describe('reservePorts', () => {
  it.each([
    { first: 0, count: 1 },
    { first: 65536, count: 1 },
    { first: 40000, count: 0 },
    { first: 40000, count: 1.5 },
  ])('refuses $count ports from $first', ({ first, count }) => {
    expect(() => reservePorts({ family: 4, first, count })).toThrow(RangeError);
  });
});
