/**
 * Paths as text: the answer in one sentence, the graph hop by hop, balancers and diamonds, and what
 * is missing, if anything is.
 */

import { asOriginText } from '../../model/as-origin.ts';
import type { PathsPlace, PathsRecord } from '../../model/paths-record.ts';
import { type Paint, plainPaint } from '../paint.ts';
import { titled } from '../titled.ts';
import { counted, listed, wrap } from '../wrap.ts';

/** The whole report, ending in a newline. */
export function formatPathsText(
  record: PathsRecord,
  { width, paint = plainPaint }: { readonly width: number; readonly paint?: Paint },
): string {
  const sections = [
    wrap(record.summary, { width }).map((line) => paint.strong(line)),
    graphLines(record, width),
    titled('Balancers', balancerLines(record), { width, paint }),
    titled('Diamonds', diamondLines(record), { width, paint }),
    titled('Routers with several interfaces', routerLines(record), { width, paint }),
    [pathsLine(record)],
    titled('Not sure', doubtLines(record), { width, paint }),
    titled('Mind', spoilLines(record), { width, paint }),
    titled('How to address each path', flowLines(record), { width, paint }),
    [paint.dim(costLine(record))],
  ];
  const shown = sections.filter((lines) => lines.length > 0);
  return `${shown.map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

/** What a place is called, short. */
export function placeName({ kind, addresses }: PathsPlace): string {
  if (kind === 'silent') return '*';
  return kind === 'clump' ? `{${addresses.length} interfaces}` : (addresses[0]?.address ?? '*');
}

/** Places of a record by their ids. */
function placesById({ hops }: PathsRecord): ReadonlyMap<string, PathsPlace> {
  return new Map(hops.flatMap(({ places }) => places.map((place) => [place.id, place] as const)));
}

const FLOWS_LISTED = 16;
const PLACES_LISTED = 8;

function graphLines(record: PathsRecord, width: number): string[] {
  const places = placesById(record);
  const rows = record.hops.flatMap((hop) =>
    hop.places.map((place, i) => ({
      ttl: i === 0 ? String(hop.ttl) : '',
      name: placeName(place),
      flows: place.kind === 'source' ? '' : counted(place.flows, 'flow'),
      rtt: place.rttMs === null ? '' : `${short(place.rttMs.min)} ms`,
      notes: notesOf(place),
      next: nextOf(place.id, record, places),
    })),
  );
  const widest = (key: 'name' | 'flows' | 'rtt'): number =>
    Math.max(0, ...rows.map((row) => row[key].length));
  const widths = { name: widest('name'), flows: widest('flows'), rtt: widest('rtt') };
  return rows.flatMap(({ ttl, name, flows, rtt, notes, next }) => {
    const head = [
      ttl.padStart(3),
      name.padEnd(widths.name),
      flows.padStart(widths.flows),
      rtt.padStart(widths.rtt),
      '',
    ].join('  ');
    const text = [notes, next === '' ? '' : `→ ${next}`].filter((part) => part !== '').join(' ');
    const hanging = ' '.repeat(Math.min(head.length + 2, 12));
    return wrap(text, { width, indent: head, hanging }).map((line) => line.trimEnd());
  });
}

function notesOf({ kind, addresses, mpls, nat, end }: PathsPlace): string {
  const names = addresses.flatMap(({ name }) => name ?? []);
  const systems = new Set(addresses.flatMap((each) => (each.as ? asOriginText(each.as) : [])));
  const ends = {
    target: 'target',
    refused: 'refuses',
    loop: 'loop',
    silent: 'nobody answers behind it',
  };
  const notes = [
    ...(kind === 'source' ? ['this host'] : []),
    ...(kind === 'clump'
      ? [
          listed(
            addresses.map(({ address }) => address),
            4,
          ),
        ]
      : []),
    ...(names.length > 0 ? [listed(names, 2)] : []),
    ...(systems.size > 0 ? [listed([...systems], 2)] : []),
    ...(mpls.length > 0 ? [`MPLS ${mpls.join(',')}`] : []),
    ...(nat ? ['behind NAT'] : []),
    ...(end === null ? [] : [ends[end]]),
  ];
  return notes.length === 0 ? '' : `(${notes.join('; ')})`;
}

function nextOf(
  id: string,
  { links }: PathsRecord,
  places: ReadonlyMap<string, PathsPlace>,
): string {
  const behind = links.filter(({ from }) => from === id);
  return behind
    .map(({ to, share }) => {
      const place = places.get(to);
      const name = place === undefined ? to : placeName(place);
      return behind.length === 1 ? name : `${name} ${Math.round(100 * share)} %`;
    })
    .join(', ');
}

function balancerLines(record: PathsRecord): string[] {
  return record.balancers.map(({ address, place, ttl, kind, branches, flows, excludedShare }) => {
    const who = address ?? nameOf(place, record);
    const sort = kind === 'untested' ? 'not tested whether by flow or by packet' : kind;
    return (
      `${who} (TTL ${ttl}): ${counted(branches, 'next hop')}, ${sort}; ` +
      `${counted(flows, kind === 'per-packet' ? 'packet' : 'flow')} leave no room for another ` +
      `of ≥ ${Math.ceil(100 * excludedShare)} % share`
    );
  });
}

/** The place by its id; this host has none among the hops. */
function nameOf(id: string, record: PathsRecord): string {
  const place = placesById(record).get(id);
  return place === undefined ? 'this host' : placeName(place);
}

function diamondLines(record: PathsRecord): string[] {
  const places = placesById(record);
  const name = (id: string | null, nobody: string): string => {
    const place = id === null ? undefined : places.get(id);
    return place === undefined ? nobody : placeName(place);
  };
  return record.diamonds.map((diamond) => {
    const { divergence, convergence, width, length, meshed, asymmetry } = diamond;
    const shape = [
      `width ${width}`,
      `length ${length}`,
      meshed ? 'meshed' : 'not meshed',
      asymmetry === 0 ? 'even' : `asymmetry ${asymmetry}`,
    ];
    const ends = `${name(divergence, 'several')} to ${name(convergence, 'no common end')}`;
    return `${ends}: ${shape.join(', ')}`;
  });
}

const EVIDENCE = {
  'ip-id': 'they number their packets by one counter',
  'reply-source': 'one answers for the other',
  'icmp-limit': 'they share one limit of ICMP errors',
} as const;

function routerLines({ aliases }: PathsRecord): string[] {
  if (aliases === null) return [];
  const routers = aliases.routers.map(({ addresses, probability, evidence }) => {
    const why = [...new Set(evidence.map(({ kind }) => EVIDENCE[kind]))].join(', ');
    const sure = Math.floor(1e4 * probability) / 1e4;
    return `${addresses.join(', ')}: one router with probability ${sure}; ${why}`;
  });
  const { untestable, pairsApart, stopReason } = aliases;
  const rest = [
    ...(pairsApart > 0 ? [`${counted(pairsApart, 'pair')} surely apart`] : []),
    ...(untestable.length > 0
      ? [`${counted(untestable.length, 'interface')} with nothing to tell by`]
      : []),
  ];
  const none = routers.length === 0 ? ['none was found'] : [];
  const end = stopReason === 'complete' ? [] : [ALIASES_ENDED[stopReason]];
  return [...routers, ...(rest.length > 0 ? [rest.join('; ')] : none), ...end];
}

const ALIASES_ENDED = {
  'max-probes': 'not all was tried: ended by --max-probes',
  'max-time': 'not all was tried: ended by --max-time',
  aborted: 'not all was tried: interrupted',
} as const;

function pathsLine({ paths: { found, broken, unexplored } }: PathsRecord): string {
  return `Paths: ${found} found, ${broken} broken, ${unexplored} unexplored`;
}

function doubtLines(record: PathsRecord): string[] {
  const lacking = record.unexplored.map(
    ({ address, place, ttl, flowsLacking }) =>
      `${address ?? nameOf(place, record)} (TTL ${ttl}): ${counted(flowsLacking, 'flow')} too few`,
  );
  const isFull = record.stopReason === 'flows-max' && lacking.length > 0;
  return [
    ...(isFull ? ['places below need more flows: raise --flows-max'] : []),
    ...lacking.slice(0, PLACES_LISTED),
    ...(lacking.length > PLACES_LISTED ? [`and ${lacking.length - PLACES_LISTED} more`] : []),
  ];
}

/** What the reader has to know of how the graph came about. */
function spoilLines({ changes, measurement }: PathsRecord): string[] {
  const moved = changes.map(
    ({ ttl, before, after }) =>
      `the path changed at TTL ${ttl}, from ${before} to ${after}; ` +
      'what was seen before is left out',
  );
  const { socketDrops, notes } = measurement;
  return [
    ...moved,
    ...(socketDrops > 0 ? [`${counted(socketDrops, 'packet')} lost by our own kernel`] : []),
    ...notes,
  ];
}

/** One flow for each way that flows were seen to take from end to end. */
function flowLines(record: PathsRecord): string[] {
  const places = placesById(record);
  const byWay = new Map<string, string>();
  for (const flow of record.flows) {
    if (!flow.reached || flow.path.includes(null)) continue;
    const way = flow.path.map((id) => {
      const place = places.get(id ?? '');
      return place === undefined ? '*' : placeName(place);
    });
    const text = way.join(' → ');
    if (!byWay.has(text)) byWay.set(text, `${fieldOf(flow)}: ${text}`);
  }
  if (byWay.size < 2) return [];
  const lines = [...byWay.values()];
  const rest = lines.length - FLOWS_LISTED;
  return rest <= 0 ? lines : [...lines.slice(0, FLOWS_LISTED), `and ${rest} more in --json`];

  function fieldOf(flow: PathsRecord['flows'][number]): string {
    switch (record.flowField) {
      case 'checksum':
        return `ICMP checksum ${flow.checksum}`;
      case 'destination-port':
        return `port ${flow.destinationPort}`;
      case 'flow-label':
        return `flow label ${flow.flowLabel}`;
      default:
        return `source port ${flow.sourcePort}`;
    }
  }
}

function costLine(record: PathsRecord): string {
  const { probesSent, repliesReceived, durationMs, seed, flows, simulated, algorithm } = record;
  const parts = [
    counted(probesSent, 'probe'),
    repliesReceived === 1 ? '1 reply' : `${repliesReceived} replies`,
    counted(flows.length, 'flow'),
    `${(durationMs / 1000).toFixed(1)} s`,
    algorithm === 'mda' ? 'MDA' : 'MDA-Lite',
    `seed ${seed}`,
  ];
  return `${parts.join(', ')}${simulated === null ? '' : ` (simulated: ${simulated})`}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
