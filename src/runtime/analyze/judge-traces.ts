/**
 * The verdict on probes that others sent: they go into the same counts as those of a live run, in
 * rounds, and what these show is concluded, worded and written down by the code of live runs.
 */

import { Isolation } from '../../algorithms/isolation/isolation.ts';
import { counted } from '../../lib/counted.ts';
import { familyOf } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { IsolateRecord, ReadFrom } from '../../model/isolate-record.ts';
import { NO_DETAILS } from '../../model/probe.ts';
import { type EngineCounters, newEngineCounters } from '../../probing/engine-counters.ts';
import type { IsolateOptions, MeasuredNetwork } from '../isolate/isolate-run.ts';
import { recordOf } from '../isolate/isolation-record.ts';
import type { ChosenTraces } from './choose-traces.ts';
import { type FlowLayout, layoutOf, numberedProbes } from './flow-layout.ts';
import { HostBook } from './host-book.ts';
import { type RoundProbe, roundsOf } from './recorded-rounds.ts';
import { hostKey } from './seen-host.ts';
import type { SeenTrace } from './seen-traces.ts';

/** As `isolate` has them unless told. */
const CONFIDENCE = 0.95;
const MIN_LOSS = 0.002;
const EXCLUDE = 0.02;

/** What sentences of live runs call flags, in words that suit probes of others. */
const FLAG_NAMES = {
  minTtl: 'Probing from TTL',
  maxTtl: 'TTL',
  maxProbes: 'probes',
};

/** The record of what traces show that belong together. */
export function judgeTraces(chosen: ChosenTraces, readFrom: ReadFrom): IsolateRecord {
  const layout = layoutOf(chosen);
  const hosts = new HostBook(new AddressBook(), familyIn(chosen));
  const options = optionsOf(chosen, layout);
  const network = networkOf(chosen, layout, hosts);
  const isolation = isolationOf(chosen, { options, layout, hosts });
  const { foreignReplies, malformed, duplicates } = chosen;
  const counters = { ...newEngineCounters(), foreignReplies, malformed, duplicates };
  const labels = new Map<number, readonly number[]>();
  const probes = numberedProbes(layout);
  const startedAtUs = probes[0]?.probe.sentAtUs ?? 0;
  const feed = { isolation, hosts, labels, counters, startedAtUs };
  for (const round of roundsOf(probes)) feedRound(round, feed);
  const endedAtUs = endOf(probes) - startedAtUs;
  isolation.table.commitRounds(endedAtUs);
  isolation.endRecorded([...layout.slots.keys()].filter((flow) => layout.slots[flow]));
  const record = recordOf({
    options,
    network,
    family: familyOf(network.source),
    isolation,
    counters,
    addresses: hosts.addresses,
    labels,
    startedAt: new Date(startedAtUs / 1000).toISOString(),
    durationMs: Math.round(endedAtUs / 1000),
    loopDelays: { loopDelayP99Ms: 0, loopDelayMaxMs: 0 },
    endedAtUs,
  });
  return { ...asRead(record, { chosen, layout, hosts }), readFrom };
}

function familyIn({ source, targets, traces }: ChosenTraces): 4 | 6 {
  const answers = traces.flatMap(({ probes }) => probes.flatMap(({ answer }) => answer ?? []));
  const known = [source, ...targets, ...answers.map(({ from }) => from)].find(
    ({ address }) => address !== undefined,
  );
  return known?.address?.includes(':') ? 6 : 4;
}

function optionsOf(
  { traces, targets, protocol }: ChosenTraces,
  { classes }: FlowLayout,
): IsolateOptions {
  const ttls = new Set(traces.flatMap(({ probes }) => probes.map(({ ttl }) => ttl)));
  return {
    targetNames: targets.map(({ name }) => name),
    simulated: null,
    protocol,
    tos: classes[0]?.tos ?? 0,
    classes,
    minTtl: Math.min(...ttls),
    maxTtl: Math.max(...ttls),
    confidence: CONFIDENCE,
    minLoss: MIN_LOSS,
    exclude: EXCLUDE,
    maxProbes: Number.POSITIVE_INFINITY,
    maxTimeUs: Number.POSITIVE_INFINITY,
    perInterface: 0,
    total: 0,
    seed: 0,
    flagNames: FLAG_NAMES,
    arePathsMixed: traces.some(({ isMixed }) => isMixed),
  };
}

function networkOf(
  { source, targets, notes }: ChosenTraces,
  { flows }: FlowLayout,
  hosts: HostBook,
): MeasuredNetwork {
  return {
    source: hosts.bytesOf(source),
    ...(source.address === undefined ? { sourceName: source.name } : {}),
    destinations: targets.map((target) => hosts.bytesOf(target)),
    port: targets[0]?.port ?? 0,
    sourcePorts: [...new Set(flows.map(({ sourcePort }) => sourcePort))],
    skippedPorts: [],
    notes,
    link: { counters: () => ({ socketDrops: 0 }) },
    flows,
  };
}

