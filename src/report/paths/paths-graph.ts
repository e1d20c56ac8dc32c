/** Paths as the graph that the drawings show: boxes by TTL, lines as wide as their flows. */

import type { PathsLink, PathsPlace, PathsRecord } from '../../model/paths-record.ts';
import type { DrawnGraph, DrawnHop, DrawnPlace } from '../graph/graph-levels.ts';
import { percent } from '../graph/svg-markup.ts';
import { counted } from '../wrap.ts';
import { placeName } from './paths-text.ts';

/** Reads a record as a graph to be drawn. */
export function drawnPaths({ hops, links }: PathsRecord): DrawnGraph {
  const places = hops.flatMap((hop) => hop.places);
  const indexes = new Map(places.map(({ id }, i) => [id, i]));
  const drawn = places.map(drawnPlace);
  const most = new Map<number, number>();
  for (const { ttl, flows } of links) most.set(ttl, flows + (most.get(ttl) ?? 0));
  return {
    places: drawn,
    hops: links.flatMap((link) => {
      const [from = -1, to = -1] = [indexes.get(link.from), indexes.get(link.to)];
      const [near, far] = [drawn[from], drawn[to]];
      return near && far ? [drawnLink(link, { from, to, near, far })] : [];
    }),
    walks: [],
    flows: Math.max(1, ...most.values()),
  };
}

const ENDS = { silent: 'leads nowhere', refused: 'refuses', loop: 'loop' } as const;

function drawnPlace(place: PathsPlace): DrawnPlace {
  const { id, kind, ttl, flows, rttMs, end, addresses, mpls } = place;
  const notes = [
    ...(kind === 'source' ? ['this host'] : addresses.flatMap(({ name }) => name ?? [])),
    ...(end === null ? [] : [end === 'target' ? end : ENDS[end]]),
    ...(mpls.length > 0 ? [`MPLS ${mpls.join(',')}`] : []),
  ];
  const facts = [
    ...(ttl === 0 ? [] : [`TTL ${ttl}`]),
    counted(flows, 'flow'),
    ...(rttMs === null ? [] : [`RTT from ${rttMs.min} ms`]),
    ...(end === null ? [] : [`paths end here: ${end}`]),
  ];
  const roles = {
    source: 'source',
    interface: 'router',
    silent: 'silent',
    clump: 'router',
  } as const;
  return {
    key: id,
    role: end === 'target' ? 'target' : roles[kind],
    ttl,
    who: placeName(place),
    flows: counting(flows),
    sent: 0,
    received: 0,
    level: kind === 'silent' ? 'unknown' : 'clear',
    labelled: undefined,
    notes: notes.join(', '),
    description: facts.join('; '),
  };
}

function drawnLink(
  { ttl, flows, share, rttMs }: PathsLink,
  ends: Pick<DrawnHop, 'from' | 'to' | 'near' | 'far'>,
): DrawnHop {
  const facts = [
    `${ends.near.who} → ${ends.far.who}`,
    `TTL ${ttl}`,
    `${counted(flows, 'flow')}, ${percent(share)}`,
    ...(rttMs === null ? [] : [`RTT + ${rttMs} ms`]),
  ];
  const isSilent = ends.near.role === 'silent' || ends.far.role === 'silent';
  return {
    ...ends,
    ttl,
    isGap: false,
    flows: counting(flows),
    sent: 0,
    received: 0,
    level: isSilent ? 'unknown' : 'clear',
    labelled: undefined,
    description: facts.join('; '),
  };
}

function counting(flows: number): number[] {
  return Array.from({ length: flows }, (_, i) => i);
}
