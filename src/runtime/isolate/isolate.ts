/** One `isolate` run: puts algorithm, engine and network together and writes the record. */

import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout } from 'node:timers/promises';
import { Isolation } from '../../algorithms/isolation/isolation.ts';
import { familyOf, formatIpAddress } from '../../lib/ip-address.ts';
import { Random } from '../../lib/random.ts';
import { AddressBook } from '../../model/address-book.ts';
import type { FlowRecord, IsolateRecord, LoopDelays } from '../../model/isolate-record.ts';
import type { ProbeSink } from '../../model/probe.ts';
import { type EngineCounters, ProbeEngine } from '../../probing/probe-engine.ts';
import { HostError } from '../host/host-error.ts';
import type { Network } from '../links/network.ts';
import { runProbing } from '../run-loop.ts';
import { ExtraRounds } from './extra-rounds.ts';
import type { IsolateOptions } from './isolate-run.ts';
import { flowPaths, recordOf } from './isolation-record.ts';
import { flowRequests, probedFlows } from './probed-flows.ts';

export interface IsolateProgress {
  readonly elapsedUs: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  readonly roundsOver: number;
}

/** Hears how a run goes on, and can end it. */
export interface IsolateWatcher {
  readonly signal?: AbortSignal;
  /** Called every `PROGRESS_EVERY_US` of the run's own time. */
  readonly progress?: (progress: IsolateProgress) => void;
  /** Called when rounds are over. */
  readonly round?: (round: IsolateRound) => void;
}

/** What is known when a round is over. */
export interface IsolateRound extends IsolateProgress {
  /** What answers each flow, as in the flows of the record; computed by the call. */
  readonly flows: () => Pick<FlowRecord, 'target' | 'sourcePort' | 'class' | 'path'>[];
}

/** Longer than a route is usually gone while routing finds another. */
const REFUSED_FOR_US = 3_000_000;
const PROGRESS_EVERY_US = 100_000;
const LOOP_DELAY_RESOLUTION_MS = 10;

/**
 * Measures until the answer is sure, or time, probes or patience run out.
 *
 * @param network open; the caller closes it
 */
export async function runIsolate(
  network: Network,
  options: IsolateOptions,
  watcher: IsolateWatcher = {},
): Promise<IsolateRecord> {
  const { link, timeline } = network;
  const addresses = new AddressBook();
  const labels = new Map<number, readonly number[]>();
  const flows = probedFlows(network, options);
  const { engine, isolation } = compose(network, options, { addresses, labels });
  const extra = options.untilMaxTime
    ? new ExtraRounds(isolation, engine, { ...options, flows: flows.length })
    : undefined;
  const startedAt = network.replayed?.startedAt ?? new Date().toISOString();
  const startedAtUs = timeline.nowUs();
  const progress = progressTeller(watcher, startedAtUs);
  const round = roundTeller(watcher, startedAtUs, () => flowPaths(isolation, flows, addresses));
  const delays = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  delays.enable();
  try {
    await runProbing({
      engine,
      link,
      timeline,
      signal: watcher.signal,
      advance: (nowUs) => {
        isolation.advance(nowUs, engine);
        checkSending(engine.counters, nowUs - startedAtUs);
        extra?.advance();
        progress(nowUs, engine.counters, isolation.roundsOver);
        round(nowUs, engine.counters, isolation.roundsOver);
        return isolation.deadlineUs(nowUs);
      },
      isDone: () => isolation.stopReason !== undefined && (extra?.isOver(timeline.nowUs()) ?? true),
    });
    // A stall that ends with the run is noted by a timer that is due before this one.
    if (options.simulated === null && network.replayed === undefined) await setTimeout(0);
  } finally {
    delays.disable();
  }
  return recordOf({
    options,
    network,
    family: familyOf(network.source),
    isolation,
    counters: engine.counters,
    addresses,
    labels,
    startedAt,
    endedAtUs: timeline.nowUs(),
    durationMs: Math.round((timeline.nowUs() - startedAtUs) / 1000),
    loopDelays: network.replayed?.loopDelays ?? loopDelaysOf(delays, options),
  });
}

