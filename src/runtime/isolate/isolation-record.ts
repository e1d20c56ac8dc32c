/** Writes down what an isolation run measured and concluded. */

import type { Isolation } from '../../algorithms/isolation/isolation.ts';
import type { TargetLosses } from '../../algorithms/isolation/late-answers.ts';
import {
  changedPaths,
  ownHostCauses,
  returnLossRejected,
  targetLimited,
  withOwnHost,
} from '../../algorithms/isolation/rejected-causes.ts';
import { FLAG_NAMES } from '../../algorithms/isolation/summary-facts.ts';
import {
  concludeVerdict,
  type DirectionOf,
  reportable,
  type Verdict,
  withRefusals,
} from '../../algorithms/isolation/verdict.ts';
import { endsAt, type PathGraph } from '../../algorithms/localisation/path-graph.ts';
import { formatIpAddress } from '../../lib/ip-address.ts';
import type { AddressBook } from '../../model/address-book.ts';
import {
  type FiveTuple,
  type FlowRecord,
  ISOLATE_SCHEMA,
  type IsolateRecord,
} from '../../model/isolate-record.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import { VERSION } from '../version.ts';
import type { FinishedRun, IsolateOptions, MeasuredNetwork } from './isolate-run.ts';
import { addressOrNull, hopsOf, linksOf } from './isolation-hops.ts';
import { refusingRouters, summaryOf } from './isolation-summary.ts';
import { type ProbedFlow, probedFlows, targetsOf, trafficClasses } from './probed-flows.ts';

type Conclusion = Pick<IsolateRecord, keyof Verdict | 'summary' | 'paths' | 'flows' | 'reproduce'>;

/** Five-tuples of this many flows show a fault, and as many miss it. */
const REPRODUCE_FLOWS = 4;

/** The record of a run that is over, or was interrupted. Names of addresses are left open. */
export function recordOf(run: FinishedRun): IsolateRecord {
  const { options, network, isolation, counters } = run;
  const { counts } = isolation.table.measured();
  return {
    schema: ISOLATE_SCHEMA,
    version: VERSION,
    startedAt: run.startedAt,
    durationMs: run.durationMs,
    partial: isolation.stopReason === undefined,
    simulated: options.simulated,
    targets: targetsOf(network, options),
    source: sourceText(network),
    protocol: options.protocol ?? 'tcp',
    classes: trafficClasses(options, run.family),
    family: run.family,
    seed: options.seed,
    minTtl: options.minTtl,
    maxTtl: options.maxTtl,
    confidence: options.confidence,
    stopReason: isolation.stopReason ?? 'interrupted',
    probesNeeded: isolation.probesNeeded,
    probesSent: counters.probesSent,
    repliesReceived: counters.repliesReceived,
    ...conclusionOf(run, counts),
    hops: hopsOf(run),
    links: linksOf(run),
    measurement: measurementOf(run),
  };
}

/** What answers each flow, as far as is known by now. */
export function flowPaths(
  isolation: Isolation,
  flows: readonly ProbedFlow[],
  addresses: AddressBook,
): Pick<FlowRecord, 'target' | 'sourcePort' | 'class' | 'path'>[] {
  return flows.map((probed, flow) => ({
    ...nameOf(probed, flows),
    path: isolation.table.pathOf(flow).map((responder) => addressOrNull(addresses, responder)),
  }));
}

/** What tells a flow from the others. */
function nameOf(
  { sourcePort, targetIndex, classIndex }: ProbedFlow,
  flows: readonly ProbedFlow[],
): Pick<FlowRecord, 'target' | 'sourcePort' | 'class'> {
  const hasClasses = flows.at(-1)?.classIndex !== 0;
  return { target: targetIndex, sourcePort, ...(hasClasses ? { class: classIndex } : {}) };
}

