/** `--html`: the whole report as one file that works without a network, and asks for nothing. */

import { createHash } from 'node:crypto';
import { keptPrintable } from '../../../lib/printable.ts';
import type { IsolateRecord } from '../../../model/isolate-record.ts';
import { drawnGraph, placeTitle } from '../../graph/graph-levels.ts';
import { graphDrawing } from '../../graph/svg-graph.ts';
import { legendEntries, WIDTH_TEXT } from '../../graph/svg-legend.ts';
import { escaped } from '../../graph/svg-markup.ts';
import { withProbedFlows } from '../../suspect-paths.ts';
import { counted } from '../../wrap.ts';
import { pathsText } from '../isolate-evidence.ts';
import { ownHostSentences } from '../spoilers.ts';
import { flowRows } from './flow-rows.ts';
import { PAGE_SCRIPT } from './page-script.ts';
import { pageSections } from './page-sections.ts';
import { pageStyle } from './page-style.ts';

const HINT =
  '<kbd>Tab</kbd> to the graph or the rows, arrow keys to walk, <kbd>Enter</kbd> to pin, ' +
  '<kbd>Esc</kbd> to let go';

/** One HTML document, which ends with a newline; text from the network is escaped in it. */
export function formatIsolateHtml(whole: IsolateRecord): string {
  const record = withProbedFlows(whole);
  const graph = drawnGraph(record);
  const drawing = graphDrawing(graph, { isInteractive: true });
  const rows = flowRows(record, graph);
  const style = pageStyle(drawing);
  const sentence = record.partial ? `${record.summary} (partial: interrupted)` : record.summary;
  const links = {
    paths: rows.paths,
    places: graph.places.map((place) => keptPrintable(placeTitle(place))),
    hops: graph.hops.map(({ from, to }) => [from, to]),
  };
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<title>${escaped(title(record))}</title>
<style>${style}</style>
</head>
<body class="${tone(record)}">
<header>
<h1>${unbroken(escaped(sentence))}</h1>
${ownHostSentences(record)
  .map((each) => `<p><strong>${escaped(each)}</strong></p>`)
  .join('')}
${factsMarkup(record)}
</header>
<main>
<div class="map" id="map">
<section id="graph" aria-labelledby="graph-title"><h2 id="graph-title">Paths by TTL</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Graph of the paths">
<svg class="graph" viewBox="0 0 ${drawing.width} ${drawing.height}" role="group"
aria-label="Graph of the paths, by TTL from left to right">
${drawing.markup}
</svg></div>
${legendMarkup()}
<output class="detail" id="detail">Point at a line, a box or a row to see what crosses it.</output>
<p class="hint">${HINT}</p></section>
<section id="flows" aria-labelledby="flows-title">
<h2 id="flows-title">Flows by path: probes answered</h2>
<div class="scroll" tabindex="0" role="region" aria-label="Flows by path">
${rows.markup}
</div></section>
</div>
<div class="below">
${pageSections(record)}
</div>
</main>
<script type="application/json" id="paths">${scriptJson(links)}</script>
<script>${PAGE_SCRIPT}</script>
</body>
</html>
`;
}

/** Nothing but this very style and this very script; no request of any kind. */
function contentPolicy(style: string): string {
  const own = (text: string): string =>
    `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return (
    `default-src 'none'; style-src ${own(style)}; script-src ${own(PAGE_SCRIPT)}; ` +
    `base-uri 'none'; form-action 'none'`
  );
}

/** As the content of a `script` element, which only a `<` could end. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', '\\u003c');
}

/** A number and its percent sign stay on one line. */
function unbroken(markup: string): string {
  return markup.replaceAll(/(?<=\d) %/g, '&nbsp;%');
}

function title({ targets }: IsolateRecord): string {
  return `fantrace isolate ${targets.map(({ name }) => name).join(', ')}`;
}

function tone({ verdict }: IsolateRecord): string {
  if (verdict === 'no-loss') return 'good';
  return verdict === 'inconclusive' || verdict === 'loss-suspected' ? 'unsure' : 'bad';
}

function factsMarkup(record: IsolateRecord): string {
  const { targets, flows, probesSent, startedAt } = record;
  const facts: readonly (readonly [name: string, text: string])[] = [
    [targets.length === 1 ? 'target' : 'targets', targets.map(targetText).join(', ')],
    ['paths', pathsText(record)],
    ['measured', `${counted(probesSent, 'probe')} on ${counted(flows.length, 'flow')}`],
    ['at', startedAt],
    ...(record.simulated === null ? [] : [['simulated', record.simulated] as const]),
  ];
  const items = facts.map(([name, text]) => `<div><dt>${name}</dt><dd>${escaped(text)}</dd></div>`);
  return `<dl class="facts">${items.join('')}</dl>`;
}

function targetText({ name, address, port }: IsolateRecord['targets'][number]): string {
  const at = port === null ? '' : ` port ${port}`;
  return name === address ? `${address}${at}` : `${name} (${address})${at}`;
}

function legendMarkup(): string {
  const line = (level: string, width: number): string =>
    '<svg class="graph" viewBox="0 0 40 12" aria-hidden="true">' +
    `<g class="hop ${level}"><path class="line" stroke-width="${width}" d="M0 6h40"/></g></svg>`;
  const items = legendEntries().map(
    ({ level, text }) => `<li>${line(level, 3)}${escaped(text)}</li>`,
  );
  return `<ul class="legend">${items.join('')}<li>${line('clear', 8)}${WIDTH_TEXT}</li></ul>`;
}
