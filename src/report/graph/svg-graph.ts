/** Draws the graph of a record as SVG: boxes in columns by TTL, lines as wide as their flows. */

import { keptPrintable } from '../../lib/printable.ts';
import type { Suspect } from '../../model/verdict.ts';
import { type GraphLayout, layOutGraph, type Point } from './graph-layout.ts';
import type { DrawnGraph, DrawnHop, DrawnPlace } from './graph-levels.ts';
import { LEVELS, placeDescription, placeTitle } from './graph-levels.ts';
import { DARK, DASHES, LIGHT, type Palette } from './graph-palette.ts';
import { escaped, percent, short } from './svg-markup.ts';

export interface GraphDrawing {
  /** In pixels at the size that the text is made for. */
  readonly width: number;
  readonly height: number;
  /** What belongs inside an `svg` element; its styles are `graphStyle`. */
  readonly markup: string;
}

export interface DrawingOptions {
  /**
   * For a page with a script: every place and hop can be focused and has broad edges to hover, and
   * `data-i`, its number: that of the place, or that of the hop plus the count of places.
   */
  readonly isInteractive: boolean;
}

/** Of the lines that carry all flows; others have their share of it, but can always be seen. */
export const FULL_WIDTH = 14;
const LINE_WIDTH_MIN = 1;
/** Lines that are suspected are seen at once. */
const SUSPECT_WIDTH_MIN = 2.5;

const HEAD_HEIGHT = 26;
const MARGIN = 10;
const LINE_HEIGHT = 22;
const NOTE_HEIGHT = 13;
const LOSS_HEIGHT = 16;
const ADDRESS_COLUMN = 7.3;
const NOTE_COLUMN = 6.1;
const NOTE_MAX = 30;
const LABEL = { width: 104, height: 34 };
const HIT_WIDTH = 11;

/** The same graph is drawn the same, whatever the order of its flows was. */
export function graphDrawing(graph: DrawnGraph, { isInteractive }: DrawingOptions): GraphDrawing {
  const layout = layOutGraph({
    nodes: graph.places.map((place, i) => ({ id: `${i}`, layer: place.ttl, ...boxSize(place) })),
    edges: graph.hops.map((hop) => ({
      from: `${hop.from}`,
      to: `${hop.to}`,
      width: lineWidth(hop, graph),
      labelWidth: hop.labelled === undefined ? 0 : LABEL.width,
    })),
  });
  const drawn = { graph, layout, isInteractive };
  const weakestFirst = [...graph.hops.keys()].sort(
    (a, b) => severity(graph.hops[b]) - severity(graph.hops[a]) || a - b,
  );
  return {
    width: Math.ceil(layout.width + 2 * MARGIN),
    height: Math.ceil(layout.height + HEAD_HEIGHT + MARGIN),
    markup: [
      ...layout.layers.map(headMarkup),
      `<g transform="translate(${MARGIN} ${HEAD_HEIGHT})">`,
      ...weakestFirst.map((i) => hopMarkup(i, drawn)),
      ...graph.places.map((_, i) => placeMarkup(i, drawn)),
      ...graph.hops.map((_, i) => lossMarkup(i, drawn)),
      '</g>',
    ]
      .filter((part) => part !== '')
      .join('\n'),
  };
}

/** How wide the line of a hop is, in pixels. */
export function lineWidth(
  { flows, level }: Pick<DrawnHop, 'flows' | 'level'>,
  graph: { readonly flows: number },
): number {
  const isSuspect = level === 'lossy' || level === 'possible';
  const floor = isSuspect ? SUSPECT_WIDTH_MIN : LINE_WIDTH_MIN;
  return Math.max(floor, (FULL_WIDTH * flows.length) / Math.max(1, graph.flows));
}

