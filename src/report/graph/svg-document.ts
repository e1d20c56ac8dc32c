/** `--svg`: the verdict sentence, the graph and its legend as one picture, whole in itself. */

import type { IsolateRecord } from '../../model/isolate-record.ts';
import { withProbedFlows } from '../suspect-paths.ts';
import { drawnGraph } from './graph-levels.ts';
import { SANS } from './graph-palette.ts';
import { graphDrawing } from './svg-graph.ts';
import { legendEntries, WIDTH_TEXT } from './svg-legend.ts';
import { escaped, short } from './svg-markup.ts';
import { svgPage } from './svg-page.ts';

const LEGEND = { line: 26, column: 6.2, sample: 44, gap: 24 };

/** One SVG document, which ends with a newline; text from the network is escaped in it. */
export function formatIsolateSvg(record: IsolateRecord): string {
  const graph = drawnGraph(withProbedFlows(record));
  return svgPage({
    sentence: record.partial ? `${record.summary} (partial: interrupted)` : record.summary,
    drawing: graphDrawing(graph, { isInteractive: false }),
    legend: {
      draw: legendMarkup,
      style: `.legend .entry{font:12px ${SANS}}`,
      colors: ({ dim }) => `.legend .entry{fill:${dim}}`,
    },
  });
}

function legendMarkup(width: number): { markup: string; height: number } {
  let [x, row] = [0, 0];
  const parts = [...legendEntries(), { level: undefined, text: WIDTH_TEXT }].map(
    ({ level, text }) => {
      const taken = LEGEND.sample + 8 + text.length * LEGEND.column;
      if (x > 0 && x + taken > width) [x, row] = [0, row + 1];
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
