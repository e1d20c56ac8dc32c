/**
 * The flows of a record as the places of a drawing and the edges between them: unlike the table of
 * hops, it tells silent places behind different routers apart, has each target once, and shows
 * where flows end.
 */

import type { FlowRecord, IsolateRecord } from '../../model/isolate-record.ts';
import { compareAddresses, endsEarly, SILENT, stepsOf } from '../path-steps.ts';

export type PlaceRole = 'source' | 'router' | 'silent' | 'target' | 'end';

export interface GraphPlace {
  /** Unique, and the same whichever flows lead here. */
  readonly key: string;
  readonly role: PlaceRole;
  /** The highest one for a target, which paths of different lengths may lead to. */
  readonly ttl: number;
  /** An address; `SILENT` for nobody. */
  readonly who: string;
  /** Indexes of the flows that pass here, ascending. */
  readonly flows: readonly number[];
  readonly sent: number;
  readonly received: number;
}

export interface GraphHop {
  /** Indexes of places. */
  readonly from: number;
  readonly to: number;
  /** Where the probes that reached the far end expired. */
  readonly ttl: number;
  /** Whether nothing was sent to a TTL in between, which may hide routers. */
  readonly isGap: boolean;
  readonly flows: readonly number[];
  /** Probes of these flows to the far end or behind it, and how many of them were answered. */
  readonly sent: number;
  readonly received: number;
}

export interface PathGraph {
  /** By TTL, then by address. */
  readonly places: readonly GraphPlace[];
  readonly hops: readonly GraphHop[];
  /** For each flow of the record, in order: the indexes of the places and hops that it passes. */
  readonly walks: readonly {
    readonly places: readonly number[];
    readonly hops: readonly number[];
  }[];
}

/** The order of the flows changes only the numbers of the flows in it. */
export function pathGraph(record: IsolateRecord): PathGraph {
  const places = new Map<string, Mutable<GraphPlace>>();
  const hops = new Map<string, MutableHop>();
  const walks = record.flows.map((flow, index) => {
    const stops = stopsOf(flow, record);
    for (const stop of stops) {
      const place = places.get(stop.key) ?? { ...stop, flows: [], sent: 0, received: 0 };
      places.set(stop.key, place);
      place.ttl = Math.max(place.ttl, stop.ttl);
      place.flows.push(index);
      place.sent += flow.sent[stop.ttl - record.minTtl] ?? 0;
      place.received += flow.received[stop.ttl - record.minTtl] ?? 0;
    }
    const steps = stops.slice(1).map((far, i) => hopBetween(stops[i] ?? far, far));
    for (const step of steps) {
      const hop = hops.get(step.key) ?? { ...step, flows: [], sent: 0, received: 0 };
      hops.set(step.key, hop);
      hop.flows.push(index);
      hop.sent += sumFrom(flow.sent, step.ttl - record.minTtl);
      hop.received += sumFrom(flow.received, step.ttl - record.minTtl);
    }
    return { places: stops.map(({ key }) => key), hops: steps.map(({ key }) => key) };
  });
  return numbered(places, hops, walks);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly number[] ? number[] : T[K] };

interface Stop {
  readonly key: string;
  readonly role: PlaceRole;
  readonly ttl: number;
  readonly who: string;
}

interface Step {
  readonly key: string;
  readonly from: string;
  readonly to: string;
  readonly ttl: number;
  readonly isGap: boolean;
}

interface MutableHop extends Step {
  readonly flows: number[];
  sent: number;
  received: number;
}

/** Where a flow passes; a silent place is known by who answered last before it. */
function stopsOf(flow: FlowRecord, record: IsolateRecord): Stop[] {
  const target = record.targets[flow.target]?.address;
  const steps = stepsOf(flow, record);
  const last = steps.length - 1;
  let answered = '';
  const stops = steps.map(({ ttl, who }, i): Stop => {
    if (who === SILENT) return { key: `${ttl} * ${answered}`, role: 'silent', ttl, who };
    answered = who;
    if (i === last && who === target && ttl > 0) {
      return { key: `target ${who}`, role: 'target', ttl, who };
    }
    return { key: `${ttl} ${who}`, role: ttl === 0 ? 'source' : 'router', ttl, who };
  });
  if (!endsEarly(flow, record)) return stops;
  const ttl = (stops[last]?.ttl ?? record.minTtl - 1) + 1;
  return [...stops, { key: `${ttl} end ${answered}`, role: 'end', ttl, who: SILENT }];
}

function hopBetween(near: Stop, far: Stop): Step {
  const { key: from } = near;
  const { key: to, ttl } = far;
  return { key: `${from} → ${to}`, from, to, ttl, isGap: ttl > near.ttl + 1 };
}

function sumFrom(counts: readonly number[], start: number): number {
  return counts.slice(Math.max(0, start)).reduce((sum, count) => sum + count, 0);
}

interface KeyedWalk {
  readonly places: readonly string[];
  readonly hops: readonly string[];
}

function numbered(
  places: ReadonlyMap<string, Mutable<GraphPlace>>,
  hops: ReadonlyMap<string, MutableHop>,
  walks: readonly KeyedWalk[],
): PathGraph {
  const sorted = [...places.values()].sort(comparePlaces);
  const placeAt = indexesOf(sorted.map(({ key }) => key));
  const joined = [...hops.values()]
    .map(({ key, from, to, ...hop }) => ({
      key,
      hop: { ...hop, from: placeAt.get(from) ?? 0, to: placeAt.get(to) ?? 0 },
    }))
    .sort((a, b) => a.hop.from - b.hop.from || a.hop.to - b.hop.to);
  const hopAt = indexesOf(joined.map(({ key }) => key));
  return {
    places: sorted,
    hops: joined.map(({ hop }) => hop),
    walks: walks.map((walk) => ({
      places: walk.places.map((key) => placeAt.get(key) ?? 0),
      hops: walk.hops.map((key) => hopAt.get(key) ?? 0),
    })),
  };
}

function comparePlaces(a: GraphPlace, b: GraphPlace): number {
  return a.ttl - b.ttl || compareAddresses(a.who, b.who) || (a.key < b.key ? -1 : 1);
}

function indexesOf(keys: readonly string[]): Map<string, number> {
  return new Map(keys.map((key, i) => [key, i]));
}
