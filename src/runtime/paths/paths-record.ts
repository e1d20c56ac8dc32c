/** Writes the record of a multipath search. */

import { diamondsOf } from '../../algorithms/multipath/diamonds.ts';
import { flowsNeeded } from '../../algorithms/multipath/mda.ts';
import { pathNumbers } from '../../algorithms/multipath/path-numbers.ts';
import { isMissedReply, type Place, placesOf } from '../../algorithms/multipath/places.ts';
import { branchesOf, type Vertex } from '../../algorithms/multipath/route-graph.ts';
import { excludedShare, graphFailure } from '../../algorithms/multipath/stopping-point.ts';
import { familyOf, formatIpAddress } from '../../lib/ip-address.ts';
import { printable } from '../../lib/printable.ts';
import type { AsOrigin } from '../../model/as-origin.ts';
import type { PathsBalancer, PathsFlow, PathsRecord } from '../../model/paths-record.ts';
import { isWholeRung } from '../../model/trace-record.ts';
import { PAYLOAD_BYTES_MIN } from '../../probing/flow.ts';
import { VERSION } from '../version.ts';
import {
  hopsOf,
  idOf,
  linksOf,
  onlyAddress,
  type PathsParts,
  type PathsView,
} from './paths-places.ts';
import { limitNotes, pathsSummary } from './paths-summary.ts';

/** The whole record; names are still to be put in. */
export function pathsRecordOf(parts: PathsParts): PathsRecord {
  const { discovery, options, network, counts, startedAtUs, endedAtUs } = parts;
  const { protocol, settings, flowField } = options;
  const graph = discovery.graph();
  const isFollowed = (star: Vertex): boolean => discovery.flowsLacking(star, graph) === 0;
  const places = placesOf(graph, discovery.observations, isFollowed);
  const perBalancer = discovery.failurePerBalancer(graph);
  const view: PathsView = { ...parts, graph, places, perBalancer };
  const stopReason = discovery.end ?? 'aborted';
  const balancers = balancersOf(view);
  const targetTtls = places.places.filter(({ end }) => end === 'target').map(({ ttl }) => ttl);
  // What is sent farther is answered by the target as well.
  const farthest = targetTtls.length === 0 ? options.settings.maxTtl : Math.max(...targetTtls);
  const ttls = discovery.observations.limitedTtls.map((ttl) => Math.min(ttl, farthest));
  const limited = { stopReason, protocol, ttls: [...new Set(ttls)], targetTtl: targetTtls[0] };
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
    measurement: { ...parts.spoils, notes: [...network.notes, ...limitNotes(limited)] },
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

function changesOf({ discovery, addresses }: PathsView): PathsRecord['changes'] {
  return discovery.changes.map(({ flow, ttl, before, after }) => ({
    flow,
    ttl,
    before: addresses.textOf(before),
    after: addresses.textOf(after),
  }));
}

function diamondRecords({ places, addresses }: PathsView): PathsRecord['diamonds'] {
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

function balancersOf({ graph, places, discovery, addresses, network, perBalancer }: PathsView) {
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
function excludedEverywhere(view: PathsView): PathsRecord['excluded'] {
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

function unexploredOf({
  graph,
  places,
  discovery,
  addresses,
}: PathsView): PathsRecord['unexplored'] {
  return graph.vertices.flatMap((vertex) => {
    const place = places.placeOf(vertex);
    const flowsLacking = discovery.flowsLacking(vertex, graph);
    if (place === undefined || flowsLacking === 0 || isMissedReply(vertex, place)) return [];
    const address = onlyAddress(place, addresses);
    return [{ place: idOf(place, addresses), address, ttl: place.ttl, flowsLacking }];
  });
}

function flowsOf({ graph, places, flows, options, addresses, network }: PathsView): PathsFlow[] {
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
