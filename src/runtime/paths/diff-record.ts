/** Compares two files of paths, and writes the record of what differs. */

import {
  diffPathSets,
  type LoneLink,
  type PathDiff,
} from '../../algorithms/path-diff/path-diff.ts';
import { type PathSet, type SetLink, SOURCE_KEY } from '../../algorithms/path-diff/path-set.ts';
import type {
  DiffLink,
  DiffLoneLink,
  DiffRecord,
  DiffShiftedPlace,
  DiffSide,
} from '../../model/diff-record.ts';
import { VERSION } from '../version.ts';
import { type PathSetFile, PathSetFileError } from './path-set-file.ts';

export interface DiffOptions {
  /** The probability of naming any difference where there is none, within (0, 1). */
  readonly falseAlarms: number;
  /** Milliseconds by which a median round trip must differ, from 0 on. */
  readonly slowerByMs: number;
}

/**
 * Compares `a`, the earlier one, with `b`.
 *
 * @throws {PathSetFileError} FILES_DIFFER, when they are of two targets
 */
export function diffRecordOf(a: PathSetFile, b: PathSetFile, options: DiffOptions): DiffRecord {
  if (a.target !== b.target) {
    const targets = `${a.file} is of ${a.target}, ${b.file} of ${b.target}`;
    const message = `${targets}: there is nothing to compare`;
    throw new PathSetFileError('FILES_DIFFER', message);
  }
  const diff = diffPathSets({ a: a.set, b: b.set }, options);
  const sets = { a: a.set, b: b.set };
  const lone = diff.lone.map((each) => ({ ...each, record: loneLinkOf(each, sets[each.side]) }));
  const sure = lone.filter(({ isSignificant }) => isSignificant);
  const shifted = diff.shifted.map(shiftedOf);
  const facts = {
    schema: 'fantrace.diff/1',
    version: VERSION,
    target: a.target,
    a: sideOf(a, b),
    b: sideOf(b, a),
    verdict: diff.verdict,
    falseAlarms: options.falseAlarms,
    added: sure.filter(({ side }) => side === 'b').map(({ record }) => record),
    removed: sure.filter(({ side }) => side === 'a').map(({ record }) => record),
    reweighted: diff.reweighted.map(({ link, shares, probability }) => ({
      ...linkOf(link, b.set),
      shares,
      probability,
    })),
    slower: shifted.filter(({ roundTripsMs: [before, after] }) => after > before),
    faster: shifted.filter(({ roundTripsMs: [before, after] }) => after < before),
    unsure: lone
      .filter(({ isSignificant }) => !isSignificant)
      .map(({ side, record }) => ({ ...record, onlyIn: side })),
    notes: notesOn(a, b),
  } as const;
  return { ...facts, summary: summaryOf(facts) };
}

function sideOf(own: PathSetFile, other: PathSetFile): DiffSide {
  const { file, startedAt, source, protocol, stopReason, set } = own;
  const links = [...set.links.values()].filter(
    ({ near }) => near !== SOURCE_KEY || tellsFirstLinks(other),
  );
  return { file, startedAt, source, protocol, links: links.length, stopReason };
}

/** Scamper does not list the way to the first routers: where one is silent of it, both are. */
function tellsFirstLinks({ set }: PathSetFile): boolean {
  return set.links.size === 0 || set.observed.has(SOURCE_KEY);
}

function linkOf({ near, far, end, silentHops }: SetLink, { places }: PathSet): DiffLink {
  const place = places.get(near);
  return {
    near: place?.text ?? near,
    far: far === null ? null : (places.get(far)?.text ?? far),
    end,
    silentHops,
    ttl: place?.ttl ?? 0,
  };
}

function loneLinkOf({ link, ...lone }: LoneLink, set: PathSet): DiffLoneLink {
  return {
    ...linkOf(link, set),
    flows: link.flows,
    share: link.share,
    flowsOpposite: lone.flowsOpposite,
    missProbability: lone.isImplied ? null : lone.missProbability,
  };
}

function shiftedOf({
  place,
  near,
  roundTripsMs,
  probability,
}: PathDiff['shifted'][number]): DiffShiftedPlace {
  const { text: address, ttl } = place;
  return { near: near?.text ?? null, address, ttl, roundTripsMs, probability };
}

function notesOn(a: PathSetFile, b: PathSetFile): string[] {
  const differing = (['source', 'protocol', 'flowField'] as const).filter(
    (key) => a[key] !== b[key],
  );
  const words = { source: 'source', protocol: 'protocol', flowField: 'flow field' } as const;
  const isSilent = tellsFirstLinks(a) !== tellsFirstLinks(b);
  return [
    ...(isSilent ? ['links from the source are left out: files of scamper do not list them'] : []),
    ...differing.map(
      (key) => `the ${words[key]} is ${a[key]} in the one and ${b[key]} in the other`,
    ),
    ...[a, b].flatMap(({ file, stopReason, set }) => {
      if (set.isComplete) return [];
      const why = stopReason ?? 'a limit, or no answers';
      return [`the search in ${file} ended before it was sure (${why})`];
    }),
  ];
}

function summaryOf(record: Omit<DiffRecord, 'summary'>): string {
  const { target, verdict, added, removed, reweighted, slower, faster, unsure } = record;
  const counts = [
    [removed.length, 'removed'],
    [added.length, 'added'],
    [reweighted.length, 're-weighted'],
  ] as const;
  const links = counts.flatMap(([count, what]) => (count === 0 ? [] : [`${count} ${what}`]));
  const shifts = [
    [slower.length, 'slower'],
    [faster.length, 'faster'],
  ] as const;
  const places = shifts.flatMap(([count, what]) =>
    count === 0 ? [] : [`${count} place${count === 1 ? '' : 's'} ${what}`],
  );
  const doubt = unsure.length === 0 ? [] : [`${unsure.length} may have been missed`];
  const text = {
    same: 'the same set of paths',
    different: [links.length > 0 ? `links: ${links.join(', ')}` : '', ...places, ...doubt]
      .filter((part) => part !== '')
      .join('; '),
    unsure: unsureText(record),
  }[verdict];
  return `${target}: ${text}.`;
}

function unsureText({ unsure, a, b }: Omit<DiffRecord, 'summary'>): string {
  if (a.links === 0 || b.links === 0) return 'not sure: nothing was measured to compare';
  if (unsure.length === 0) return 'not sure: no difference, but a search ended before it was sure';
  const what = unsure.length === 1 ? '1 link is' : `${unsure.length} links are`;
  return `not sure: ${what} in one measurement only, which the other may have missed`;
}
