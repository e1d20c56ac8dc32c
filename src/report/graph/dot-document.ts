/** `--dot`: the graph of a record in the DOT language, for Graphviz to lay out. */

import { keptPrintable } from '../../lib/printable.ts';
import type { IsolateRecord } from '../../model/isolate-record.ts';
import { withProbedFlows } from '../suspect-paths.ts';
import { wrap } from '../wrap.ts';
import { quoted, quotedLeft, quotedLines } from './dot-text.ts';
import {
  type DrawnGraph,
  type DrawnHop,
  type DrawnPlace,
  drawnGraph,
  type Level,
  lossText,
  placeDescription,
  placeTitle,
} from './graph-levels.ts';
import { LIGHT } from './graph-palette.ts';
import { lineWidth } from './svg-graph.ts';

const STYLES: Readonly<Record<Level, string>> = {
  lossy: 'bold',
  possible: 'dashed',
  clear: 'solid',
  unknown: 'dotted',
};
const SENTENCE_COLUMNS = 90;

/** One digraph, which ends with a newline: nodes of one TTL share a rank. */
export function formatIsolateDot(record: IsolateRecord): string {
  const graph = drawnGraph(withProbedFlows(record));
  const ttls = [...new Set(graph.places.map(({ ttl }) => ttl))].sort((a, b) => a - b);
  const heads = ttls.map((ttl) => `ttl${ttl}`);
  return `${[
    'digraph fantrace {',
    '  rankdir=LR;',
    `  graph [label=${sentence(record)}, labelloc=t, labeljust=l, fontname="Helvetica"];`,
    '  node [shape=box, style="rounded,filled", fillcolor="white", ' +
      'fontname="Courier", fontsize=11];',
    '  edge [arrowhead=none, fontname="Helvetica", fontsize=10];',
    ...ttls.flatMap((ttl) => rankLines(ttl, graph)),
    ...(heads.length > 1 ? [`  ${heads.join(' -> ')} [style=invis];`] : []),
    ...graph.hops.map((hop) => `  ${edgeLine(hop, graph)}`),
    '}',
  ].join('\n')}\n`;
}

function sentence({ summary, partial }: IsolateRecord): string {
  const text = partial ? `${summary} (partial: interrupted)` : summary;
  return quotedLeft(wrap(keptPrintable(text), { width: SENTENCE_COLUMNS }));
}

function rankLines(ttl: number, { places }: DrawnGraph): string[] {
  const head = ttl === 0 ? 'source' : `TTL ${ttl}`;
  return [
    '  {',
    '    rank=same;',
    `    ttl${ttl} [label=${quoted(head)}, shape=plaintext, style="", ` +
      `fontname="Helvetica", fontcolor="${LIGHT.dim}"];`,
    ...[...places.entries()]
      .filter(([, place]) => place.ttl === ttl)
      .map(([i, place]) => `    ${nodeLine(i, place)}`),
    '  }',
  ];
}

function nodeLine(index: number, place: DrawnPlace): string {
  const { notes, level, labelled } = place;
  const lines = [
    placeTitle(place),
    ...(notes === '' ? [] : [notes]),
    ...(labelled === undefined ? [] : [`loses ${lossText(labelled)}`]),
  ];
  const color = level === 'clear' ? LIGHT.dim : LIGHT.levels[level];
  const style = level === 'clear' ? 'rounded,filled' : `rounded,filled,${STYLES[level]}`;
  return attributes(`n${index}`, {
    label: quotedLines(lines),
    color: `"${color}"`,
    style: `"${style}"`,
    tooltip: quoted(placeDescription(place)),
  });
}

function edgeLine(hop: DrawnHop, graph: DrawnGraph): string {
  const { from, to, level, labelled, description } = hop;
  const color = LIGHT.levels[level];
  return attributes(`n${from} -> n${to}`, {
    penwidth: lineWidth(hop, graph).toFixed(2),
    color: `"${color}"`,
    style: STYLES[level],
    edgetooltip: quoted(description),
    ...(labelled === undefined
      ? {}
      : { label: quoted(`loses ${lossText(labelled)}`), fontcolor: `"${color}"` }),
  });
}

/** Values are written as they are. */
function attributes(subject: string, values: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${value}`);
  return `${subject} [${pairs.join(', ')}];`;
}
