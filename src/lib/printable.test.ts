import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keptPrintable, printable } from './printable.ts';

const ROWS: readonly { readonly shows: string; readonly text: string; readonly safe: string }[] = [
  { shows: 'plain text', text: 'core-1.example.net 5 %', safe: 'core-1.example.net 5 %' },
  { shows: 'letters of any script', text: 'größe 東京', safe: 'größe 東京' },
  { shows: 'an escape sequence', text: '\u001b[31mred', safe: '\\u{1b}[31mred' },
  { shows: 'an 8-bit control', text: '\u009b2J', safe: '\\u{9b}2J' },
  { shows: 'line ends and tabs', text: 'a\r\n\tb', safe: 'a\\u{d}\\u{a}\\u{9}b' },
  { shows: 'the line separators of Unicode', text: '\u2028\u2029', safe: '\\u{2028}\\u{2029}' },
  { shows: 'a change of direction', text: 'a\u202eb', safe: 'a\\u{202e}b' },
  {
    shows: 'what has no width',
    text: 'a\u200bb\u200d\ufeff',
    safe: 'a\\u{200b}b\\u{200d}\\u{feff}',
  },
  { shows: 'a space that is none', text: 'a\u00a0b\u3000', safe: 'a\\u{a0}b\\u{3000}' },
  { shows: 'half a character', text: '\ud800x', safe: '\\u{d800}x' },
  { shows: 'private use', text: '\ue000\u{f0000}', safe: '\\u{e000}\\u{f0000}' },
  {
    shows: 'a backslash, so that nobody can forge the rest',
    text: '\\u{1b}',
    safe: '\\u{5c}u{1b}',
  },
  { shows: 'an emoji', text: '🙂', safe: '🙂' },
];

describe('printable', () => {
  test.each(ROWS)('$shows', ({ text, safe }) => {
    expect(printable(text)).toBe(safe);
  });

  test('lets nothing through that a terminal might act on', () => {
    const anything = fc.string({ unit: 'binary', maxLength: 50 });
    fc.assert(
      fc.property(anything, (text) => {
        expect(printable(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u);
      }),
    );
  });

  test('makes different texts different', () => {
    const texts = fc.string({
      unit: fc.constantFrom('\\', 'u', '{', '}', '1', 'b', '\u001b', 'a'),
    });
    fc.assert(
      fc.property(texts, texts, (one, other) => {
        fc.pre(one !== other);
        expect(printable(one)).not.toBe(printable(other));
      }),
    );
  });
});

test('what was made printable once stays as it is, and nothing else gets through', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(keptPrintable(printable(text))).toBe(printable(text));
      expect(keptPrintable(text)).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
    }),
  );
});
