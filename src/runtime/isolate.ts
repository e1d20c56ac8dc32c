/** One `isolate` run: puts algorithm, engine and network together and writes the record. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Isolation, type IsolationOptions } from '../algorithms/isolation/isolation.ts';
import { familyOf, formatIpAddress } from '../lib/ip-address.ts';
import { Random } from '../lib/random.ts';
import { AddressBook } from '../model/address-book.ts';
import type { IsolateRecord } from '../model/isolate-record.ts';
import type { Prober, ProbeSink } from '../model/probe.ts';
import { type EngineCounters, ProbeEngine } from '../probing/probe-engine.ts';
import { recordOf } from './isolation-record.ts';
import type { Network } from './network.ts';
import { runProbing } from './run-loop.ts';

export interface IsolateOptions extends Omit<IsolationOptions, 'flows' | 'target' | 'source'> {
  /** The target as the user named it. */
  readonly targetName: string;
  /** Name of the scenario that the network simulates. */
  readonly simulated: string | null;
  readonly tos: number;
  /** Probes a second: towards one interface at most, and in all. */
  readonly perInterface: number;
  readonly total: number;
  readonly seed: number;
}

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
}

const PROGRESS_EVERY_US = 100_000;
const LOOP_DELAY_RESOLUTION_MS = 10;
const FLOW_LABELS = 2 ** 20;

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
  const { engine, isolation } = compose(network, options, { addresses, labels });
  const startedAt = new Date();
  const startedAtUs = timeline.nowUs();
  const progress = progressTeller(watcher, startedAtUs);
  const delays = monitorEventLoopDelay({ resolution: LOOP_DELAY_RESOLUTION_MS });
  delays.enable();
  try {
    await runProbing({
      engine,
      link,
      timeline,
      signal: watcher.signal,
      advance: (nowUs) => {
        isolation.advance(nowUs);
        progress(nowUs, engine.counters, isolation.roundsOver);
        return isolation.deadlineUs(nowUs);
      },
      isDone: () => isolation.stopReason !== undefined,
    });
  } finally {
    delays.disable();
  }
  const delayP99Ms = Math.max(0, delays.percentile(99) / 1e6 - LOOP_DELAY_RESOLUTION_MS);
  return recordOf({
    options,
    network,
    family: familyOf(network.destination),
    isolation,
    counters: engine.counters,
    addresses,
    labels,
    startedAt,
    durationMs: Math.round((timeline.nowUs() - startedAtUs) / 1000),
    loopDelayP99Ms: options.simulated === null ? delayP99Ms : 0,
  });
}

/** The algorithm that asks and the engine that probes, each knowing the other by its interface. */
function compose(
  network: Network,
  options: IsolateOptions,
  { addresses, labels }: { addresses: AddressBook; labels: Map<number, readonly number[]> },
): { engine: ProbeEngine; isolation: Isolation } {
  const { source, destination, sourcePorts } = network;
  const random = new Random(options.seed);
  const isolation = new Isolation(
    {
      ...options,
      flows: sourcePorts.length,
      target: addresses.indexOf(destination),
      source: formatIpAddress(source),
    },
    lateBound(() => engine),
    { random: random.fork(), addresses },
  );
  const sink: ProbeSink = {
    replied: (reply) => {
      if (reply.mpls.length > 0) labels.set(reply.responder, [...reply.mpls]);
      isolation.replied(reply);
    },
    lost: (flow, ttl, round) => isolation.lost(flow, ttl, round),
    repliedLate: () => isolation.repliedLate(),
    unsent: (flow, ttl, round) => isolation.unsent(flow, ttl, round),
  };
  const engine: ProbeEngine = new ProbeEngine(
    {
      source,
      destination,
      destinationPort: network.port,
      tos: options.tos,
      flows: sourcePorts.map((sourcePort) => ({
        sourcePort,
        flowLabel: random.below(FLOW_LABELS),
      })),
      tokenKey: network.tokenKey,
      rates: { perInterface: options.perInterface, total: options.total },
      random: random.fork(),
      addresses,
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

/** A prober that is made only after the one who orders from it. */
function lateBound(engine: () => Prober): Prober {
  return {
    order: (flow, ttl, round) => engine().order(flow, ttl, round),
    get queued() {
      return engine().queued;
    },
    slowDown: (responder) => engine().slowDown(responder),
  };
}