/** Simulated networks have a time of their own, which waits for nobody. */
function loopDelaysOf(
  delays: IntervalHistogram,
  { simulated }: Pick<IsolateOptions, 'simulated'>,
): LoopDelays {
  if (simulated !== null) return { loopDelayP99Ms: 0, loopDelayMaxMs: 0 };
  const millisecondsOf = (ns: number): number =>
    Math.round(10 * Math.max(0, ns / 1e6 - LOOP_DELAY_RESOLUTION_MS)) / 10;
  return {
    loopDelayP99Ms: millisecondsOf(delays.percentile(99)),
    loopDelayMaxMs: delays.count === 0 ? 0 : millisecondsOf(delays.max),
  };
}

/** The algorithm that asks and the engine that probes, each knowing the other by its interface. */
function compose(
  network: Network,
  options: IsolateOptions,
  { addresses, labels }: { addresses: AddressBook; labels: Map<number, readonly number[]> },
): { engine: ProbeEngine; isolation: Isolation } {
  const { source, destinations } = network;
  const targets = destinations.map((each) => addresses.indexOf(each));
  const [destination = source] = destinations;
  const random = new Random(options.seed);
  const isolation = new Isolation(
    {
      ...options,
      flows: probedFlows(network, options).length,
      classes: options.classes?.length ?? 1,
      mayTargetLimit: options.protocol === 'udp',
      target: targets[0] ?? 0,
      targets,
      source: formatIpAddress(source),
    },
    { random: random.fork(), addresses },
  );
  const sink: ProbeSink = {
    replied: (reply) => {
      if (reply.mpls.length > 0) labels.set(reply.responder, [...reply.mpls]);
      isolation.replied(reply);
    },
    lost: (...probe) => isolation.lost(...probe),
    repliedLate: (reply) => isolation.repliedLate(reply),
    unsent: (flow, ttl, round) => isolation.unsent(flow, ttl, round),
  };
  const engine: ProbeEngine = new ProbeEngine(
    {
      source,
      destination,
      destinationPort: network.port,
      tos: options.tos,
      flows: flowRequests(network, options, random),
      tokenKey: network.tokenKey,
      rates: { perInterface: options.perInterface, total: options.total, isEven: true },
      random: random.fork(),
      addresses,
      ownAddresses: network.ownAddresses ?? [],
    },
    sink,
  );
  return { engine, isolation };
}

/** Tells the watcher how things are, not too often. */
function progressTeller(
  { progress }: IsolateWatcher,
  startedAtUs: number,
): (nowUs: number, counters: EngineCounters, roundsOver: number) => void {
  let toldAtUs = startedAtUs;
  return (nowUs, { probesSent, repliesReceived }, roundsOver) => {
    if (nowUs < toldAtUs + PROGRESS_EVERY_US) return;
    toldAtUs = nowUs;
    progress?.({ elapsedUs: nowUs - startedAtUs, probesSent, repliesReceived, roundsOver });
  };
}

/** Tells the watcher of rounds, each time that more are over. */
function roundTeller(
  { round }: IsolateWatcher,
  startedAtUs: number,
  flows: IsolateRound['flows'],
): (nowUs: number, counters: EngineCounters, roundsOver: number) => void {
  let toldRounds = 0;
  return (nowUs, { probesSent, repliesReceived }, roundsOver) => {
    if (roundsOver === toldRounds) return;
    toldRounds = roundsOver;
    const elapsedUs = nowUs - startedAtUs;
    round?.({ elapsedUs, probesSent, repliesReceived, roundsOver, flows });
  };
}

/**
 * Gives up where the host sends nothing at all: what it refuses now and then, it may permit later.
 *
 * @throws {HostError} `SEND_REFUSED`
 */
function checkSending({ probesSent, sendErrors }: EngineCounters, elapsedUs: number): void {
  const [error] = Object.keys(sendErrors);
  if (probesSent > 0 || error === undefined || elapsedUs < REFUSED_FOR_US) return;
  const seconds = REFUSED_FOR_US / 1e6;
  throw new HostError(
    'SEND_REFUSED',
    `this host sent no probe for ${seconds} s, as its kernel refused each with ${error}: ` +
      "check the firewall's output rules and the route to the target",
  );
}