/** What the counts show, and which flows show it. */
function conclusionOf(run: FinishedRun, counts: PathCounts): Conclusion {
  const { options, network, isolation, addresses } = run;
  const localisation = isolation.localisation();
  const source = sourceText(network);
  const refusing = refusingRouters(run, counts);
  const { clumps, loops } = isolation.table.measured();
  const directionOf: DirectionOf = (loss) =>
    loss.direction === undefined || loss.direction === 'unknown'
      ? isolation.late.directionOf(loss, run.endedAtUs)
      : loss.direction;
  const names = { addresses, source, clumps, loops, directionOf };
  const concluded = concludeVerdict(localisation, names, options.confidence);
  const hit = isolation.classesHit();
  const certain = withRefusals(withRivalCauses(withClasses(concluded, hit), run), refusing);
  const verdict = options.arePathsMixed ? suspected(certain) : certain;
  const losses = reportable(localisation, options.confidence);
  const lossy = new Set(losses.flatMap(({ flowsLossy }) => flowsLossy));
  const crossing = new Set(losses.flatMap(({ flowsAcross }) => flowsAcross));
  const summary = summaryOf(run, { verdict, refusing, localisation, hit });
  const probed = probedFlows(network, options);
  const flows = probed.map((each, index): FlowRecord => {
    const flow = counts.flows[index] ?? { responders: [], sent: [], received: [] };
    return {
      ...nameOf(each, probed),
      path: flow.responders.map((responder) => addressOrNull(addresses, responder)),
      sent: flow.sent,
      received: flow.received,
      changedPath: isolation.table.hasChangedPath(index),
      lossy: lossy.has(index),
    };
  });
  const tuples = (chosen: readonly number[]): FiveTuple[] =>
    inTurn(chosen, probed)
      .slice(0, REPRODUCE_FLOWS)
      .flatMap((flow) => fiveTuple(run, probed[flow]));
  const all = [...flows.keys()].filter((flow) => (flows[flow]?.sent.length ?? 0) > 0);
  const control =
    losses.length === 0
      ? []
      : all.filter((flow) => !crossing.has(flow) && isOfClasses(probed[flow], hit));
  return {
    ...verdict,
    summary,
    paths: pathTotals(localisation.graph, crossing, options.maxTtl),
    flows,
    reproduce: { faulty: tuples(all.filter((flow) => lossy.has(flow))), control: tuples(control) },
  };
}

/** The verdict where a path may be pieced together from several: what it blames may be wrong. */
function suspected(verdict: Verdict): Verdict {
  return verdict.verdict === 'loss-located' ? { ...verdict, verdict: 'loss-suspected' } : verdict;
}

/** The first flow to each target, then the second to each, and so on. */
function inTurn(chosen: readonly number[], probed: readonly ProbedFlow[]): number[] {
  const taken = new Map<number, number>();
  const ranked = chosen.map((flow) => {
    const target = probed[flow]?.targetIndex ?? 0;
    const turn = taken.get(target) ?? 0;
    taken.set(target, turn + 1);
    return { flow, turn };
  });
  return ranked.sort((a, b) => a.turn - b.turn).map(({ flow }) => flow);
}

/** The verdict, of which every suspect hits these classes alone. */
function withClasses(verdict: Verdict, hit: readonly number[] | undefined): Verdict {
  if (hit === undefined) return verdict;
  return {
    ...verdict,
    suspects: verdict.suspects.map((suspect) => ({ ...suspect, classes: hit })),
  };
}

function isOfClasses(flow: ProbedFlow | undefined, hit: readonly number[] | undefined): boolean {
  return hit === undefined || (flow !== undefined && hit.includes(flow.classIndex));
}

/** The source by its address or, where nobody told that, by its name. */
function sourceText({ source, sourceName }: MeasuredNetwork): string {
  return sourceName ?? formatIpAddress(source);
}

