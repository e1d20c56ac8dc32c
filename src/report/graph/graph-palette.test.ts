import { expect, test } from 'vitest';
import { LEVELS } from './graph-levels.ts';
import { DARK, DASHES, LIGHT } from './graph-palette.ts';

const MODES = [
  { mode: 'light', palette: LIGHT },
  { mode: 'dark', palette: DARK },
];

test.each(MODES)('text can be read in the $mode mode', ({ palette }) => {
  for (const ground of [palette.page, palette.panel]) {
    for (const ink of [palette.text, palette.dim, palette.focus, palette.levels.lossy]) {
      expect(contrast(ink, ground), `${ink} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  }
  for (const [fill, ink] of palette.heat) {
    expect(contrast(ink, fill), `${ink} on ${fill}`).toBeGreaterThanOrEqual(4.5);
  }
});

test.each(MODES)('lines can be seen in the $mode mode', ({ palette }) => {
  for (const level of LEVELS) {
    expect(contrast(palette.levels[level], palette.panel), level).toBeGreaterThanOrEqual(3);
  }
});

test.each(MODES)('more loss is further from the ground in the $mode mode', ({ palette }) => {
  const steps = palette.heat.map(([fill]) => contrast(fill, palette.panel));
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
});

test('levels differ without any colour', () => {
  expect(new Set(LEVELS.map((level) => DASHES[level])).size).toBe(LEVELS.length);
});

/** Of WCAG 2.2: from 1 to 21. */
function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(color: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