function isolationOf(
  { source, targets, protocol }: ChosenTraces,
  {
    options,
    layout,
    hosts,
  }: {
    readonly options: IsolateOptions;
    readonly layout: FlowLayout;
    readonly hosts: HostBook;
  },
): Isolation {
  const indexes = targets.map((target) => hosts.indexOf(target));
  const asked = {
    ...options,
    flows: layout.flows.length,
    classes: layout.classes.length,
    mayTargetLimit: protocol === 'udp',
    target: indexes[0] ?? 0,
    targets: indexes,
    source: source.address ?? source.name,
  };
  // Nothing is drawn where nothing is sent.
  return new Isolation(asked, { random: new Random(0), addresses: hosts.addresses });
}

/** When the last thing happened. */
function endOf(probes: readonly RoundProbe[]): number {
  return probes.reduce(
    (end, { probe }) => Math.max(end, probe.sentAtUs + (probe.answer?.rttUs ?? 0)),
    0,
  );
}

interface Feed {
  readonly isolation: Isolation;
  readonly hosts: HostBook;
  readonly labels: Map<number, readonly number[]>;
  readonly counters: EngineCounters;
  readonly startedAtUs: number;
}

function feedRound(probes: readonly RoundProbe[], feed: Feed): void {
  const { isolation, counters, startedAtUs } = feed;
  const round = isolation.table.startRound();
  isolation.late.startedRound(round, (probes[0]?.probe.sentAtUs ?? 0) - startedAtUs);
  for (const each of probes) {
    isolation.table.ordered();
    counters.probesSent++;
    feedProbe(each, round, feed);
  }
}

function feedProbe({ flow, probe }: RoundProbe, round: number, feed: Feed): void {
  const { isolation, hosts, labels, counters, startedAtUs } = feed;
  const { ttl, answer } = probe;
  const sentAtUs = probe.sentAtUs - startedAtUs;
  if (answer === undefined) {
    isolation.lost(flow, ttl, round, sentAtUs);
    return;
  }
  counters.repliesReceived++;
  const { from, kind, code, rttUs, replyTtl, mpls } = answer;
  const responder = hosts.indexOf(from);
  if (mpls.length > 0) labels.set(responder, mpls);
  const isTarget = responder === isolation.table.targetOf(flow);
  const details = { ...NO_DETAILS, sentAtUs };
  const seen = { kind, responder, isTarget, code, rttUs, replyTtl, quotedTtl: 0, mpls, details };
  isolation.replied({ flow, ttl, round, ...seen });
}

/** The record with the names that the files have, and without what they do not tell. */
function asRead(
  record: IsolateRecord,
  {
    chosen,
    layout,
    hosts,
  }: {
    readonly chosen: ChosenTraces;
    readonly layout: FlowLayout;
    readonly hosts: HostBook;
  },
): IsolateRecord {
  const { targets, traces } = chosen;
  const isRepeatable = traces.every((trace) => trace.isRepeatable);
  const areLossesTold = traces.some((trace) => trace.areLossesTold);
  const told = areLossesTold ? record : withoutLosses(record);
  return {
    ...(haveSplit(traces) ? withoutPlaces(told) : told),
    targets: targets.map(({ name, address = name, port }) => ({ name, address, port })),
    hops: record.hops.map((hop) => ({
      ...hop,
      interfaces: hop.interfaces.map((each) => ({ ...each, name: hosts.nameOf(each.address) })),
    })),
    flows: record.flows.filter((_, flow) => layout.slots[flow] !== undefined),
    reproduce: isRepeatable ? record.reproduce : { faulty: [], control: [] },
  };
}

/** Of answers alone, which show paths and refusals, and no losses. */
function withoutLosses(record: IsolateRecord): IsolateRecord {
  const { verdict, paths, targets } = record;
  if (verdict !== 'no-loss' && verdict !== 'inconclusive') return record;
  const to = `${counted(paths.found, 'path')} to ${targets.map(({ name }) => name).join(', ')}`;
  return {
    ...record,
    verdict: 'inconclusive',
    excludedLossRatio: null,
    summary: `Inconclusive: ${to} seen, but a tracelb does not tell which probes were lost.`,
  };
}

/** Whether probes that were each another flow did take several paths. */
function haveSplit(traces: readonly SeenTrace[]): boolean {
  const responders = new Map<string, string>();
  for (const { isMixed, flow, target, probes } of traces) {
    if (!isMixed) continue;
    for (const { ttl, answer } of probes) {
      if (answer === undefined) continue;
      const who = hostKey(answer.from);
      const key = `${hostKey(target)} ${flow} ${ttl}`;
      if ((responders.get(key) ?? who) !== who) return true;
      responders.set(key, who);
    }
  }
  return false;
}

/** Of paths that are mixed up: that something is lost shows, and not where. */
function withoutPlaces(record: IsolateRecord): IsolateRecord {
  if (record.verdict !== 'loss-suspected') return record;
  const to = record.targets.map(({ name }) => name).join(', ');
  return {
    ...record,
    verdict: 'inconclusive',
    suspects: [],
    flows: record.flows.map((flow) => ({ ...flow, lossy: false })),
    paths: { ...record.paths, lossy: 0 },
    reproduce: { faulty: [], control: [] },
    summary:
      `Inconclusive: packets are lost on the way to ${to}, but each probe was another flow, and ` +
      'they took several paths: which of these loses them takes a tracer that keeps to its flows.',
  };
}
