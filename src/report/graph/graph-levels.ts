/** What the drawings say of each place and each hop: how sure it is that packets are lost there. */

import type { HopInterface, IsolateRecord } from '../../model/isolate-record.ts';
import type { Place, Suspect } from '../../model/verdict.ts';
import { SILENT } from '../path-steps.ts';
import { SuspectMarks } from '../suspect-marks.ts';
import { counted } from '../wrap.ts';
import { type GraphHop, type GraphPlace, type PathGraph, pathGraph } from './graph-places.ts';
import { percent, probabilityText } from './svg-markup.ts';

/**
 * `lossy`: loss as probable as was asked for. `possible`: less probable, or another place fits the
 * same evidence better or as well. `clear`: no loss seen, and a large one would have been.
 * `unknown`: too little was answered to say.
 */
export type Level = 'lossy' | 'possible' | 'clear' | 'unknown';

export const LEVELS: readonly Level[] = ['lossy', 'possible', 'clear', 'unknown'];

/** A hop is clear when loss of this ratio or more would have shown in its own answers. */
export const SHOWN_LOSS_RATIO = 0.2;

interface Drawn {
  readonly level: Level;
  /** The suspect that this is, once for each suspect, at its most travelled hop. */
  readonly labelled: Suspect | undefined;
  /** What is known of it: a hop with its ends, a place without its `placeTitle`. */
  readonly description: string;
}

export interface DrawnPlace extends GraphPlace, Drawn {
  /** Its name, its role and its MPLS labels; may be empty. */
  readonly notes: string;
}

export interface DrawnHop extends GraphHop, Drawn {
  readonly near: DrawnPlace;
  readonly far: DrawnPlace;
}

/** `PathGraph` with all that the drawings show of it. */
export interface DrawnGraph {
  readonly places: readonly DrawnPlace[];
  readonly hops: readonly DrawnHop[];
  readonly walks: PathGraph['walks'];
  readonly flows: number;
}

/** Reads a record as a graph to be drawn. */
export function drawnGraph(record: IsolateRecord): DrawnGraph {
  const graph = pathGraph(record);
  const marks = new SuspectMarks(record);
  const interfaces = new Map(
    record.hops.flatMap(({ ttl, interfaces: seen }) =>
      seen.map((each): [string, HopInterface] => [`${ttl} ${each.address}`, each]),
    ),
  );
  const view: View = { record, marks, interfaces, shown: new Set() };
  const places = graph.places.map((place) => drawnPlace(place, view));
  const byTravel = [...graph.hops.entries()].sort(
    ([i, a], [j, b]) => b.flows.length - a.flows.length || i - j,
  );
  const hops: DrawnHop[] = [];
  for (const [i, hop] of byTravel) {
    const [near, far] = [places[hop.from], places[hop.to]];
    if (near !== undefined && far !== undefined) hops[i] = drawnHop(hop, { near, far, view });
  }
  return { places, hops, walks: graph.walks, flows: record.flows.length };
}

/** `18.3 % (10.5 % to 28.3 %)`. */
export function lossText({ lossRatio, lossInterval: [low, high] }: Suspect): string {
  return `${percent(lossRatio)} (${percent(low)} to ${percent(high)})`;
}

/** An address, or what stands in its place. */
export function placeTitle({ role, who }: GraphPlace): string {
  if (role === 'silent') return 'silent';
  return role === 'end' ? 'no answer' : who;
}

/** A place with all that is known of it. */
export function placeDescription(place: DrawnPlace): string {
  const { notes, description } = place;
  return `${[placeTitle(place), notes].filter((part) => part !== '').join(' ')}; ${description}`;
}

interface View {
  readonly record: IsolateRecord;
  readonly marks: SuspectMarks;
  readonly interfaces: ReadonlyMap<string, HopInterface>;
  /** Suspects that have their label. */
  readonly shown: Set<Suspect>;
}

function drawnPlace(place: GraphPlace, view: View): DrawnPlace {
  const { record, marks, shown } = view;
  const { role, who, ttl, flows, sent, received } = place;
  const isReal = role === 'router' || role === 'target' || role === 'silent';
  // The way to the first TTL is not drawn: where it leads to stands for it.
  const gapMark = ttl === record.minTtl && ttl > 1 ? marks.ofGap(who) : '';
  const mark = isReal ? marks.ofNode({ ttl, who }) || gapMark : '';
  const suspect = record.suspects.find(
    (each) => mark === '!' && (isNode(each, place) || (gapMark !== '' && isBefore(each, who))),
  );
  const labelled = suspect !== undefined && !shown.has(suspect) ? suspect : undefined;
  if (labelled !== undefined) shown.add(labelled);
  const notes = notesOf(place, view);
  const parts = [
    role === 'source' ? '' : `TTL ${ttl}`,
    flowShare(flows.length, record),
    sent === 0 || role === 'end' ? '' : `${received} of ${counted(sent, 'probe')} answered`,
    remark(mark, suspect),
  ];
  const fallback: Level = role === 'silent' || role === 'end' ? 'unknown' : 'clear';
  return {
    ...place,
    labelled,
    notes,
    level: levelOf(mark, suspect, record) ?? fallback,
    description: parts.filter((part) => part !== '').join('; '),
  };
}

