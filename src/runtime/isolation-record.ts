/** Writes down what an isolation run measured and concluded. */

import type { Isolation } from '../algorithms/isolation/isolation.ts';
import { summarise } from '../algorithms/isolation/summary.ts';
import {
  concludeVerdict,
  type RefusingRouter,
  reportable,
  type Verdict,
  withRefusals,
} from '../algorithms/isolation/verdict.ts';
import type { PathGraph } from '../algorithms/localisation/path-graph.ts';
import { formatIpAddress, type IpFamily } from '../lib/ip-address.ts';
import type { AddressBook } from '../model/address-book.ts';
import {
  type FiveTuple,
  type FlowRecord,
  type HopInterface,
  ISOLATE_SCHEMA,
  type IsolateRecord,
} from '../model/isolate-record.ts';
import { type PathCounts, STAR } from '../model/path-counts.ts';
import type { EngineCounters } from '../probing/probe-engine.ts';
import type { IsolateOptions } from './isolate.ts';
import type { Network } from './network.ts';
import { VERSION } from './version.ts';

type Conclusion = Pick<IsolateRecord, keyof Verdict | 'summary' | 'paths' | 'flows' | 'reproduce'>;

/** Five-tuples of this many flows show a fault, and as many miss it. */
const REPRODUCE_FLOWS = 4;

/** A run, and what was seen beside its counts. */
export interface FinishedRun {
  readonly options: IsolateOptions;
  readonly network: Network;
  readonly family: IpFamily;
  readonly isolation: Isolation;
  readonly counters: EngineCounters;
  readonly addresses: AddressBook;
  /** MPLS label stacks by address index. */
  readonly labels: ReadonlyMap<number, readonly number[]>;
  readonly startedAt: Date;
  readonly durationMs: number;
  readonly loopDelayP99Ms: number;
}

/** The record of a run that is over, or was interrupted. Names of addresses are left open. */
export function recordOf(run: FinishedRun): IsolateRecord {
  const { options, network, isolation, counters } = run;
  const counts = isolation.table.counts();
  return {
    schema: ISOLATE_SCHEMA,
    version: VERSION,
    startedAt: run.startedAt.toISOString(),
    durationMs: run.durationMs,
    partial: isolation.stopReason === undefined,
    simulated: options.simulated,
    targets: [
      {
        name: options.targetName,
        address: formatIpAddress(network.destination),
        port: network.port,
      },
    ],
    source: formatIpAddress(network.source),
    protocol: 'tcp',
    family: run.family,
    seed: options.seed,
    minTtl: options.minTtl,
    maxTtl: options.maxTtl,
    confidence: options.confidence,
    stopReason: isolation.stopReason ?? 'interrupted',
    probesSent: counters.probesSent,
    repliesReceived: counters.repliesReceived,
    ...conclusionOf(run, counts),
    hops: hopsOf(counts, run),
    links: linksOf(counts, run),
    measurement: measurementOf(run),
  };
}

/** What the counts show, and which flows show it. */
function conclusionOf(run: FinishedRun, counts: PathCounts): Conclusion {
  const { options, network, isolation, counters, addresses } = run;
  const localisation = isolation.localisation();
  const source = formatIpAddress(network.source);
  const refusing = refusingRouters(run, counts);
  const verdict = withRefusals(
    concludeVerdict(localisation, { addresses, source }, options.confidence),
    refusing,
  );
  const losses = reportable(localisation, options.confidence);
  const lossy = new Set(losses.flatMap(({ flowsLossy }) => flowsLossy));
  const crossing = new Set(losses.flatMap(({ flowsAcross }) => flowsAcross));
  const { graph } = localisation;
  const summary = summarise({
    ...verdict,
    confidence: options.confidence,
    target: options.targetName,
    flows: counts.flows.length,
    pathsFound: graph.classes.length,
    probesSent: counters.probesSent,
    repliesReceived: counters.repliesReceived,
    refusing: refusing.map(({ address, flows: { length } }) => ({ address, flows: length })),
    lastHops: lastHops(graph, addresses),
    tooSmallMaxTtl: hasEndedAtMaxTtl(graph, options.maxTtl) ? options.maxTtl : undefined,
  });
  const flows = counts.flows.map(
    (flow, index): FlowRecord => ({
      target: 0,
      sourcePort: network.sourcePorts[index] ?? 0,
      path: flow.responders.map((responder) => textOf(addresses, responder)),
      sent: flow.sent,
      received: flow.received,
      changedPath: isolation.table.hasChangedPath(index),
      lossy: lossy.has(index),
    }),
  );
  const tuples = (chosen: readonly number[]): FiveTuple[] =>
    chosen.slice(0, REPRODUCE_FLOWS).map((flow) => fiveTuple(network, flow));
  const all = [...counts.flows.keys()];
  const control = losses.length === 0 ? [] : all.filter((flow) => !crossing.has(flow));
  return {
    ...verdict,
    summary,
    paths: pathTotals(graph, crossing),
    flows,
    reproduce: { faulty: tuples(all.filter((flow) => lossy.has(flow))), control: tuples(control) },
  };
}

