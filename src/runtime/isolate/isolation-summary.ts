/** The facts of a finished run that its sentence needs. */

import { classText } from '../../algorithms/isolation/class-text.ts';
import { listed } from '../../algorithms/isolation/sentence-text.ts';
import { summarise } from '../../algorithms/isolation/summary.ts';
import type { RefusingRouter, Verdict } from '../../algorithms/isolation/verdict.ts';
import type { Localisation } from '../../algorithms/localisation/localise.ts';
import { endsAt, type PathGraph } from '../../algorithms/localisation/path-graph.ts';
import { isEndToEnd } from '../../algorithms/localisation/unprobed-hops.ts';
import type { AddressBook } from '../../model/address-book.ts';
import type { PathCounts } from '../../model/path-counts.ts';
import type { FinishedRun } from './isolate-run.ts';
import { trafficClasses } from './probed-flows.ts';

/** What was concluded from the counts. */
interface Concluded {
  readonly verdict: Verdict;
  readonly refusing: readonly RefusingRouter[];
  readonly localisation: Localisation;
  /** The classes that alone are hit; undefined where all are alike. */
  readonly hit: readonly number[] | undefined;
}

/** Targets that a sentence names; others are counted. */
const TARGETS_NAMED = 3;

/** The run in one sentence. */
export function summaryOf(run: FinishedRun, concluded: Concluded): string {
  const { options, network, isolation, counters, addresses } = run;
  const { verdict, refusing, localisation, hit } = concluded;
  const { graph } = localisation;
  const chosen = hit === undefined ? isolation.chosenFlows : isolation.chosenOf(hit);
  const { targetNames } = options;
  const allNames = listed(targetNames, TARGETS_NAMED, 'and');
  const targets = network.destinations.map((each) => addresses.indexOf(each));
  const namesOf = (some: readonly number[]): string =>
    listed(
      some.map((target) => targetNames[targets.indexOf(target)] ?? ''),
      TARGETS_NAMED,
      'and',
    );
  const gone = unreachedTargets(run, targets);
  const reached = targets.filter((target) => !gone.includes(target));
  const blamed = verdict.suspects[0]?.addresses[0];
  return summarise({
    ...verdict,
    confidence: options.confidence,
    isAllLimited: isAllLimited(run, localisation),
    excludedElsewhere: localisation.excludedElsewhere,
    target: allNames,
    targetAddresses: targets.map((each) => addresses.textOf(each)),
    ...(targets.length === 1
      ? {}
      : {
          blamedTarget: namesOf(targets.filter((each) => addresses.textOf(each) === blamed)),
          unreached: {
            target: namesOf(gone),
            flows: chosen.filter((flow) => gone.includes(isolation.table.targetOf(flow))).length,
            others: namesOf(reached),
          },
        }),
    flows: chosen.length,
    onlyPackets: hit && classText(trafficClasses(options, run.family), hit),
    pathsFound: graph.classes.length,
    probesSent: counters.probesSent,
    repliesReceived: counters.repliesReceived,
    sprayed: [...isolation.table.measured().clumps.values()].map((members) =>
      members.map(({ address }) => addresses.textOf(address)),
    ),
    refusing: refusing.map(({ address, flows: { length } }) => ({ address, flows: length })),
    probesNeeded: isolation.probesNeeded,
    exclude: options.exclude,
    loops: [...isolation.table.measured().loops].map(([from, to]) => ({
      from: addresses.textOf(from),
      to: addresses.textOf(to),
    })),
    lastHops: lastHops(graph, gone, addresses),
    tooSmallMaxTtl: hasEndedAtMaxTtl(graph, options.maxTtl) ? options.maxTtl : undefined,
    atMaxTtl: probesAt(graph, options.maxTtl),
    flagNames: options.flagNames,
    unprobed: localisation.unprobed && {
      ...localisation.unprobed,
      minTtl: options.minTtl,
      endToEnd: endToEndBy(graph),
    },
  });
}

/** Whether a target was found to limit its replies, and no router answers enough to test a link. */
function isAllLimited(
  { isolation, addresses, network }: FinishedRun,
  found: Localisation,
): boolean {
  const isTargetLimited = network.destinations.some(
    (each) => isolation.limitedTarget(addresses.indexOf(each)) !== undefined,
  );
  return isTargetLimited && found.excludedLossRatio === 1 && found.unprobed === undefined;
}

/** Why only whole flows were measured; undefined where routers answered, too. */
function endToEndBy(graph: PathGraph): 'at-target' | 'silent' | undefined {
  if (!isEndToEnd(graph)) return undefined;
  const isAtTarget = graph.minTtl > 1 && graph.classes.every(({ vertices }) => vertices.length < 2);
  return isAtTarget ? 'at-target' : 'silent';
}

/** Targets that no flow gets to. */
function unreachedTargets({ isolation }: FinishedRun, targets: readonly number[]): number[] {
  const { table } = isolation;
  const reached = new Set(
    isolation.chosenFlows.flatMap((flow) =>
      table.reachedHop(flow) === undefined ? [] : [table.targetOf(flow)],
    ),
  );
  return targets.filter((target) => !reached.has(target));
}

/** Routers that refuse to forward flows, those with most flows first. */
export function refusingRouters(
  { isolation, addresses }: FinishedRun,
  counts: PathCounts,
): RefusingRouter[] {
  const routers = new Map<string, { address: string; ttl: number; flows: number[] }>();
  for (const flow of isolation.chosenFlows) {
    const refusal = isolation.table.refusal(flow);
    if (refusal === undefined) continue;
    const address = addresses.textOf(refusal.responder);
    const known = routers.get(address) ?? { address, ttl: counts.minTtl + refusal.hop, flows: [] };
    routers.set(address, known);
    known.flows.push(flow);
  }
  return [...routers.values()].sort((a, b) => b.flows.length - a.flows.length);
}

/** Where paths to targets end that nobody gets to. */
function lastHops(
  { classes, vertices }: PathGraph,
  gone: readonly number[],
  addresses: AddressBook,
): string[] {
  const ends = classes
    .filter(({ target }) => gone.includes(target))
    .map((path) => vertices[path.vertices.at(-1) ?? 0]);
  const known = ends.flatMap((end) =>
    end?.kind === 'interface' ? [addresses.textOf(end.address)] : [],
  );
  return [...new Set(known)];
}

/** Whether routers answered even at the largest TTL: the target may be farther away. */
function hasEndedAtMaxTtl(graph: PathGraph, maxTtl: number): boolean {
  return !graph.isTargetReached && endsAt(graph, maxTtl).length > 0;
}

/** Probes to the routers at the end of paths that were followed to this TTL. */
function probesAt(graph: PathGraph, maxTtl: number): { sent: number; unanswered: number } {
  let [sent, received] = [0, 0];
  for (const { cells } of endsAt(graph, maxTtl)) {
    const cell = graph.cells[cells.at(-1) ?? -1];
    sent += cell?.sent ?? 0;
    received += cell?.received ?? 0;
  }
  return { sent, unanswered: sent - received };
}
