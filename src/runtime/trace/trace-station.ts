/**
 * One engine and one set of sockets for all traces that run at a time. It opens with the first
 * trace and is closed after the last.
 */

import { Trace, type TraceEnvironment } from '../../algorithms/trace/trace.ts';
import type { TraceSettings } from '../../algorithms/trace/trace-options.ts';
import type { TraceProbe } from '../../algorithms/trace/trace-probes.ts';
import type { ProbeReply, ProbeSink } from '../../model/probe.ts';
import type { SpoilCounts } from '../../model/spoil-counts.ts';
import type { FlowRequest, ProbeEngine } from '../../probing/probe-engine.ts';
import { spoilCounts, spoilsBetween } from '../links/spoil-counts.ts';
import { StationLoop, type StationTask } from '../links/station-loop.ts';
import type { StationParts } from '../links/station-parts.ts';

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
  readonly spoils: SpoilCounts;
}

/** Runs any number of traces over one engine. */
export class TraceStation {
  readonly parts: StationParts;
  readonly #loop: StationLoop;
  #counted: { readonly turn: number; readonly spoils: SpoilCounts } | undefined;

  constructor(parts: StationParts) {
    this.parts = parts;
    this.#loop = new StationLoop(parts);
  }

  /** Packets wait at the sockets. */
  readable(): void {
    this.#loop.readable();
  }

  /** Runs one trace to its end. Rejects when the sockets fail. */
  run(request: TraceRequest): Promise<FinishedTrace> {
    const before = this.#spoilsNow();
    const { trace, over } = this.#start(request);
    return over.then((times) => {
      return { trace, ...times, spoils: spoilsBetween(before, this.#spoilsNow()) };
    });
  }

  /** The sockets are asked once for all that begin or end together: that is a system call each. */
  #spoilsNow(): SpoilCounts {
    const { turns: turn } = this.#loop;
    if (this.#counted?.turn === turn) return this.#counted.spoils;
    const spoils = spoilCounts(this.parts, this.#counted?.spoils);
    this.#counted = { turn, spoils };
    setImmediate(() => (this.#counted = undefined)).unref();
    return spoils;
  }

  /** Apart, so that a trace that is waited for keeps nothing of its request. */
  #start(request: TraceRequest) {
    const task = new TraceTask(request, this.parts, this.#loop);
    return { trace: task.trace, over: this.#loop.run(task, request.signal) };
  }
}

/**
 * A trace between the loop and the engine. The engine's own idea of what is lost is of no interest:
 * each trace has its own patience.
 */
class TraceTask implements StationTask, ProbeSink, TraceEnvironment {
  readonly trace: Trace;
  readonly settled: TraceRequest['settled'];
  readonly #engine: ProbeEngine;
  readonly #loop: StationLoop;
  readonly #flow: number;

  constructor(
    { flow, settings, settled }: TraceRequest,
    { engine, timeline }: StationParts,
    loop: StationLoop,
  ) {
    this.settled = settled;
    this.#engine = engine;
    this.#loop = loop;
    this.#flow = engine.addFlow(flow, this);
    this.trace = new Trace(settings, this, timeline.nowUs());
  }

  get isOver(): boolean {
    return this.trace.stopReason !== undefined;
  }

  advance(nowUs: number): void {
    this.trace.advance(nowUs);
  }

  deadlineUs(): number {
    return this.trace.deadlineUs();
  }

  abort(): void {
    this.trace.abort('aborted');
  }

  release(nowUs: number): void {
    this.#engine.releaseFlow(this.#flow, nowUs);
  }

  order(ttl: number, round: number): void {
    this.#engine.order(this.#flow, ttl, round);
  }

  sent(_flow: number, ttl: number, round: number, sentAtUs: number): void {
    this.trace.sent(ttl, round, sentAtUs);
    this.#loop.touch(this);
  }

  replied(reply: ProbeReply): void {
    this.trace.replied(reply);
    this.#loop.touch(this);
  }

  repliedLate(reply: ProbeReply): void {
    this.replied(reply);
  }

  lost(): void {}

  unsent(_flow: number, ttl: number, round: number, error?: string): void {
    this.trace.unsent(ttl, round, error);
    this.#loop.touch(this);
  }
}
