/** Reads a tracelb of `scamper -O json` as a set of links. */

import { type PathSet, PathSetBuilder, SOURCE_KEY } from '../algorithms/path-diff/path-set.ts';
import { isRecord, isRecordList, type Json } from './json-checks.ts';

interface TracelbPathSet {
  readonly target: string;
  readonly startedAt: string;
  readonly source: string;
  readonly protocol: string;
  readonly flowField: string;
  readonly stopReason: null;
  readonly set: PathSet;
}

/** Undefined where it is damaged. */
export function tracelbPathSet(document: Json): TracelbPathSet | undefined {
  const { src, dst, method, start, probec, probec_max: most, nodes = [] } = document;
  if (typeof src !== 'string' || typeof dst !== 'string' || typeof method !== 'string') return;
  if (!isRecordList(nodes) || !nodes.every(isNode)) return undefined;
  const seconds = isRecord(start) ? Number(start['sec']) : Number.NaN;
  const [protocol = method, field = ''] = method.split('-');
  const builder = new PathSetBuilder();
  builder.see({ key: SOURCE_KEY, text: src }, { ttl: 0, roundTripsMs: [] });
  for (const node of nodes) {
    builder.see(
      { key: node.addr, text: node.addr },
      { ttl: firstTtlOf(node) - 1, roundTripsMs: [] },
    );
    addNode(node, builder);
  }
  return {
    target: dst,
    startedAt: new Date(Number.isFinite(seconds) ? 1000 * seconds : 0).toISOString(),
    source: src,
    protocol,
    flowField: { sport: 'source-port', dport: 'destination-port' }[field] ?? 'checksum',
    stopReason: null,
    set: builder.set(nodes.length > 0 && !(Number(probec) >= Number(most))),
  };
}

interface TracelbProbe {
  readonly flowid: number;
  readonly ttl: number;
  readonly replies: readonly { readonly rtt: number }[];
}

interface TracelbLink {
  readonly addr: string;
  readonly probes?: readonly TracelbProbe[];
}

interface TracelbNode {
  readonly addr: string;
  readonly links: readonly (readonly TracelbLink[])[];
}

function isNode(value: Json): value is Json & TracelbNode {
  const { addr, links } = value;
  if (typeof addr !== 'string' || !Array.isArray(links)) return false;
  return links.every((hop) => isRecordList(hop) && hop.every(isLink));
}

function isLink({ addr, probes = [] }: Json): boolean {
  return typeof addr === 'string' && isRecordList(probes) && probes.every(isProbe);
}

function isProbe({ flowid, ttl, replies }: Json): boolean {
  const isCounted = Number.isInteger(flowid) && Number.isInteger(ttl);
  return isCounted && isRecordList(replies) && replies.every(({ rtt }) => Number.isFinite(rtt));
}

/** The links behind a node, hop by hop: several addresses in a later hop are a clump. */
function addNode({ addr, links }: TracelbNode, builder: PathSetBuilder): void {
  let [near, silentHops] = [addr, 0];
  for (const [i, hop] of links.entries()) {
    const answering = hop.filter((link) => link.addr !== '*');
    for (const link of answering) see(link, builder);
    if (answering.length === 0) {
      silentHops++;
      if (i === links.length - 1) {
        builder.add({ near, far: null, silentHops: 0, end: 'silent', isSprayed: false });
      }
      continue;
    }
    // Behind one hop whose addresses nobody told apart, the next ones belong to all of them.
    const isClump = links.length > 1 && answering.length > 1;
    for (const link of answering) {
      const shared = { near, far: link.addr, silentHops, end: null } as const;
      builder.add({ ...shared, isSprayed: isClump }, Math.max(1, flowsOf(link)));
    }
    const [only] = answering;
    if (isClump) {
      const clump = `{${near}}`;
      builder.see(
        { key: clump, text: `{${answering.length} interfaces}` },
        { ttl: 0, roundTripsMs: [] },
      );
      builder.add({ near, far: clump, silentHops, end: null, isSprayed: false });
      near = clump;
    } else if (only !== undefined) {
      near = only.addr;
    }
    silentHops = 0;
  }
}

/** Of the probes that showed what comes next. */
function firstTtlOf({ links }: TracelbNode): number {
  const probes = (links[0] ?? []).flatMap((link) => link.probes ?? []);
  return Math.max(1, Math.min(...probes.map(({ ttl }) => ttl), LAST_TTL));
}

const LAST_TTL = 255;

function see({ addr, probes = [] }: TracelbLink, builder: PathSetBuilder): void {
  const ttl = Math.min(...probes.map((probe) => probe.ttl));
  const roundTripsMs = probes.flatMap(({ replies }) => replies.map(({ rtt }) => rtt));
  builder.see({ key: addr, text: addr }, { ttl: Number.isFinite(ttl) ? ttl : 0, roundTripsMs });
}

function flowsOf({ probes = [] }: TracelbLink): number {
  return new Set(probes.map(({ flowid }) => flowid)).size;
}
