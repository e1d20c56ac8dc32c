/** The hops of a record as rows of a table: one for each interface, and for each silent place. */

import { asOriginText } from '../../model/as-origin.ts';
import type { HopInterface, IsolateRecord } from '../../model/isolate-record.ts';
import { SILENT, type StepNode, stepLayers } from '../path-steps.ts';
import { type Mark, SuspectMarks } from '../suspect-marks.ts';
import { counted } from '../wrap.ts';

export interface HopRow {
  readonly mark: Mark;
  /** `3c`: the third place at TTL 3. */
  readonly label: string;
  /** An address, `*` for nobody, or what a folded row stands for. */
  readonly place: string;
  /** Names, label stacks and roles; may be empty. */
  readonly notes: string;
  readonly flows: string;
  readonly probes: string;
  readonly answered: string;
  /** Labels at the next TTL; may be empty. */
  readonly next: string;
}

/** A TTL has at most this many rows; what has nothing wrong is folded into one row first. */
const ROWS_PER_TTL = 16;
const NAME_MAX = 60;
const RANGE_MIN = 3;

/** In the order of the table. */
export function hopRows(record: IsolateRecord): HopRow[] {
  const layers = stepLayers(record);
  const labels = labelled(layers);
  const marks = new SuspectMarks(record);
  const interfaces = new Map(
    record.hops.flatMap(({ ttl, interfaces: shown }) =>
      shown.map((each): [string, HopInterface] => [keyOf(ttl, each.address), each]),
    ),
  );
  const view: View = { record, labels, marks, interfaces };
  return layers.flatMap((layer) => layerRows(layer, view));
}

interface View {
  readonly record: IsolateRecord;
  readonly labels: ReadonlyMap<string, string>;
  readonly marks: SuspectMarks;
  readonly interfaces: ReadonlyMap<string, HopInterface>;
}

function keyOf(ttl: number, who: string): string {
  return `${ttl} ${who}`;
}

function labelled(layers: readonly StepNode[][]): Map<string, string> {
  const labels = new Map<string, string>();
  for (const layer of layers) {
    const answering = layer.filter(({ who }) => who !== SILENT).length;
    for (const [i, { ttl, who }] of layer.entries()) {
      const letter = who === SILENT ? SILENT : answering > 1 ? letters(i) : '';
      labels.set(keyOf(ttl, who), `${ttl}${letter}`);
    }
  }
  return labels;
}

function layerRows(layer: readonly StepNode[], view: View): HopRow[] {
  if (layer.length <= ROWS_PER_TTL) return layer.map((node) => rowOf(node, view));
  const worst = layer.toSorted((a, b) => weight(b, view) - weight(a, view));
  const shown = new Set(worst.slice(0, ROWS_PER_TTL - 1).filter((node) => weight(node, view) > 0));
  const folded = layer.filter((node) => !shown.has(node));
  return [
    ...layer.filter((node) => shown.has(node)).map((node) => rowOf(node, view)),
    foldedRow(folded, view, shown.size > 0),
  ];
}

/** How much a row has to tell; 0 for a place where nothing is wrong. */
function weight(node: StepNode, { marks }: View): number {
  const { who, ending, sent, received } = node;
  const isMarked =
    marks.ofNode(node) !== '' ||
    marks.isFarEnd(who) ||
    [...node.next.keys()].some((far) => marks.ofLink(who, far) !== '');
  const missing = sent === 0 ? 0 : 1 - received / sent;
  return (isMarked ? 4 : 0) + (ending > 0 ? 2 : 0) + missing;
}

function rowOf(node: StepNode, view: View): HopRow {
  const { labels, marks } = view;
  const { ttl, who, flows, sent, received, ending, next } = node;
  // The way to the first TTL has no row: where it leads to stands for it.
  const gapMark = ttl === view.record.minTtl && ttl > 1 ? marks.ofGap(who) : '';
  const ownMark = [marks.ofNode(node), gapMark].sort(bySeverity)[0] ?? '';
  const far = [...next.keys()].map((to) => ({
    label: labels.get(keyOf(ttl + 1, to)) ?? '',
    mark: marks.ofLink(who, to),
  }));
  const endMark = ending > 0 ? marks.ofLink(who, null) : '';
  const linkMark = [...far.map(({ mark }) => mark), endMark].sort(bySeverity)[0] ?? '';
  const end =
    ending === 0
      ? ''
      : `${counted(ending, 'flow')} ${ending === 1 ? 'ends' : 'end'} here${endMark}`;
  return {
    mark: ownMark === '' ? linkMark : ownMark,
    label: labels.get(keyOf(ttl, who)) ?? '',
    place: who,
    notes: notesOf(node, view),
    flows: `${flows}`,
    probes: ttl === 0 ? '' : `${sent}`,
    answered: ttl === 0 ? '' : share(received, sent),
    next: [arrow(far), end].filter((part) => part !== '').join(', '),
  };
}

