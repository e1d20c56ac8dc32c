import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL_BYTES, readControlMessages } from './control-messages.ts';

/** Control messages as hex: length, level and type of the header, then the data and its padding. */
const TIMESTAMP = '2000000000000000 01000000 23000000 80e6c86700000000 3930000000000000';
const HOP_LIMIT = '1400000000000000 29000000 34000000 3f000000 00000000';
const DESTINATION = `2400000000000000 29000000 32000000 ${'fd'.repeat(16)} 02000000 00000000`;
const UNKNOWN = '1400000000000000 01000000 ff000000 01020304 00000000';

function read(hex: string): { realtimeUs: number; hopLimit: number; destinationOffset: number } {
  const bytes = Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
  const into = { realtimeUs: 7, hopLimit: 7, destinationOffset: 7 };
  readControlMessages(new DataView(bytes.buffer), { start: 0, end: bytes.length }, into);
  return into;
}

describe('readControlMessages', () => {
  it('reads all three, in any order, past unknown ones', () => {
    const realtimeUs = 0x67c8e680 * 1e6 + 12;
    expect(read(TIMESTAMP + HOP_LIMIT + DESTINATION)).toEqual({
      realtimeUs,
      hopLimit: 63,
      destinationOffset: 32 + 24 + 16,
    });
    expect(read(UNKNOWN + DESTINATION + TIMESTAMP)).toEqual({
      realtimeUs,
      hopLimit: -1,
      destinationOffset: 24 + 16,
    });
  });

  it('has room for exactly these', () => {
    expect((TIMESTAMP + HOP_LIMIT + DESTINATION).replaceAll(' ', '').length / 2).toBe(
      CONTROL_BYTES,
    );
  });

  it('says what the kernel did not tell', () => {
    expect(read('')).toEqual({ realtimeUs: 0, hopLimit: -1, destinationOffset: -1 });
  });

  it.each(['00'.repeat(16), `0f${'00'.repeat(15)}`, `ff${'00'.repeat(31)}`])(
    'stops at a length that cannot be: %s',
    (hex) => {
      expect(read(hex + HOP_LIMIT).hopLimit).toBe(-1);
    },
  );

  it('ends, and throws nothing, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        read(Buffer.from(bytes).toString('hex'));
      }),
    );
  });
});
