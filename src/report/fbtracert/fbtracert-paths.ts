/** The paths of an isolate record as `fbtracert` tells them: per source port, index is TTL − 1. */

import type { FlowRecord, IsolateRecord } from '../../model/isolate-record.ts';

/** One source port. The arrays are parallel: index i stands for TTL i + 1. */
export interface FbtracertPath {
  readonly sourcePort: number;
  /** Name or address of who answers, `?` for nobody; the target as the user named it. */
  readonly hops: readonly string[];
  readonly sent: readonly number[];
  readonly received: readonly number[];
}

const NOBODY = '?';

/**
 * The paths to print, by source port: those with loss, and those that end short of a target which
 * never answers; with `showAll` every one.
 */
export function fbtracertPaths(
  record: IsolateRecord,
  { showAll }: { readonly showAll: boolean },
): FbtracertPath[] {
  const names = namesOf(record);
  const depth = targetDepth(record);
  return record.flows
    .filter((flow) => showAll || flow.lossy || record.verdict === 'target-unreachable')
    .map((flow) => pathOf(upTo(depth, flow), record, names))
    .sort((a, b) => a.sourcePort - b.sourcePort);
}

/** How many hops away the target is at most; `Infinity` while it has not answered. */
function targetDepth({ flows, targets: [target] }: IsolateRecord): number {
  const depths = flows.flatMap(({ path }) => {
    const hop = target === undefined ? -1 : path.lastIndexOf(target.address);
    return hop < 0 ? [] : [hop + 1];
  });
  return depths.length === 0 ? Number.POSITIVE_INFINITY : Math.max(...depths);
}

/** Without silent hops beyond a depth: probed before it was known that nobody is there. */
function upTo(depth: number, flow: FlowRecord): FlowRecord {
  const lastKnown = flow.path.findLastIndex((address) => address !== null) + 1;
  return { ...flow, sent: flow.sent.slice(0, Math.max(depth, lastKnown)) };
}

function pathOf(
  { sourcePort, path, sent, received }: FlowRecord,
  { minTtl, targets: [target] }: IsolateRecord,
  names: ReadonlyMap<string, string>,
): FbtracertPath {
  const before = minTtl - 1;
  const zeros = new Array<number>(before).fill(0);
  const shown = sent.findLastIndex((probes) => probes > 0) + 1;
  const hops = path.slice(0, shown).map((address) => {
    if (address === null) return NOBODY;
    return address === target?.address ? target.name : (names.get(address) ?? address);
  });
  return {
    sourcePort,
    hops: [...new Array<string>(before).fill(NOBODY), ...hops],
    sent: [...zeros, ...sent.slice(0, shown)],
    received: [...zeros, ...received.slice(0, shown)],
  };
}

/** Names in the form that the original got from its resolver: absolute, with a dot behind. */
function namesOf({ hops }: IsolateRecord): ReadonlyMap<string, string> {
  const named = hops.flatMap(({ interfaces }) => interfaces);
  return new Map(
    named.flatMap(({ address, name }) =>
      name === null ? [] : [[address, name.endsWith('.') ? name : `${name}.`] as const],
    ),
  );
}
