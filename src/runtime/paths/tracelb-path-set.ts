/** Reads a tracelb of `scamper -O json` as a set of links. */

import {
  clumpKey,
  type PathSet,
  PathSetBuilder,
  SOURCE_KEY,
} from '../../algorithms/path-diff/path-set.ts';
import type { JsonObject } from '../../lib/json-object.ts';
import { flawText, schemaFlaw } from '../../lib/json-schema.ts';

interface TracelbPathSet {
  readonly target: string;
  readonly startedAt: string;
  readonly source: string;
  readonly protocol: string;
  readonly flowField: string;
  readonly stopReason: null;
  readonly set: PathSet;
}

/**
 * What scamper writes of a tracelb, as far as it is read here. Nodes are missing where nobody
 * answered, and probes where nobody asked for them.
 */
const SCHEMA = {
  type: 'object',
  required: ['src', 'dst', 'method'],
  properties: {
    src: { type: 'string' },
    dst: { type: 'string' },
    method: { type: 'string' },
    start: {
      type: 'object',
      required: ['sec'],
      properties: { sec: { type: 'integer', minimum: 0, maximum: 8_640_000_000_000 } },
    },
    probec: { type: 'integer', minimum: 0 },
    probec_max: { type: 'integer', minimum: 0 },
    nodes: {
      type: 'array',
      items: {
        type: 'object',
        required: ['addr', 'links'],
        properties: {
          addr: { type: 'string' },
          links: { type: 'array', items: { type: 'array', items: { $ref: '#/$defs/link' } } },
        },
      },
    },
  },
  $defs: {
    link: {
      type: 'object',
      required: ['addr'],
      properties: {
        addr: { type: 'string' },
        probes: { type: 'array', items: { $ref: '#/$defs/probe' } },
      },
    },
    probe: {
      type: 'object',
      required: ['flowid', 'ttl', 'replies'],
      properties: {
        flowid: { type: 'integer' },
        ttl: { type: 'integer', minimum: 0, maximum: 255 },
        replies: {
          type: 'array',
          items: { type: 'object', required: ['rtt'], properties: { rtt: { type: 'number' } } },
        },
      },
    },
  },
} as const;

interface Tracelb {
  readonly src: string;
  readonly dst: string;
  readonly method: string;
  readonly start?: { readonly sec: number };
  readonly probec?: number;
  readonly probec_max?: number;
  readonly nodes?: readonly TracelbNode[];
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

/** The links in it; where it is damaged, what is wrong first, with its path. */
export function tracelbPathSet(document: JsonObject): TracelbPathSet | { readonly flaw: string } {
  const flaw = schemaFlaw(SCHEMA, document);
  if (flaw !== undefined) return { flaw: flawText(flaw) };
  const { src, dst, method, start, nodes = [], ...counts } = document as unknown as Tracelb;
  const { probec = 0, probec_max: most = Number.POSITIVE_INFINITY } = counts;
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
    startedAt: new Date(1000 * (start?.sec ?? 0)).toISOString(),
    source: src,
    protocol,
    flowField: { sport: 'source-port', dport: 'destination-port' }[field] ?? 'checksum',
    stopReason: null,
    set: builder.set(nodes.length > 0 && probec < most, true),
  };
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
      const clump = clumpKey(near);
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