/** Rules for the drawing below a selector, with dark ones for those who prefer it. */
export function graphStyle(selector: string): string {
  const within = (rules: readonly string[]): string =>
    rules.map((rule) => `${selector} ${rule}`).join('');
  const fixed = [
    `text{font:12px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`,
    '.note{font:10px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}',
    '.loss{font-weight:700}',
    'path{fill:none}',
    '.halo{stroke-linecap:round;opacity:.2}',
    '.hit{stroke:transparent;pointer-events:stroke}',
    ...LEVELS.map((level) => `.hop.${level} .line{stroke-dasharray:${DASHES[level] || 'none'}}`),
    '.box{stroke-width:1}',
    '.place.lossy .box{stroke-width:2.5}',
    `.place.possible .box{stroke-width:1.5;stroke-dasharray:${DASHES.possible}}`,
    `.place.unknown .box{stroke-dasharray:${DASHES.unknown}}`,
  ];
  return (
    within(fixed) +
    within(colorRules(LIGHT)) +
    `@media screen and (prefers-color-scheme:dark){${within(colorRules(DARK))}}`
  );
}

function colorRules({ panel, text, dim, levels }: Palette): string[] {
  return [
    `text{fill:${text}}`,
    `.note{fill:${dim}}`,
    `.loss{fill:${levels.lossy}}`,
    `.box{fill:${panel};stroke:${dim}}`,
    `.pill{fill:${panel};stroke:${levels.lossy}}`,
    `.halo{stroke:${levels.lossy}}`,
    ...LEVELS.map((level) => `.hop.${level} .line{stroke:${levels[level]}}`),
    `.place.lossy .box{stroke:${levels.lossy}}`,
    `.place.possible .box{stroke:${levels.possible}}`,
    `.place.unknown .box{stroke:${levels.unknown}}`,
  ];
}

interface Drawn extends DrawingOptions {
  readonly graph: DrawnGraph;
  readonly layout: GraphLayout;
}

function severity(hop: DrawnHop | undefined): number {
  const order = { lossy: 0, possible: 1, clear: 2, unknown: 3 };
  return hop === undefined ? 4 : order[hop.level];
}

function boxSize(place: DrawnPlace): { width: number; height: number } {
  const columns = Math.max(
    addressText(place).length * ADDRESS_COLUMN,
    noteText(place).length * NOTE_COLUMN,
    place.labelled === undefined ? 0 : lossLine(place.labelled).length * ADDRESS_COLUMN,
  );
  const notes = noteText(place) === '' ? 0 : NOTE_HEIGHT;
  const loss = place.labelled === undefined ? 0 : LOSS_HEIGHT;
  return { width: Math.ceil(columns + 16), height: LINE_HEIGHT + notes + loss };
}

function addressText(place: DrawnPlace): string {
  return keptPrintable(placeTitle(place));
}

function noteText({ notes }: DrawnPlace): string {
  const text = keptPrintable(notes);
  return text.length > NOTE_MAX ? `${text.slice(0, NOTE_MAX - 1)}…` : text;
}

/** Begins with the text that is shown, as those who speak to their computer read it from there. */
function placeLabel(place: DrawnPlace): string {
  const { notes, labelled, description } = place;
  const shown = noteText(place);
  const parts = [addressText(place), shown, labelled === undefined ? '' : lossLine(labelled)];
  const whole = shown === keptPrintable(notes) ? '' : `; ${notes}`;
  return `${parts.filter((part) => part !== '').join(' ')}${whole}; ${description}`;
}

function lossLine({ lossRatio }: Suspect): string {
  return `loses ${percent(lossRatio)}`;
}

function headMarkup({ layer, x, width }: GraphLayout['layers'][number]): string {
  const text = layer === 0 ? 'source' : `TTL ${layer}`;
  const middle = short(x + MARGIN + width / 2);
  return `<text class="note" text-anchor="middle" x="${middle}" y="14">${text}</text>`;
}

