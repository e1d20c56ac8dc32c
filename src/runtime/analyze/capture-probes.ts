/**
 * Which packets of a capture are probes, and of which flows. Ordinary traffic starts with a large
 * TTL; who traces a path sends to one destination with the smallest ones, one after the other.
 */

import type { CapturedProbe } from './captured-probe.ts';

/** All probes from one host to another by one protocol. */
export interface ProbeGroup {
  readonly probes: readonly CapturedProbe[];
  /** Whether each probe is of another flow: then the path is of all of them together. */
  readonly isMixed: boolean;
}

/** Nobody's ordinary traffic starts with less. */
const FIRST_TTL_MAX = 32;
/** TTLs that are left out between two that were asked. */
const TTL_GAP_MAX = 8;
/** A trace asks at more than one; traces of neighbours ask at the first alone. */
const TTLS_MIN = 2;
/** The same packet on several devices of a host is captured as often, at most so far apart. */
const COPY_US = 2000;

/** The groups in which a path is traced, in the order in which they begin. */
export function probeGroups(candidates: readonly CapturedProbe[]): ProbeGroup[] {
  const groups = new Map<string, CapturedProbe[]>();
  for (const probe of candidates) {
    if (isMulticast(probe.destination)) continue;
    const key = `${probe.source} ${probe.destination} ${probe.protocol}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [probe]);
    else known.push(probe);
  }
  return [...groups.values()].flatMap((group) => {
    const ttls = tracedTtls(group);
    const probes = withoutCopies(group.filter(({ ttl }) => ttls.has(ttl)));
    return probes.length === 0 ? [] : [{ probes, isMixed: isMixed(probes) }];
  });
}

/** The TTLs from the smallest on, up to the first large gap. */
function tracedTtls(group: readonly CapturedProbe[]): ReadonlySet<number> {
  const sorted = [...new Set(group.map(({ ttl }) => ttl))].sort((a, b) => a - b);
  const [first = 255] = sorted;
  if (first === 0 || first > FIRST_TTL_MAX) return new Set();
  const gap = sorted.findIndex((ttl, i) => i > 0 && ttl - (sorted[i - 1] ?? 0) > TTL_GAP_MAX);
  const traced = gap < 0 ? sorted : sorted.slice(0, gap);
  return new Set(traced.length >= TTLS_MIN || first === 1 ? traced : []);
}

function withoutCopies(probes: readonly CapturedProbe[]): CapturedProbe[] {
  const latest = new Map<string, number>();
  return probes.filter((probe) => {
    const { sourcePort, destinationPort, ttl, identification, key, packetBytes } = probe;
    const name = [sourcePort, destinationPort, ttl, identification, key, packetBytes].join(' ');
    const isCopy = probe.atUs - (latest.get(name) ?? Number.NEGATIVE_INFINITY) < COPY_US;
    if (!isCopy) latest.set(name, probe.atUs);
    return !isCopy;
  });
}

/** Whether most probes are of flows that are asked at one TTL alone, although several are. */
function isMixed(probes: readonly CapturedProbe[]): boolean {
  const ttlsOf = new Map<string, Set<number>>();
  for (const probe of probes) {
    const flow = flowName(probe);
    const ttls = ttlsOf.get(flow) ?? new Set();
    ttlsOf.set(flow, ttls.add(probe.ttl));
  }
  if (new Set(probes.map(({ ttl }) => ttl)).size === 1) return false;
  const alone = probes.filter((probe) => ttlsOf.get(flowName(probe))?.size === 1).length;
  return 2 * alone > probes.length;
}

/** What a balancer by flow looks at, beside the addresses. */
export function flowName({ sourcePort, destinationPort, checksum }: CapturedProbe): string {
  return `${sourcePort} ${destinationPort} ${checksum}`;
}

function isMulticast(address: string): boolean {
  const first = Number.parseInt(address, 10);
  return address.includes(':') ? /^ff/i.test(address) : first >= 224;
}
