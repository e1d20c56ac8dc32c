/**
 * One engine and one set of sockets for all traces that run at a time. It opens with the first
 * trace and is closed after the last.
 */

import type { TraceProbe } from '../algorithms/trace/hop.ts';
import { Trace } from '../algorithms/trace/trace.ts';
import type { TraceSettings } from '../algorithms/trace/trace-options.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { LinkCounters, PacketLink } from '../model/packet-link.ts';
import type { ProbeSink } from '../model/probe.ts';
import type { TraceRung } from '../model/trace-record.ts';
import { type FlowRequest, ProbeEngine } from '../probing/probe-engine.ts';
import { StationLoop, type StationTask } from './station-loop.ts';
import type { Timeline } from './timeline.ts';

/** Where traces run. */
export interface StationParts {
  readonly engine: ProbeEngine;
  readonly link: PacketLink;
  readonly timeline: Timeline;
  readonly addresses: AddressBook;
  readonly rung: TraceRung;
  readonly notes: readonly string[];
  counters(): LinkCounters;
  close(): void;
}

/** One trace to run. */
export interface TraceRequest {
  readonly flow: FlowRequest;
  readonly settings: TraceSettings;
  readonly signal?: AbortSignal | undefined;
  /** Hears of every probe that has its outcome. */
  readonly settled?: ((probe: TraceProbe) => void) | undefined;
}

/** A trace that is over. */
export interface FinishedTrace {
  readonly trace: Trace;
  readonly startedAtUs: number;
  readonly endedAtUs: number;
}

/** Runs any number of traces over one engine. */
export class TraceStation {
  readonly parts: StationParts;
  readonly #loop: StationLoop;

  constructor(parts: StationParts) {
    this.parts = parts;
    this.#loop = new StationLoop(parts);
  }

  /** Packets wait at the sockets. */
  readable(): void {
    this.#loop.readable();
  }

  /** Runs one trace to its end. Rejects when the sockets fail. */
  async run({ flow, settings, signal, settled }: TraceRequest): Promise<FinishedTrace> {
    const { engine, timeline } = this.parts;
    const sink = sinkOf(
      () => trace,
      () => this.#loop.touch(task),
    );
    const index = engine.addFlow(flow, sink);
    const order = (ttl: number, round: number): void => engine.order(index, ttl, round);
    const environment = settled === undefined ? { order } : { order, settled };
    const trace = new Trace(settings, environment, timeline.nowUs());
    const task: StationTask = {
      get isOver() {
        return trace.stopReason !== undefined;
      },
      advance: (nowUs) => trace.advance(nowUs),
      deadlineUs: () => trace.deadlineUs(),
      abort: () => trace.abort('aborted'),
      release: (nowUs) => engine.releaseFlow(index, nowUs),
    };
    return { trace, ...(await this.#loop.run(task, signal)) };
  }
}

/** The engine's own idea of what is lost is of no interest: each trace has its own patience. */
function sinkOf(trace: () => Trace, touch: () => void): ProbeSink {
  return {
    sent: (_flow, ttl, round, sentAtUs) => {
      trace().sent(ttl, round, sentAtUs);
      touch();
    },
    replied: (reply) => {
      trace().replied(reply);
      touch();
    },
    repliedLate: (reply) => {
      trace().replied(reply);
      touch();
    },
    lost: () => {},
    unsent: (_flow, ttl, round, error) => {
      trace().unsent(ttl, round, error);
      touch();
    },
  };
}

type EngineTraits = Omit<
  ConstructorParameters<typeof ProbeEngine>[0],
  'flows' | 'destinationPort' | 'tos'
>;

/** An engine for a station, without flows: each trace brings its own. */
export function stationEngine(traits: EngineTraits): ProbeEngine {
  return new ProbeEngine({ ...traits, flows: [], destinationPort: 0, tos: 0 }, NOBODY);
}

const NOBODY = { replied() {}, repliedLate() {}, lost() {}, unsent() {} };
