/**
 * The human report of an isolate record: the sentence first, then the evidence, the hops as a
 * compact graph, the paths, and what spoiled the measurement, if anything did.
 */

import type { IsolateRecord } from '../model/isolate-record.ts';
import type { Place, Suspect } from '../model/verdict.ts';
import { type Paint, plainPaint } from './paint.ts';
import { columns } from './columns.ts';

export interface TextOptions {
  /** Columns of the terminal. */
  readonly width: number;
  readonly paint?: Paint;
}

/** Lines end with a newline, the last one too. */
export function formatIsolateText(record: IsolateRecord, options: TextOptions): string {
  const { width, paint = plainPaint } = options;
  const graph = new HopGraph(record);
  const sections = [
    wrapped(headline(record), width).map((line) => paint.strong(line)),
    evidence(record).flatMap((line) => wrapped(line, width, '  ')),
    graph.lines(width, paint),
    [pathsLine(record)],
    spoilers(record).flatMap((line) => wrapped(line, width, '  ')),
    [costLine(record)],
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

function headline({ summary, partial }: IsolateRecord): string {
  return partial ? `${summary} (partial: interrupted)` : summary;
}

function evidence(record: IsolateRecord): string[] {
  const lines = record.suspects.flatMap((suspect) => suspectLines(record, suspect));
  for (const { where, why } of record.rejected) lines.push(`not a loss: ${where} ${why}`);
  for (const { near, far, why } of record.untestable) {
    lines.push(`not testable: ${near ?? '*'} → ${far ?? '*'} (${UNTESTABLE[why]})`);
  }
  return lines.length === 0 ? [] : ['Evidence', ...lines.map((line) => `  ${line}`)];
}

const UNTESTABLE = {
  silent: 'its far end never answers',
  limited: 'nothing behind it answers reliably',
  'unanswering-target': 'the target does not answer, so nothing shows what is lost behind the last hop',
};

function suspectLines({ flows, summary }: IsolateRecord, suspect: Suspect): string[] {
  const around = flows.length - suspect.flowsAcross;
  const lossyAround = flows.filter(({ lossy }) => lossy).length - suspect.flowsLossy;
  const lines = [
    `${placeName(suspect)}: ${suspect.flowsLossy} of the ${suspect.flowsAcross} flows across it lose packets, ` +
      `${Math.max(0, lossyAround)} of the ${around} around it do`,
  ];
  for (const rival of suspect.equivalents) {
    if (!summary.includes(placeName(rival))) lines.push(`fits just as well: ${placeName(rival)}`);
  }
  return lines;
}

function placeName({ kind, near, far, addresses }: Place): string {
  if (kind === 'link') return `${near ?? '*'} → ${far ?? '*'}`;
  return addresses.length === 0 ? 'a router that never answers' : `router ${addresses.join(' = ')}`;
}

function pathsLine({ paths }: IsolateRecord): string {
  return `Paths (found/lossy/broken)  ${paths.found}/${paths.lossy}/${paths.broken}`;
}

function spoilers({ measurement }: IsolateRecord): string[] {
  const { socketDrops, sendErrors, skippedPorts, notes, lateReplies, malformed } = measurement;
  const lines: string[] = [];
  const told = (count: number, what: string): void => {
    if (count > 0) lines.push(`  ${count} ${what}`);
  };
  told(socketDrops, 'replies dropped by our own kernel before they were read');
  told(sendErrors, 'probes refused by our own kernel, and tried again');
  told(lateReplies, 'replies later than their time-out');
  told(malformed, 'malformed packets');
  told(skippedPorts.length, `source ports in use were skipped: ${skippedPorts.join(', ')}`);
  lines.push(...notes.map((note) => `  ${note}`));
  return lines.length === 0 ? [] : ['Measurement', ...lines];
}

function costLine(record: IsolateRecord): string {
  const { probesSent, repliesReceived, durationMs, seed, flows, simulated } = record;
  const seconds = (durationMs / 1000).toFixed(1);
  const where = simulated === null ? '' : ` (simulated: ${simulated})`;
  return `${probesSent} probes, ${repliesReceived} replies, ${flows.length} flows, ${seconds} s, seed ${seed}${where}`;
}

/** The hops, each interface with a short label, its share of the flows, and where it leads to. */
class HopGraph {
  readonly #record: IsolateRecord;
  /** By TTL and address: `3c` is the third interface at TTL 3. */
  readonly #labels = new Map<string, string>();
  readonly #suspectLinks = new Set<string>();
  readonly #suspectNodes = new Set<string>();

  constructor(record: IsolateRecord) {
    this.#record = record;
    for (const { ttl, interfaces } of record.hops) {
      for (const [index, { address }] of interfaces.entries()) {
        this.#labels.set(`${ttl} ${address}`, `${ttl}${interfaces.length > 1 ? letters(index) : ''}`);
      }
    }
    for (const { kind, near, far, addresses } of record.suspects) {
      if (kind === 'node') for (const address of addresses) this.#suspectNodes.add(address);
      else for (const from of addresses.length > 0 ? addresses : [near]) this.#suspectLinks.add(`${from} ${far}`);
    }
  }

  lines(width: number, paint: Paint): string[] {
    const rows = this.#record.hops.flatMap(({ ttl, interfaces }) =>
      interfaces.map((shown) => this.#row(ttl, shown)),
    );
    if (rows.length === 0) return [];
    const head = ['hop', 'interface', 'flows', 'answered', ''];
    const [title = '', ...body] = columns([head, ...rows], {
      width,
      right: new Set([2, 3]),
      separator: '  ',
    });
    return [paint.dim(title), ...body.map((line) => (line.includes('!') ? paint.bad(line) : line))];
  }

  #row(ttl: number, shown: IsolateRecord['hops'][number]['interfaces'][number]): string[] {
    const { address, name, flows, sent, received, mpls } = shown;
    const isSuspect = this.#suspectNodes.has(address);
    const labels = mpls.map((entry) => entry >>> 12).join(',');
    const title = [address, name === null ? '' : `(${name})`, labels === '' ? '' : `[MPLS ${labels}]`];
    return [
      `${this.#labels.get(`${ttl} ${address}`) ?? ttl}${isSuspect ? ' !' : ''}`,
      title.filter((part) => part !== '').join(' '),
      `${flows}`,
      sent === 0 ? '–' : `${((100 * received) / sent).toFixed(1)} %`,
      this.#successors(ttl, address),
    ];
  }

  #successors(ttl: number, address: string): string {
    const links = this.#record.links.filter((link) => link.near === address && link.ttl === ttl + 1);
    const labels = links.map(({ far }) => {
      const mark = this.#suspectLinks.has(`${address} ${far}`) ? '!' : '';
      return `${this.#labels.get(`${ttl + 1} ${far}`) ?? '?'}${mark}`;
    });
    if (this.#suspectLinks.has(`${address} null`)) labels.push('?!');
    return labels.length === 0 ? '' : `→ ${labels.sort(byLabel).join(' ')}`;
  }
}

/** a, b, … z, aa, ab, … */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

function byLabel(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/** Breaks text at spaces so that no line is longer than `width`, further lines indented. */
function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `${indent}  ${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
