/** The places and links of a search, as its record has them. */

import type { Place, PlaceGraph } from '../../algorithms/multipath/places.ts';
import type { RouteGraph } from '../../algorithms/multipath/route-graph.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type {
  PathsAliases,
  PathsLink,
  PathsPlace,
  PathsRecord,
  RoundTrips,
} from '../../model/paths-record.ts';
import { decodeMplsEntry } from '../../wire/icmp-extension.ts';
import type { PathsNetwork } from './paths-network.ts';
import type { CompletePathsOptions } from './paths-options.ts';
import type { FinishedSearch } from './paths-station.ts';

/** What a record is made of. */
export interface PathsParts extends FinishedSearch {
  readonly targetName: string;
  readonly simulated: string | null;
  readonly options: CompletePathsOptions;
  readonly network: PathsNetwork;
  readonly addresses: AddressBook;
  readonly startedAt: Date;
  /** Null unless asked for. */
  readonly aliases: PathsAliases | null;
}

/** A search as it is written down: the graph, and what is known of each place. */
export interface PathsView extends PathsParts {
  readonly graph: RouteGraph;
  readonly places: PlaceGraph;
  readonly perBalancer: number;
}

/** Every place, by TTL; their names are still to be put in. */
export function hopsOf(view: PathsView): PathsRecord['hops'] {
  const ttls = [...new Set(view.places.places.map(({ ttl }) => ttl))].sort((a, b) => a - b);
  return ttls.map((ttl) => {
    const here = view.places.places.filter((place) => place.ttl === ttl);
    return { ttl, places: here.map((place) => placeRecord(place, view)) };
  });
}

const ROUND_TRIPS_MAX = 64;
const KINDS = { source: 'source', interface: 'interface', star: 'silent', clump: 'clump' } as const;

function placeRecord(place: Place, { discovery, addresses, network }: PathsView): PathsPlace {
  const answers = place.flows.flatMap(
    (flow) => discovery.observations.cellAt(flow, place.ttl)?.answers ?? [],
  );
  const own = answers.filter(({ responder }) => place.members.includes(responder));
  const roundTripsMs = own.map(({ rttUs }) => rttUs / 1000);
  const texts =
    place.kind === 'source'
      ? [formatIpAddress(network.source)]
      : place.members.map((member) => addresses.textOf(member));
  return {
    id: idOf(place, addresses),
    kind: KINDS[place.kind],
    ttl: place.ttl,
    addresses: texts.map((address) => ({ address, name: null, as: null })),
    flows: place.flows.length,
    rttMs: roundTripsOf(roundTripsMs),
    roundTripsMs: sampled(roundTripsMs),
    mpls: (own.at(-1)?.mpls ?? []).map((entry) => decodeMplsEntry(entry).label),
    nat: own.some(({ details }) => details?.isTranslated === true),
    end: place.end,
  };
}

/** Every link, with the share of the flows that its near end sends over it. */
export function linksOf({ places, addresses, network, discovery }: PathsView): PathsLink[] {
  const shortest = new Map<Place, number>();
  for (const place of places.places) {
    let least = place.kind === 'source' ? 0 : Number.POSITIVE_INFINITY;
    for (const flow of place.flows) {
      for (const { responder, rttUs } of discovery.observations.cellAt(flow, place.ttl)?.answers ??
        []) {
        if (place.members.includes(responder)) least = Math.min(least, rttUs / 1000);
      }
    }
    shortest.set(place, least);
  }
  const totals = new Map<Place, number>();
  for (const { near, flows } of places.links) totals.set(near, flows + (totals.get(near) ?? 0));
  return places.links.map(({ near, far, flows }) => {
    const rttMs = (shortest.get(far) ?? Number.NaN) - (shortest.get(near) ?? Number.NaN);
    return {
      from: idOf(near, addresses),
      to: idOf(far, addresses),
      near: near.kind === 'source' ? formatIpAddress(network.source) : onlyAddress(near, addresses),
      far: onlyAddress(far, addresses),
      ttl: far.ttl,
      flows,
      share: flows / (totals.get(near) ?? flows),
      rttMs: Number.isFinite(rttMs) ? Math.round(1000 * rttMs) / 1000 : null,
    };
  });
}

/** The id of a place, with the address in the place of its index. */
export function idOf({ id, kind, ttl, members }: Place, addresses: AddressBook): string {
  const [only] = members;
  return kind === 'interface' && only !== undefined ? `${ttl}:${addresses.textOf(only)}` : id;
}

/** The address of an interface; null where it is none, or several. */
export function onlyAddress({ kind, members }: Place, addresses: AddressBook): string | null {
  const [only] = members;
  return kind === 'interface' && only !== undefined ? addresses.textOf(only) : null;
}

function sampled(values: readonly number[]): number[] {
  const count = Math.min(values.length, ROUND_TRIPS_MAX);
  return Array.from(
    { length: count },
    (_, i) => values[Math.floor((i * values.length) / count)] ?? 0,
  );
}

function roundTripsOf(values: number[]): RoundTrips | null {
  if (values.length === 0) return null;
  values.sort((a, b) => a - b);
  const at = (index: number): number => values[index] ?? 0;
  const middle = (at(Math.floor((values.length - 1) / 2)) + at(Math.floor(values.length / 2))) / 2;
  return { min: at(0), median: middle, max: at(values.length - 1) };
}
