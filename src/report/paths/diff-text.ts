/** A comparison of paths as text: the answer in one sentence, then each difference and how sure. */

import type {
  DiffLink,
  DiffLoneLink,
  DiffRecord,
  DiffReweightedLink,
  DiffShiftedPlace,
} from '../../model/diff-record.ts';
import { type Paint, plainPaint } from '../paint.ts';
import { titled } from '../titled.ts';
import { counted, wrap } from '../wrap.ts';

/** The whole report, ending in a newline. */
export function formatDiffText(
  record: DiffRecord,
  { width, paint = plainPaint }: { readonly width: number; readonly paint?: Paint },
): string {
  const named = (title: string, lines: readonly string[]) => titled(title, lines, { width, paint });
  const sections = [
    wrap(record.summary, { width }).map((line) => paint.strong(line)),
    named('Removed', record.removed.map(loneText)),
    named('Added', record.added.map(loneText)),
    named('Re-weighted', record.reweighted.map(reweightedText)),
    named('Slower', record.slower.map(shiftedText)),
    named('Faster', record.faster.map(shiftedText)),
    named(
      'Not sure',
      record.unsure.map((link) => unsureText(link, record)),
    ),
    named('Mind', record.notes),
  ];
  const blocks = sections.filter((lines) => lines.length > 0).map((lines) => lines.join('\n'));
  return `${[...blocks, paint.dim(basisText(record))].join('\n\n')}\n`;
}

function linkText({ near, far, end, silentHops, ttl }: DiffLink): string {
  const ends = { silent: 'nobody answers', refused: 'paths are refused', loop: 'a loop' };
  const stars = '* → '.repeat(silentHops);
  const next = far ?? (end === null ? '?' : ends[end]);
  return `${near} → ${stars}${next} (TTL ${ttl + 1 + silentHops})`;
}

function loneText(link: DiffLoneLink): string {
  const { share, flows, flowsOpposite, missProbability } = link;
  const had = `${percent(share)} of the flows there, ${flows}`;
  if (missProbability === null) return `${linkText(link)}: ${had}; ${link.near} is in one only`;
  return (
    `${linkText(link)}: ${had}; ${counted(flowsOpposite, 'flow')} of the other measurement ` +
    `would have missed it with probability ${probability(missProbability)}`
  );
}

function unsureText(link: DiffRecord['unsure'][number], record: DiffRecord): string {
  return `only in ${record[link.onlyIn].file}: ${loneText(link)}`;
}

function reweightedText(link: DiffReweightedLink): string {
  const [before, after] = link.shares;
  const chance = `by chance with probability ${probability(link.probability)}`;
  return `${linkText(link)}: ${percent(before)} of the flows, now ${percent(after)}; ${chance}`;
}

function shiftedText({ address, near, ttl, ...rest }: DiffShiftedPlace): string {
  const [before, after] = rest.roundTripsMs;
  const from = near === null ? '' : `, not yet at ${near}`;
  const chance = `by chance with probability ${probability(rest.probability)}`;
  return `${address} (TTL ${ttl})${from}: median ${ms(before)} ms, now ${ms(after)} ms; ${chance}`;
}

function basisText({ a, b, falseAlarms }: DiffRecord): string {
  return (
    `${a.file}: ${counted(a.links, 'link')}, ${a.startedAt}; ` +
    `${b.file}: ${counted(b.links, 'link')}, ${b.startedAt}; ` +
    `false alarms: ${percent(falseAlarms)} at most`
  );
}

function percent(ratio: number): string {
  return `${Number((100 * ratio).toPrecision(2))} %`;
}

function probability(value: number): string {
  return value < 1e-9 ? 'below 1e-9' : String(Number(value.toPrecision(2)));
}

function ms(value: number): string {
  return String(Number(value.toPrecision(3)));
}
