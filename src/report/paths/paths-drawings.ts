/** `--svg` and `--dot` of `fantrace paths`. */

import type { PathsRecord } from '../../model/paths-record.ts';
import { DARK, LIGHT } from '../graph/graph-palette.ts';
import { graphDrawing, graphStyle, lineWidth } from '../graph/svg-graph.ts';
import { escaped, short, visible } from '../graph/svg-markup.ts';
import { wrap } from '../wrap.ts';
import { drawnPaths } from './paths-graph.ts';

const WIDTH_MIN = 760;
const MARGIN = 20;
const HEADLINE = { size: 16, line: 23, column: 9.4 };
const SANS = 'system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif';

/** One SVG document, which ends with a newline; text from the network is escaped in it. */
export function formatPathsSvg(record: PathsRecord): string {
  const drawing = graphDrawing(drawnPaths(record), { isInteractive: false });
  const width = Math.max(WIDTH_MIN, drawing.width + 2 * MARGIN);
  const columns = Math.floor((Math.min(width, 1200) - 2 * MARGIN) / HEADLINE.column);
  const headline = wrap(visible(record.summary), { width: columns });
  const top = MARGIN + headline.length * HEADLINE.line + 10;
  const height = Math.ceil(top + drawing.height + MARGIN);
  const colors = ({ page, text }: typeof LIGHT): string =>
    `.page{fill:${page}}.sentence{fill:${text}}`;
  const style =
    `${graphStyle('.graph')}.sentence{font:600 ${HEADLINE.size}px ${SANS}}` +
    `${colors(LIGHT)}@media screen and (prefers-color-scheme:dark){${colors(DARK)}}`;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="sentence">`,
    `<title id="sentence">${escaped(record.summary)}</title>`,
    `<style>${style}</style>`,
    '<rect class="page" width="100%" height="100%"/>',
    ...headline.map(
      (line, i) =>
        `<text class="sentence" x="${MARGIN}" y="${MARGIN + 14 + i * HEADLINE.line}">` +
        `${escaped(line)}</text>`,
    ),
    `<g class="graph" transform="translate(${short((width - drawing.width) / 2)} ${top})">`,
    drawing.markup,
    '</g>',
    '</svg>',
  ].join('\n')}\n`;
}

/** One digraph, which ends with a newline: places of one TTL share a rank. */
export function formatPathsDot(record: PathsRecord): string {
  const graph = drawnPaths(record);
  const ttls = [...new Set(graph.places.map(({ ttl }) => ttl))];
  const indexed = [...graph.places.entries()];
  return `${[
    'digraph fantrace {',
    '  rankdir=LR;',
    `  graph [label=${quoted(record.summary)}, labelloc=t, fontname="Helvetica"];`,
    '  node [shape=box, style="rounded", fontname="Courier", fontsize=11];',
    '  edge [arrowhead=none, fontname="Helvetica", fontsize=10];',
    ...ttls.map((ttl) => {
      const here = indexed.filter(([, place]) => place.ttl === ttl);
      const nodes = here.map(([i, { who, description, level }]) => {
        const style = level === 'clear' ? 'rounded' : 'rounded,dotted';
        return `n${i} [label=${quoted(who)}, tooltip=${quoted(description)}, style="${style}"];`;
      });
      return `  { rank=same; ${nodes.join(' ')} }`;
    }),
    ...graph.hops.map(
      (hop) =>
        `  n${hop.from} -> n${hop.to} [penwidth=${lineWidth(hop, graph).toFixed(2)}, ` +
        `edgetooltip=${quoted(hop.description)}];`,
    ),
    '}',
  ].join('\n')}\n`;
}

function quoted(text: string): string {
  const safe = visible(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
  return `"${safe.replaceAll('&', '&amp;')}"`;
}