function foldedRow(nodes: readonly StepNode[], { labels }: View, hasShown: boolean): HopRow {
  const [first] = nodes;
  const total = (key: 'flows' | 'sent' | 'received'): number =>
    nodes.reduce((sum, node) => sum + node[key], 0);
  const far = new Set(
    nodes.flatMap(({ ttl, next }) => [...next.keys()].map((to) => labels.get(keyOf(ttl + 1, to)))),
  );
  return {
    mark: '',
    label: `${first?.ttl ?? ''}…`,
    place: `${nodes.length} ${hasShown ? 'others' : 'interfaces'}`,
    notes: '',
    flows: `${total('flows')}`,
    probes: `${total('sent')}`,
    answered: share(total('received'), total('sent')),
    next: arrow([...far].map((label) => ({ label: label ?? '', mark: '' }))),
  };
}

function notesOf({ ttl, who }: StepNode, { record, interfaces }: View): string {
  if (ttl === 0) return record.readFrom === undefined ? '(this host)' : '(source)';
  if (who === SILENT) return '(nobody answers)';
  const { name = null, mpls = [], as = null } = interfaces.get(keyOf(ttl, who)) ?? {};
  const target = record.targets.find(({ address }) => address === who);
  const isTold = record.simulated === null || record.targets.length > 1;
  const asked = isTold && target?.name !== who ? (target?.name ?? '') : '';
  const names = [...new Set([clipped(name ?? asked), target === undefined ? '' : 'target'])];
  const shown = names.filter((text) => text !== '').join(', ');
  const labels = mpls.map((entry) => entry >>> 12).join(','); // RFC 3032 §2.1: the upper 20 bits
  const system = as === null ? '' : `[${clipped(asOriginText(as))}]`;
  return [shown === '' ? '' : `(${shown})`, system, labels === '' ? '' : `[MPLS ${labels}]`]
    .filter((part) => part !== '')
    .join(' ');
}

function clipped(name: string): string {
  return name.length > NAME_MAX ? `${name.slice(0, NAME_MAX - 1)}…` : name;
}

/** Never rounds up to 100 %, nor down to 0 %. */
function share(received: number, sent: number): string {
  if (sent === 0) return '–';
  if (received === sent) return '100 %';
  const tenths = Math.min(999, Math.round((1000 * received) / sent));
  return `${(Math.max(received === 0 ? 0 : 1, tenths) / 10).toFixed(1)} %`;
}

interface MarkedLabel {
  readonly label: string;
  readonly mark: Mark;
}

/** `→ 3a–3d 3f!`: marked ones and gaps break a range. */
function arrow(marked: readonly MarkedLabel[]): string {
  if (marked.length === 0) return '';
  const sorted = marked.toSorted((a, b) => compareLabels(a.label, b.label));
  const words: string[] = [];
  let run: string[] = [];
  const close = (): void => {
    const [first, last] = [run[0], run.at(-1)];
    words.push(...(run.length >= RANGE_MIN ? [`${first}–${last}`] : run));
    run = [];
  };
  for (const { label, mark } of sorted) {
    const before = run.at(-1);
    if (before === undefined || mark !== '' || !isNextLabel(before, label)) close();
    if (mark === '') run.push(label);
    else words.push(`${label}${mark}`);
  }
  close();
  return `→ ${words.join(' ')}`;
}

function compareLabels(a: string, b: string): number {
  const isSilent = Number(a.endsWith(SILENT)) - Number(b.endsWith(SILENT));
  return isSilent || a.length - b.length || (a < b ? -1 : 1);
}

function isNextLabel(before: string, label: string): boolean {
  const [letter, next] = [before, label].map((each) => each.replace(/^\d+/, ''));
  return letterIndex(letter ?? '') + 1 === letterIndex(next ?? '');
}

/** 0 → a, 25 → z, 26 → aa, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

function letterIndex(text: string): number {
  if (!/^[a-z]+$/.test(text)) return Number.NaN;
  return [...text].reduce((value, each) => 26 * value + each.charCodeAt(0) - 96, 0) - 1;
}

function bySeverity(a: Mark, b: Mark): number {
  const order = ['!', '?', ''];
  return order.indexOf(a) - order.indexOf(b);
}
