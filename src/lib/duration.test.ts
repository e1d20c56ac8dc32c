import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from './duration.ts';

describe('reading', () => {
  test.each([
    ['0', 0],
    ['250us', 250],
    ['200ms', 200_000],
    ['1.5s', 1_500_000],
    ['1m', 60_000_000],
    ['2h', 7_200_000_000],
    ['0ms', 0],
    ['0.4us', 0],
    ['1.0005ms', 1001],
  ])('%s is %i µs', (text, us) => {
    expect(parseDuration(text)).toBe(us);
  });

  const bad = [
    '',
    '5',
    'ms',
    '-1s',
    '+1s',
    '1e3s',
    '.5s',
    '1.s',
    '1 s',
    '1S',
    '1d',
    '0x1s',
    '1s1s',
  ];
  test.each([...bad, 'constructor', '1constructor', `${'9'.repeat(20)}s`, `${'9'.repeat(400)}s`])(
    '%j is no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  test('any text gives an exact number of microseconds or nothing', () => {
    const text = fc.oneof(fc.string(), fc.stringMatching(/^\d{1,18}(\.\d{1,3})?(us|ms|s|m|h)$/));
    fc.assert(
      fc.property(text, (sample) => {
        const us = parseDuration(sample) ?? 0;
        expect(Number.isSafeInteger(us) && us >= 0).toBe(true);
      }),
    );
  });
});

describe('writing', () => {
  test.each([
    [0, '0 µs'],
    [999, '999 µs'],
    [1000, '1 ms'],
    [12_345, '12.3 ms'],
    [999_499, '999 ms'],
    [999_500, '1 s'],
    [1_000_000, '1 s'],
    [61_000_000, '61 s'],
  ])('%i µs is %s', (us, text) => {
    expect(formatDuration(us)).toBe(text);
  });

  test('what is written is read back within three significant digits', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000_000), (us) => {
        const text = formatDuration(us).replace('µ', 'u').replace(' ', '');
        expect(Math.abs((parseDuration(text) ?? Number.NaN) - us)).toBeLessThanOrEqual(us * 0.005);
      }),
    );
  });
});
