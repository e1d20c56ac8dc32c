/** A graph below the sentence that it shows, as one SVG document, whole in itself. */

import { keptPrintable } from '../../lib/printable.ts';
import { wrap } from '../wrap.ts';
import { DARK, LIGHT, type Palette, SANS } from './graph-palette.ts';
import { type GraphDrawing, graphStyle } from './svg-graph.ts';
import { escaped, short } from './svg-markup.ts';

/** What a page shows. */
export interface SvgPage {
  /** Text from the network is escaped in it. */
  readonly sentence: string;
  readonly drawing: GraphDrawing;
  /** What its levels look like; left out where nobody asked. */
  readonly legend?: SvgLegend;
}

/** What stands below the graph. */
export interface SvgLegend {
  /** @param width that it may take, in pixels */
  draw(width: number): { readonly markup: string; readonly height: number };
  /** Style that is the same in both palettes. */
  readonly style: string;
  readonly colors: (palette: Palette) => string;
}

const WIDTH_MIN = 760;
/** Sentences are not set wider. */
const SENTENCE_WIDTH_MAX = 1200;
const MARGIN = 20;
const HEADLINE = { size: 16, line: 23, column: 9.4 };
const ABOVE_LEGEND = 18;

/** The document, which ends with a newline. */
export function svgPage({ sentence, drawing, legend }: SvgPage): string {
  const width = Math.max(WIDTH_MIN, drawing.width + 2 * MARGIN);
  const columns = Math.floor((Math.min(width, SENTENCE_WIDTH_MAX) - 2 * MARGIN) / HEADLINE.column);
  const headline = wrap(keptPrintable(sentence), { width: columns });
  const graphTop = MARGIN + headline.length * HEADLINE.line + 10;
  const graphBottom = graphTop + drawing.height;
  const below = legend?.draw(width - 2 * MARGIN);
  const legendTop = graphBottom + ABOVE_LEGEND;
  const bottom = below === undefined ? graphBottom : legendTop + below.height;
  const height = Math.ceil(bottom + MARGIN);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="sentence">`,
    `<title id="sentence">${escaped(sentence)}</title>`,
    `<style>${styleOf(legend)}</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    ...headline.map(
      (line, i) =>
        `<text class="sentence" x="${MARGIN}" y="${MARGIN + 14 + i * HEADLINE.line}">` +
        `${escaped(line)}</text>`,
    ),
    `<g class="graph" transform="translate(${short((width - drawing.width) / 2)} ${graphTop})">`,
    drawing.markup,
    '</g>',
    ...(below === undefined
      ? []
      : [
          `<g class="graph legend" transform="translate(${MARGIN} ${legendTop})">`,
          below.markup,
          '</g>',
        ]),
    '</svg>',
  ].join('\n')}\n`;
}

function styleOf(legend: SvgLegend | undefined): string {
  const colors = (palette: Palette): string =>
    `.page{fill:${palette.page}}.sentence{fill:${palette.text}}${legend?.colors(palette) ?? ''}`;
  return (
    `${graphStyle('.graph')}.sentence{font:600 ${HEADLINE.size}px ${SANS}}${legend?.style ?? ''}` +
    `${colors(LIGHT)}@media screen and (prefers-color-scheme:dark){${colors(DARK)}}`
  );
}
