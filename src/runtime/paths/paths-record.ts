/** Writes the record of a multipath search. */

import { diamondsOf } from '../../algorithms/multipath/diamonds.ts';
import { flowsNeeded } from '../../algorithms/multipath/mda.ts';
import { pathNumbers } from '../../algorithms/multipath/path-numbers.ts';
import {
  isMissedReply,
  type Place,
  type PlaceGraph,
  placesOf,
} from '../../algorithms/multipath/places.ts';
import {
  branchesOf,
  type RouteGraph,
  type Vertex,
} from '../../algorithms/multipath/route-graph.ts';
import { excludedShare, graphFailure } from '../../algorithms/multipath/stopping-point.ts';
import { familyOf, formatIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type {
  PathsAliases,
  PathsBalancer,
  PathsFlow,
  PathsLink,
  PathsPlace,
  PathsRecord,
  RoundTrips,
} from '../../model/paths-record.ts';
import { isWholeRung } from '../../model/trace-record.ts';
import { PAYLOAD_BYTES_MIN } from '../../probing/flow.ts';
import { decodeMplsEntry } from '../../wire/icmp-extension.ts';
import { VERSION } from '../version.ts';
import type { PathsNetwork } from './paths-network.ts';
import type { CompletePathsOptions } from './paths-options.ts';
import type { FinishedSearch } from './paths-station.ts';
import { pathsSummary } from './paths-summary.ts';

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
interface View extends PathsParts {
  readonly graph: RouteGraph;
  readonly places: PlaceGraph;
  readonly perBalancer: number;
}

/** The whole record; names are still to be put in. */
export function pathsRecordOf(parts: PathsParts): PathsRecord {
  const { discovery, options, network, counts, startedAtUs, endedAtUs } = parts;
  const { protocol, settings, flowField } = options;
  const graph = discovery.graph();
  const isFollowed = (star: Vertex): boolean => discovery.flowsLacking(star, graph) === 0;
  const places = placesOf(graph, discovery.observations, isFollowed);
  const perBalancer = discovery.failurePerBalancer(graph);
  const view: View = { ...parts, graph, places, perBalancer };
  const stopReason = discovery.end ?? 'aborted';
  const balancers = balancersOf(view);
  const facts = {
    schema: 'fantrace.paths/1',
    version: VERSION,
    startedAt: parts.startedAt.toISOString(),
    durationMs: (endedAtUs - startedAtUs) / 1000,
    partial: stopReason === 'aborted' || parts.aliases?.stopReason === 'aborted',
    stopReason,
    target: {
      name: printable(parts.targetName),
      address: formatIpAddress(network.destination),
      port: protocol === 'icmp' ? null : options.port,
    },
    source: formatIpAddress(network.source),
    family: familyOf(network.destination),
    protocol,
    rung: network.station.parts.rung,
    flowField,
    algorithm: settings.algorithm,
    confidence: 1 - settings.failureProbability,
    confidenceOf: settings.promisedFor,
    seed: options.seed,
    simulated: parts.simulated,
    maxTtl: settings.maxTtl,
    gapLimit: settings.gapLimit,
    maxProbes: settings.maxProbes,
    tos: options.tos,
    payloadBytes: PAYLOAD_BYTES_MIN[protocol],
    ...counts,
    reached: places.places.some(({ end }) => end === 'target'),
    paths: pathNumbers(places),
    excluded: excludedEverywhere(view),
    failureProbability: { perBalancer, graph: graphFailure(perBalancer, balancers.length) },
    hops: hopsOf(view),
    links: linksOf(view),
    balancers,
    diamonds: diamondRecords(view),
    unexplored: unexploredOf(view),
    changes: changesOf(view),
    flows: flowsOf(view),
    aliases: parts.aliases,
    measurement: { ...parts.spoils, notes: network.notes },
  } as const;
  return { ...facts, summary: pathsSummary(facts) };
}

/** The record with what is known of its addresses. */
export function namedPaths(
  record: PathsRecord,
  names: ReadonlyMap<string, string>,
  origins: ReadonlyMap<string, AsOrigin>,
): PathsRecord {
  const named = ({ address }: { readonly address: string }) => ({
    address,
    name: names.get(address) ?? null,
    as: origins.get(address) ?? null,
  });
  const hops = record.hops.map(({ ttl, places }) => ({
    ttl,
    places: places.map((place) => ({ ...place, addresses: place.addresses.map(named) })),
  }));
  return { ...record, hops };
}

function changesOf({ discovery, addresses }: View): PathsRecord['changes'] {
  return discovery.changes.map(({ flow, ttl, before, after }) => ({
    flow,
    ttl,
    before: addresses.textOf(before),
    after: addresses.textOf(after),
  }));
}

function diamondRecords({ places, addresses }: View): PathsRecord['diamonds'] {
  const id = (place: Place | null): string | null => place && idOf(place, addresses);
  return diamondsOf(places).map((diamond) => ({
    divergence: id(diamond.divergence),
    convergence: id(diamond.convergence),
    width: diamond.width,
    length: diamond.length,
    meshed: diamond.isMeshed,
    asymmetry: diamond.asymmetry,
  }));
}

function hopsOf(view: View): PathsRecord['hops'] {
  const ttls = [...new Set(view.places.places.map(({ ttl }) => ttl))].sort((a, b) => a - b);
  return ttls.map((ttl) => {
    const here = view.places.places.filter((place) => place.ttl === ttl);
    return { ttl, places: here.map((place) => placeRecord(place, view)) };
  });
}

const ROUND_TRIPS_MAX = 64;
const KINDS = { source: 'source', interface: 'interface', star: 'silent', clump: 'clump' } as const;

function placeRecord(place: Place, { discovery, addresses, network }: View): PathsPlace {
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

function linksOf({ places, addresses, network, discovery }: View): PathsLink[] {
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

function balancersOf({ graph, places, discovery, addresses, network, perBalancer }: View) {
  const balancers = new Map<string, PathsBalancer>();
  for (const vertex of graph.vertices) {
    const place = places.placeOf(vertex);
    const next = new Set([...vertex.successors.keys()].map((far) => places.placeOf(far)));
    const isSpraying = discovery.tests.sprayers.has(vertex.key);
    if (place === undefined || (next.size < 2 && !isSpraying)) continue;
    const { sprayers, steady } = discovery.tests;
    balancers.set(place.id, {
      place: idOf(place, addresses),
      address:
        place.kind === 'source' ? formatIpAddress(network.source) : onlyAddress(place, addresses),
      ttl: place.ttl,
      kind: sprayers.has(vertex.key)
        ? 'per-packet'
        : steady.has(vertex.key)
          ? 'per-flow'
          : 'untested',
      branches: isSpraying ? branchesOf(vertex) : next.size,
      flows: vertex.observed,
      excludedShare: excludedShare(vertex.observed, perBalancer),
    });
  }
  return [...balancers.values()];
}

/**
 * The share that no place can hide, as long as it is not the end of its paths; nor of those places
 * that one flow to the target was to show the end behind.
 */
function excludedEverywhere(view: View): PathsRecord['excluded'] {
  const { graph, places, perBalancer, options } = view;
  const { settings } = options;
  const search = { settings, failureProbability: perBalancer };
  let share = 0;
  for (const vertex of graph.vertices) {
    const place = places.placeOf(vertex);
    if (place === undefined || place.end !== null || isMissedReply(vertex, place)) continue;
    if (place.ttl >= settings.maxTtl || flowsNeeded(vertex, search) === 1) continue;
    share = Math.max(share, excludedShare(vertex.observed, perBalancer));
  }
  return share >= 1 || share === 0 ? null : { share, probability: 1 - perBalancer };
}

function unexploredOf({ graph, places, discovery, addresses }: View): PathsRecord['unexplored'] {
  return graph.vertices.flatMap((vertex) => {
    const place = places.placeOf(vertex);
    const flowsLacking = discovery.flowsLacking(vertex, graph);
    if (place === undefined || flowsLacking === 0 || isMissedReply(vertex, place)) return [];
    const address = onlyAddress(place, addresses);
    return [{ place: idOf(place, addresses), address, ttl: place.ttl, flowsLacking }];
  });
}

function flowsOf({ graph, places, flows, options, addresses, network }: View): PathsFlow[] {
  const isIcmp = options.protocol === 'icmp';
  const isLabelled = familyOf(network.destination) === 6 && isWholeRung(network.station.parts.rung);
  return flows.map((request, flow) => {
    const walk: (Place | undefined)[] = [];
    for (let ttl = 1; ttl < graph.byTtl.length; ttl++) {
      walk.push(places.placeOf(graph.vertexAt(flow, ttl)));
    }
    const length = 1 + walk.findLastIndex((place) => place !== undefined);
    return {
      flow,
      sourcePort: request.sourcePort,
      destinationPort: isIcmp ? null : (request.destinationPort ?? options.port),
      checksum: isIcmp ? (request.destinationPort ?? options.port) : null,
      flowLabel: isLabelled ? request.flowLabel : null,
      path: walk.slice(0, length).map((place) => (place ? idOf(place, addresses) : null)),
      reached: walk.some((place) => place?.end === 'target'),
    };
  });
}

/** With the address in place of its index. */
function idOf({ id, kind, ttl, members }: Place, addresses: AddressBook): string {
  const [only] = members;
  return kind === 'interface' && only !== undefined ? `${ttl}:${addresses.textOf(only)}` : id;
}

function onlyAddress({ kind, members }: Place, addresses: AddressBook): string | null {
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
