/** `--svg` and `--dot` of `fantrace paths`. */

import type { PathsRecord } from '../../model/paths-record.ts';
import { quoted } from '../graph/dot-text.ts';
import { graphDrawing, lineWidth } from '../graph/svg-graph.ts';
import { svgPage } from '../graph/svg-page.ts';
import { drawnPaths } from './paths-graph.ts';

/** One SVG document, which ends with a newline; text from the network is escaped in it. */
export function formatPathsSvg(record: PathsRecord): string {
  const drawing = graphDrawing(drawnPaths(record), { isInteractive: false });
  return svgPage({ sentence: record.summary, drawing });
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