function hopMarkup(index: number, drawn: Drawn): string {
  const { graph, layout, isInteractive } = drawn;
  const hop = graph.hops[index];
  const points = layout.edges[index] ?? [];
  if (hop === undefined) return '';
  const d = curve(points);
  const width = lineWidth(hop, graph);
  const halo =
    hop.level === 'lossy'
      ? `<path class="halo" stroke-width="${short(width + 10)}" d="${d}"/>`
      : '';
  const hit = isInteractive
    ? `<path class="hit" stroke-width="${short(Math.max(HIT_WIDTH, width))}" d="${d}"/>`
    : '';
  return (
    `<g class="hop ${hop.level}"${handle(graph.places.length + index, hop.description, drawn)}>` +
    `${tooltip(hop.description, drawn)}${halo}${hit}` +
    `<path class="line" stroke-width="${short(width)}" d="${d}"/></g>`
  );
}

function placeMarkup(index: number, drawn: Drawn): string {
  const { graph, layout } = drawn;
  const place = graph.places[index];
  const box = layout.nodes[index];
  if (place === undefined || box === undefined) return '';
  const { x, y, width, height } = box;
  const notes = noteText(place);
  const middle = short(x + width / 2);
  const anchor = ' text-anchor="middle"';
  const lines = [
    `<text x="${middle}" y="${short(y + 15)}"${anchor}>${escaped(addressText(place))}</text>`,
    notes === ''
      ? ''
      : `<text class="note" x="${middle}" y="${short(y + 28)}"${anchor}>${escaped(notes)}</text>`,
    place.labelled === undefined
      ? ''
      : `<text class="loss"${anchor} x="${middle}" y="${short(y + height - 6)}">` +
        `${lossLine(place.labelled)}</text>`,
  ];
  return (
    `<g class="place ${place.role} ${place.level}"${handle(index, placeLabel(place), drawn)}>` +
    `${tooltip(placeDescription(place), drawn)}` +
    `<rect class="box" x="${short(x)}" y="${short(y)}" width="${short(width)}" ` +
    `height="${short(height)}" rx="4"/>${lines.filter((line) => line !== '').join(' ')}</g>`
  );
}

/** The label of a suspected hop, in the middle of its line. */
function lossMarkup(index: number, { graph, layout }: Drawn): string {
  const suspect = graph.hops[index]?.labelled;
  const points = layout.edges[index] ?? [];
  if (suspect === undefined) return '';
  const segment = Math.floor((points.length / 2 - 1) / 2);
  const [start, end] = [points[2 * segment], points[2 * segment + 1]];
  if (start === undefined || end === undefined) return '';
  const [x, y] = [(start.x + end.x) / 2, (start.y + end.y) / 2];
  const [low, high] = suspect.lossInterval;
  return (
    `<g class="label"><rect class="pill" x="${short(x - LABEL.width / 2)}" ` +
    `y="${short(y - LABEL.height / 2)}" width="${LABEL.width}" height="${LABEL.height}" rx="8"/>` +
    `<text class="loss" text-anchor="middle" x="${short(x)}" y="${short(y - 2)}">` +
    `${lossLine(suspect)}</text>` +
    `<text class="note" text-anchor="middle" x="${short(x)}" y="${short(y + 11)}">` +
    `${percent(low)} to ${percent(high)}` +
    `</text></g>`
  );
}

function handle(number: number, description: string, { isInteractive }: Drawn): string {
  if (!isInteractive) return '';
  return ` data-i="${number}" tabindex="-1" role="button" aria-label="${escaped(description)}"`;
}

/** A page with a script shows it in a better place. */
function tooltip(description: string, { isInteractive }: Drawn): string {
  return isInteractive ? '' : `<title>${escaped(description)}</title>`;
}

/** Level at every point, so that lines pass layers and meet boxes straight. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return '';
  let d = `M${short(first.x)} ${short(first.y)}`;
  let before = first;
  for (const point of rest) {
    const middle = short((before.x + point.x) / 2);
    d +=
      before.y === point.y
        ? `H${short(point.x)}`
        : `C${middle} ${short(before.y)} ${middle} ${short(point.y)} ` +
          `${short(point.x)} ${short(point.y)}`;
    before = point;
  }
  return d;
}
