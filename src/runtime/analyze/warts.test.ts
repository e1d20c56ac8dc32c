import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TraceFileError } from './seen-traces.ts';
import { tracesIn } from './trace-formats.ts';
import { readWarts } from './warts.ts';

const golden = (name: string): Buffer =>
  readFileSync(new URL(`../../../test/goldens/scamper/${name}`, import.meta.url));
/** By TCP, by Paris echoes, and by UDP that asks on after an answer: scamper 20211212. */
const WARTS = golden('traces.warts');
const input = (bytes: Buffer) => ({ name: 'a file', bytes, isCut: false });

describe('warts', () => {
  test('tell the same as what sc_warts2json makes of them', () => {
    const { format, file } = tracesIn(input(WARTS));
    expect(format).toBe('warts');
    expect(file.traces).toHaveLength(3);
    expect(file).toEqual(tracesIn(input(golden('traces.jsonl'))).file);
  });

  test('of a tracelb are passed over, and that is said', () => {
    const tracelb = Buffer.from([0x12, 0x05, 0, 8, 0, 0, 0, 2, 1, 2]);
    expect(readWarts(tracelb)).toEqual({
      traces: [],
      notes: ['1 record of warts that is no trace was passed over'],
    });
  });

  test.each([
    { shows: 'cut in a record', bytes: WARTS.subarray(0, -1), says: /a record is cut short/ },
    { shows: 'cut in a header', bytes: WARTS.subarray(0, 5), says: /cut short \(offset 0\)/ },
    {
      shows: 'no record where one should be',
      bytes: Buffer.concat([WARTS, Buffer.alloc(8)]),
      says: `no record begins here (offset ${WARTS.length})`,
    },
    {
      shows: 'a trace that is nothing',
      bytes: Buffer.from([0x12, 0x05, 0, 6, 0, 0, 0, 1, 0]),
      says: 'a trace without ends or method (offset 9)',
    },
  ])('$shows: refused', ({ bytes, says }) => {
    expect(() => readWarts(bytes)).toThrow(TraceFileError);
    expect(() => readWarts(bytes)).toThrow(says);
  });

  test('that claims more probes than memory holds is refused', () => {
    // Addresses, a method, 255 hops and 255 attempts, and no hop that answers.
    const ends = [4, 1, 192, 0, 2, 1, 4, 1, 192, 0, 2, 2];
    const bits = [0x80, 0x80 | 0b10 | 0b1000, 0x80 | 0b10000, 0b110000];
    const body = Buffer.from([...bits, 0, 16, 255, 3, 0, 255, ...ends, 0, 0]);
    const record = Buffer.concat([Buffer.from([0x12, 0x05, 0, 6, 0, 0, 0, body.length]), body]);
    expect(readWarts(record).traces[0]?.probes).toHaveLength(255 * 255);
    const many = Buffer.concat(Array.from({ length: 70 }, () => record));
    expect(() => readWarts(many)).toThrow('it tells of more than 4000000 probes');
  });

  test('whose bytes anybody changed are read or refused, and nothing else', () => {
    const change = fc.record({ at: fc.nat(), byte: fc.integer({ min: 0, max: 255 }) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(WARTS);
        for (const { at, byte } of changes) bytes[at % bytes.length] = byte;
        try {
          readWarts(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(TraceFileError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