function drawnHop(
  hop: GraphHop,
  { near, far, view }: { near: DrawnPlace; far: DrawnPlace; view: View },
): DrawnHop {
  const { record, marks, shown } = view;
  const ends = { near: near.who, far: far.role === 'end' ? null : far.who };
  const mark = hop.isGap ? '' : marks.ofLink(ends.near, ends.far);
  const suspect = record.suspects.find((each) => mark === '!' && isLink(each, ends));
  const labelled = suspect !== undefined && !shown.has(suspect) ? suspect : undefined;
  if (labelled !== undefined) shown.add(labelled);
  const doubt = doubtOf(hop, { near, far, record });
  const parts = [
    `${near.who} → ${far.role === 'end' ? 'nobody' : far.who}`,
    hop.isGap ? `TTLs before ${hop.ttl} were not probed` : `TTL ${hop.ttl}`,
    flowShare(hop.flows.length, record),
    `${hop.received} of ${counted(hop.sent, 'probe')} answered from there on`,
    mark === '' ? doubt : remark(mark, suspect),
  ];
  return {
    ...hop,
    near,
    far,
    labelled,
    level: levelOf(mark, suspect, record) ?? (doubt === '' ? 'clear' : 'unknown'),
    description: parts.filter((part) => part !== '').join('; '),
  };
}

function flowShare(flows: number, record: IsolateRecord): string {
  return `${flows} of ${counted(record.flows.length, 'flow')}`;
}

function levelOf(
  mark: string,
  suspect: Suspect | undefined,
  { confidence }: IsolateRecord,
): Level | undefined {
  if (mark === '') return undefined;
  return suspect !== undefined && suspect.probability >= confidence ? 'lossy' : 'possible';
}

function remark(mark: string, suspect: Suspect | undefined): string {
  if (suspect === undefined) return mark === '' ? '' : 'fits the same evidence as the suspect';
  return `suspect: loses ${lossText(suspect)}, probability ${probabilityText(suspect.probability)}`;
}

/** Why nothing can be said of an unmarked hop; empty where something can. */
function doubtOf(
  { received, isGap }: GraphHop,
  { near, far, record }: { near: GraphPlace; far: GraphPlace; record: IsolateRecord },
): string {
  const [nearEnd, farEnd] = [near, far].map(({ who }) => (who === SILENT ? null : who));
  const isUntestable = record.untestable.some(
    (each) =>
      each.near === nearEnd && each.far === farEnd && !(nearEnd === null && farEnd === null),
  );
  if (isUntestable) return 'loss could not have been seen here';
  if (far.role === 'end') return 'nobody answers any more';
  if (near.who === SILENT || far.who === SILENT) return 'an end of it never answers';
  if (isGap) return 'routers in between may be missing';
  // Had it lost this much, that many answers in a row would be less likely than 1 - confidence.
  const hidden = (1 - SHOWN_LOSS_RATIO) ** received;
  return hidden > 1 - record.confidence ? 'too few answers to rule out a large loss' : '';
}

function isNode({ kind, addresses, ttl }: Suspect, place: GraphPlace): boolean {
  if (kind !== 'node') return false;
  return place.who === SILENT
    ? addresses.length === 0 && ttl === place.ttl
    : addresses.includes(place.who);
}

function isLink(
  { kind, near, far, addresses, beforeTtl }: Place,
  ends: { readonly near: string; readonly far: string | null },
): boolean {
  if (kind !== 'link' || beforeTtl !== undefined) return false;
  const isNear = (near ?? SILENT) === ends.near || addresses.includes(ends.near);
  return isNear && (far === ends.far || (far === null && ends.far === SILENT));
}

/** Whether a suspect is on the way to a place at the first TTL that was probed. */
function isBefore({ beforeTtl, far }: Place, who: string): boolean {
  return beforeTtl !== undefined && (far === null || far === who);
}

function notesOf({ role, who, ttl }: GraphPlace, { record, interfaces }: View): string {
  if (role === 'source') return record.readFrom === undefined ? 'this host' : 'source';
  if (role === 'end' || role === 'silent') return '';
  const { name = null, mpls = [], as = null } = interfaces.get(`${ttl} ${who}`) ?? {};
  const target = record.targets.find(({ address }) => address === who);
  const isTold = record.simulated === null || record.targets.length > 1;
  const asked = isTold && target?.name !== who ? (target?.name ?? '') : '';
  const labels = mpls.map((entry) => entry >>> 12).join(','); // RFC 3032 §2.1: the upper 20 bits
  const parts = [
    name ?? asked,
    role === 'target' ? 'target' : '',
    as === null ? '' : `AS${as.asn}`,
    labels === '' ? '' : `MPLS ${labels}`,
  ];
  return [...new Set(parts)].filter((part) => part !== '').join(', ');
}
