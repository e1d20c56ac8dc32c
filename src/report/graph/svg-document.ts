/** `--svg`: the verdict sentence, the graph and its legend as one picture, whole in itself. */

import type { IsolateRecord } from '../../model/isolate-record.ts';
import { withProbedFlows } from '../suspect-paths.ts';
import { wrap } from '../wrap.ts';
import { drawnGraph } from './graph-levels.ts';
import { DARK, LIGHT } from './graph-palette.ts';
import { graphDrawing, graphStyle } from './svg-graph.ts';
import { legendEntries, WIDTH_TEXT } from './svg-legend.ts';
import { escaped, short, visible } from './svg-markup.ts';

const WIDTH_MIN = 760;
const MARGIN = 20;
const HEADLINE = { size: 16, line: 23, column: 9.4 };
const LEGEND = { line: 26, column: 6.2, sample: 44, gap: 24 };
const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif';

/** One SVG document, which ends with a newline; text from the network is escaped in it. */
export function formatIsolateSvg(record: IsolateRecord): string {
  const graph = drawnGraph(withProbedFlows(record));
  const drawing = graphDrawing(graph, { isInteractive: false });
  const width = Math.max(WIDTH_MIN, drawing.width + 2 * MARGIN);
  const columns = Math.floor((Math.min(width, 1200) - 2 * MARGIN) / HEADLINE.column);
  const sentence = record.partial ? `${record.summary} (partial: interrupted)` : record.summary;
  const headline = wrap(visible(sentence), { width: columns });
  const graphTop = MARGIN + headline.length * HEADLINE.line + 10;
  const graphLeft = (width - drawing.width) / 2;
  const legendTop = graphTop + drawing.height + 18;
  const legend = legendMarkup(width);
  const height = Math.ceil(legendTop + legend.height + MARGIN);
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="sentence">`,
    `<title id="sentence">${escaped(sentence)}</title>`,
    `<style>${documentStyle()}</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    ...headline.map(
      (line, i) =>
        `<text class="sentence" x="${MARGIN}" y="${MARGIN + 14 + i * HEADLINE.line}">` +
        `${escaped(line)}</text>`,
    ),
    `<g class="graph" transform="translate(${short(graphLeft)} ${graphTop})">`,
    drawing.markup,
    '</g>',
    `<g class="graph legend" transform="translate(${MARGIN} ${legendTop})">`,
    legend.markup,
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

function documentStyle(): string {
  const colors = ({ page, text, dim }: typeof LIGHT): string =>
    `.page{fill:${page}}.sentence{fill:${text}}.legend .entry{fill:${dim}}`;
  return (
    graphStyle('.graph') +
    `.sentence{font:600 ${HEADLINE.size}px ${SANS}}.legend .entry{font:12px ${SANS}}` +
    `${colors(LIGHT)}@media screen and (prefers-color-scheme:dark){${colors(DARK)}}`
  );
}

function legendMarkup(width: number): { markup: string; height: number } {
  let [x, row] = [0, 0];
  const parts = [...legendEntries(), { level: undefined, text: WIDTH_TEXT }].map(
    ({ level, text }) => {
      const taken = LEGEND.sample + 8 + text.length * LEGEND.column;
      if (x > 0 && x + taken > width - 2 * MARGIN) [x, row] = [0, row + 1];
      const [left, y] = [x, row * LEGEND.line + 12];
      x += taken + LEGEND.gap;
      return (
        (level === undefined ? wedge(left, y) : sample(level, left, y)) +
        `<text class="entry" x="${short(left + LEGEND.sample + 8)}" y="${y + 4}">` +
        `${escaped(text)}</text>`
      );
    },
  );
  return { markup: parts.join('\n'), height: (row + 1) * LEGEND.line };
}

function sample(level: string, x: number, y: number): string {
  const d = `M${short(x)} ${y}h${LEGEND.sample}`;
  return `<g class="hop ${level}"><path class="line" stroke-width="3" d="${d}"/></g>`;
}

function wedge(x: number, y: number): string {
  const lines = [1, 4, 8].map((width, i) => {
    const third = LEGEND.sample / 3;
    const d = `M${short(x + i * third)} ${y}h${short(third)}`;
    return `<path class="line" stroke-width="${width}" d="${d}"/>`;
  });
  return `<g class="hop clear">${lines.join('')}</g>`;
}