/** Routers that refuse to forward flows, those with most flows first. */
function refusingRouters(
  { isolation, addresses }: FinishedRun,
  counts: PathCounts,
): RefusingRouter[] {
  const routers = new Map<string, { address: string; ttl: number; flows: number[] }>();
  for (const flow of counts.flows.keys()) {
    const refusal = isolation.table.refusal(flow);
    if (refusal === undefined) continue;
    const address = addresses.textOf(refusal.responder);
    const known = routers.get(address) ?? { address, ttl: counts.minTtl + refusal.hop, flows: [] };
    routers.set(address, known);
    known.flows.push(flow);
  }
  return [...routers.values()].sort((a, b) => b.flows.length - a.flows.length);
}

function fiveTuple({ source, destination, port, sourcePorts }: Network, flow: number): FiveTuple {
  return {
    protocol: 'tcp',
    source: formatIpAddress(source),
    sourcePort: sourcePorts[flow] ?? 0,
    destination: formatIpAddress(destination),
    port,
  };
}

/** Where paths end short of the target. */
function lastHops({ classes, vertices }: PathGraph, addresses: AddressBook): string[] {
  const ends = classes.map((path) => vertices[path.vertices.at(-1) ?? 0]);
  const known = ends.flatMap((end) =>
    end?.kind === 'interface' ? [addresses.textOf(end.address)] : [],
  );
  return [...new Set(known)];
}

/** Whether routers answered even at the largest TTL: the target may be farther away. */
function hasEndedAtMaxTtl(
  { classes, vertices, isTargetReached }: PathGraph,
  maxTtl: number,
): boolean {
  return (
    !isTargetReached &&
    classes.some((path) => {
      const end = vertices[path.vertices.at(-1) ?? 0];
      return end?.kind === 'interface' && end.ttl === maxTtl;
    })
  );
}

function pathTotals(graph: PathGraph, crossing: ReadonlySet<number>): IsolateRecord['paths'] {
  const { classes, vertices, isTargetReached } = graph;
  // Where others reach the target, a path that does not may only not have been probed to its end.
  const isCut = (path: PathGraph['classes'][number]): boolean =>
    !isTargetReached || vertices[path.vertices.at(-1) ?? 0]?.kind === 'unseen';
  return {
    found: classes.length,
    lossy: classes.filter(({ flows }) => flows.some((flow) => crossing.has(flow))).length,
    broken: classes.filter((path) => !path.isReached && isCut(path)).length,
  };
}

function hopsOf(counts: PathCounts, { addresses, labels }: FinishedRun): IsolateRecord['hops'] {
  const depth = Math.max(0, ...counts.flows.map(({ responders }) => responders.length));
  return Array.from({ length: depth }, (_, hop) => {
    const interfaces = new Map<number, HopInterface>();
    for (const { responders, sent, received } of counts.flows) {
      const responder = responders[hop] ?? STAR;
      if (responder === STAR) continue;
      const before = interfaces.get(responder);
      interfaces.set(responder, {
        address: addresses.textOf(responder),
        name: null,
        flows: (before?.flows ?? 0) + 1,
        sent: (before?.sent ?? 0) + (sent[hop] ?? 0),
        received: (before?.received ?? 0) + (received[hop] ?? 0),
        mpls: labels.get(responder) ?? [],
      });
    }
    return { ttl: counts.minTtl + hop, interfaces: [...interfaces.values()] };
  });
}

function linksOf(counts: PathCounts, { addresses }: FinishedRun): IsolateRecord['links'] {
  const links = new Map<string, { near: string; far: string; ttl: number; flows: number }>();
  for (const { responders } of counts.flows) {
    for (let hop = 1; hop < responders.length; hop++) {
      const near = textOf(addresses, responders[hop - 1] ?? STAR);
      const far = textOf(addresses, responders[hop] ?? STAR);
      if (near === null || far === null) continue;
      const ttl = counts.minTtl + hop;
      const key = `${ttl} ${near} ${far}`;
      links.set(key, { near, far, ttl, flows: (links.get(key)?.flows ?? 0) + 1 });
    }
  }
  return [...links.values()].sort((a, b) => a.ttl - b.ttl);
}

function measurementOf({
  network,
  counters,
  loopDelayP99Ms,
}: FinishedRun): IsolateRecord['measurement'] {
  return {
    socketDrops: network.counters().socketDrops,
    sendErrors: Object.values(counters.sendErrors).reduce((sum, count) => sum + count, 0),
    foreignReplies: counters.foreignReplies,
    malformed: counters.malformed,
    lateReplies: counters.lateReplies,
    duplicates: counters.duplicates,
    loopDelayP99Ms: Math.round(loopDelayP99Ms * 10) / 10,
    skippedPorts: network.skippedPorts,
    notes: network.notes,
  };
}

function textOf(addresses: AddressBook, responder: number): string | null {
  return responder === STAR ? null : addresses.textOf(responder);
}