/** The verdict beside what could have been taken for the loss that it names. */
function withRivalCauses(verdict: Verdict, run: FinishedRun): Verdict {
  const { isolation, addresses, network } = run;
  const { late, table } = isolation;
  const losses = isolation.localisation().losses.flatMap(({ flowsAcross }) => flowsAcross);
  const lossesAt = (target: number): TargetLosses => {
    const flows = new Set(losses.filter((flow) => table.targetOf(flow) === target));
    return late.targetLosses(flows, run.endedAtUs);
  };
  const { socketDrops, sendErrors, loopDelayP99Ms, loopDelayMaxMs } = measurementOf(run);
  const source = sourceText(network);
  const host = { source, socketDrops, sendErrors, loopDelayP99Ms, loopDelayMaxMs };
  const probesLost = Math.max(0, ...verdict.suspects.map((suspect) => suspect.probesLost));
  return {
    ...verdict,
    verdict: withOwnHost(verdict.verdict, host, probesLost),
    rejected: [
      ...verdict.rejected,
      ...changedPaths(table.measured(), addresses),
      ...network.destinations.flatMap((each) => {
        const [target, address] = [addresses.indexOf(each), formatIpAddress(each)];
        return [
          ...(late.canBeRepeated ? returnLossRejected(lossesAt(target), address) : []),
          ...targetLimited(isolation.limitedTarget(target), address),
        ];
      }),
      ...ownHostCauses(host, probesLost),
    ],
  };
}

/** Of ICMP, the number is identifier and checksum, and there is no port. */
function fiveTuple(
  { network, options, family }: FinishedRun,
  flow: ProbedFlow | undefined,
): FiveTuple[] {
  const { protocol = 'tcp' } = options;
  if (flow === undefined) return [];
  const { source, destinations, port } = network;
  const destination = destinations[flow.targetIndex] ?? source;
  const classes = trafficClasses(options, family);
  const own = classes.length > 1 ? classes[flow.classIndex] : undefined;
  return [
    {
      protocol,
      source: formatIpAddress(source),
      sourcePort: flow.sourcePort,
      destination: formatIpAddress(destination),
      port: protocol === 'icmp' ? 0 : port,
      ...(own === undefined ? {} : { class: own }),
    },
  ];
}

function pathTotals(
  graph: PathGraph,
  crossing: ReadonlySet<number>,
  maxTtl: number,
): IsolateRecord['paths'] {
  const { classes, vertices, isTargetReached } = graph;
  const reached = new Set(classes.flatMap(({ isReached, target }) => (isReached ? [target] : [])));
  const goOn = new Set(endsAt(graph, maxTtl));
  // Where others reach the target, a path that does not may only not have been probed to its end.
  const isCut = (path: PathGraph['classes'][number]): boolean =>
    (!isTargetReached && !reached.has(path.target)) ||
    vertices[path.vertices.at(-1) ?? 0]?.kind === 'unseen';
  return {
    found: classes.length,
    lossy: classes.filter(({ flows }) => flows.some((flow) => crossing.has(flow))).length,
    broken: classes.filter((path) => !path.isReached && !goOn.has(path) && isCut(path)).length,
  };
}

function measurementOf({
  network,
  options,
  isolation,
  counters,
  loopDelays,
}: FinishedRun): IsolateRecord['measurement'] {
  const { socketDrops, clockSteps = 0, wrongChecksums = 0 } = network.link.counters();
  return {
    socketDrops,
    sendErrors: Object.values(counters.sendErrors).reduce((sum, count) => sum + count, 0),
    foreignReplies: counters.foreignReplies,
    malformed: counters.malformed + wrongChecksums,
    lateReplies: counters.lateReplies,
    duplicates: counters.duplicates,
    ...loopDelays,
    clockSteps,
    skippedPorts: network.skippedPorts,
    notes: [...network.notes, ...flowsLeftOut(isolation, options)],
  };
}

function flowsLeftOut(
  { chosenFlows, table, stopReason }: Isolation,
  { maxProbes, flagNames = FLAG_NAMES }: IsolateOptions,
): string[] {
  if (chosenFlows.length === table.flows || stopReason === 'recorded') return [];
  return [
    `${chosenFlows.length} of ${table.flows} flows were probed: ` +
      `${flagNames.maxProbes} ${maxProbes} suffices for no more`,
  ];
}
