/**
 * The colours of the drawings, for light and for dark. A level is never told by its colour alone:
 * each has its own dashes.
 */

import { LEVELS, type Level } from './graph-levels.ts';

export interface Palette {
  readonly page: string;
  readonly panel: string;
  readonly text: string;
  readonly dim: string;
  readonly rule: string;
  readonly focus: string;
  readonly levels: Readonly<Record<Level, string>>;
  /** Cells of the heat map, from few probes missing to all, and the text on each. */
  readonly heat: readonly (readonly [fill: string, text: string])[];
}

/** The typeface of all that is no address. */
export const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif';

export const LIGHT: Palette = {
  page: '#fbfaf8',
  panel: '#ffffff',
  text: '#1c2127',
  dim: '#5c6570',
  rule: '#dcd9d3',
  focus: '#0b57d0',
  levels: { lossy: '#b8320a', possible: '#9a6a00', clear: '#3f78b0', unknown: '#85898f' },
  heat: [
    ['#fbe6d9', '#1c2127'],
    ['#f6bf9f', '#1c2127'],
    ['#e98a5b', '#1c2127'],
    ['#b8320a', '#ffffff'],
    ['#5c1500', '#ffffff'],
  ],
};

export const DARK: Palette = {
  page: '#12161b',
  panel: '#181d23',
  text: '#dde3ea',
  dim: '#98a3af',
  rule: '#313a44',
  focus: '#8ab4f8',
  levels: { lossy: '#ff8256', possible: '#e0b04a', clear: '#6aa5d9', unknown: '#7f8994' },
  heat: [
    ['#3a261d', '#f2dccf'],
    ['#6b3420', '#f7e3d8'],
    ['#a8481f', '#ffffff'],
    ['#ff8256', '#12161b'],
    ['#ffd2bf', '#12161b'],
  ],
};

/** As `stroke-dasharray`; empty for a line without gaps. */
export const DASHES: Readonly<Record<Level, string>> = {
  lossy: '14 4',
  possible: '6 4',
  clear: '',
  unknown: '1.5 4',
};

/** Custom properties for one palette, as declarations. */
function paletteProperties(palette: Palette): string {
  const { page, panel, text, dim, rule, focus, levels, heat } = palette;
  const fixed = { page, panel, text, dim, rule, focus };
  return [
    ...Object.entries(fixed).map(([name, color]) => `--${name}:${color}`),
    ...LEVELS.map((level) => `--${level}:${levels[level]}`),
    ...heat.flatMap(([fill, ink], i) => [`--heat-${i + 1}:${fill}`, `--ink-${i + 1}:${ink}`]),
  ].join(';');
}

/** The begin of a style sheet: dark where the reader prefers it, light else and on paper. */
export function paletteStyle(selector: string): string {
  return (
    `${selector}{color-scheme:light dark;${paletteProperties(LIGHT)}}` +
    `@media screen and (prefers-color-scheme:dark){${selector}{${paletteProperties(DARK)}}}`
  );
}
