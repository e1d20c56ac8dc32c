/**
 * One engine and one set of sockets for all traces that run at a time. It opens with the first
 * trace and is closed after the last.
 */

import type { TraceProbe } from '../algorithms/trace/hop.ts';
import { Trace } from '../algorithms/trace/trace.ts';
import type { TraceSettings } from '../algorithms/trace/trace-options.ts';
import { MinHeap } from '../lib/min-heap.ts';
import type { AddressBook } from '../model/address-book.ts';
import type { LinkCounters, PacketLink } from '../model/packet-link.ts';
import type { ProbeSink } from '../model/probe.ts';
import type { TraceRung } from '../model/trace-record.ts';
import { type FlowRequest, ProbeEngine } from '../probing/probe-engine.ts';
import { runProbing } from './run-loop.ts';
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

interface ActiveTrace {
  readonly trace: Trace;
  readonly flow: number;
  readonly startedAtUs: number;
  /** The earliest place that it has in the schedule. */
  scheduledUs: number;
  readonly finish: (finished: FinishedTrace) => void;
  readonly fail: (error: unknown) => void;
}

interface Appointment {
  readonly active: ActiveTrace;
  readonly dueUs: number;
}

/** Runs any number of traces over one engine. */
export class TraceStation {
  readonly parts: StationParts;
  readonly #active = new Set<ActiveTrace>();
  readonly #touched = new Set<ActiveTrace>();
  readonly #schedule = new MinHeap<Appointment>(({ dueUs }) => dueUs);
  #isRunning = false;

  constructor(parts: StationParts) {
    this.parts = parts;
  }

  /** Runs one trace to its end. Rejects when the sockets fail. */
  run({ flow, settings, signal, settled }: TraceRequest): Promise<FinishedTrace> {
    const { engine, timeline } = this.parts;
    return new Promise((resolve, reject) => {
      const startedAtUs = timeline.nowUs();
      const sink = sinkOf(
        () => active.trace,
        () => this.#touched.add(active),
      );
      const index = engine.addFlow(flow, sink);
      const order = (ttl: number, round: number): void => engine.order(index, ttl, round);
      const environment = settled === undefined ? { order } : { order, settled };
      const abort = (): void => {
        active.trace.abort('aborted');
        this.#touched.add(active);
        timeline.wake();
      };
      const active: ActiveTrace = {
        trace: new Trace(settings, environment, startedAtUs),
        flow: index,
        startedAtUs,
        scheduledUs: Number.POSITIVE_INFINITY,
        finish: (finished) => {
          signal?.removeEventListener('abort', abort);
          resolve(finished);
        },
        fail: (error) => {
          signal?.removeEventListener('abort', abort);
          reject(error);
        },
      };
      this.#active.add(active);
      this.#touched.add(active);
      if (signal?.aborted) abort();
      else signal?.addEventListener('abort', abort, { once: true });
      this.#start();
    });
  }

  #start(): void {
    this.parts.timeline.wake();
    if (this.#isRunning) return;
    this.#isRunning = true;
    // In the next turn, so that traces that are started together set out together.
    setImmediate(() => {
      this.#loop().catch((error: unknown) => this.#failAll(error));
    });
  }

  async #loop(): Promise<void> {
    const { engine, link, timeline } = this.parts;
    await runProbing({
      engine,
      link,
      timeline,
      advance: (nowUs) => this.#advance(nowUs),
      isDone: () => this.#active.size === 0,
      hasNews: () => this.#touched.size > 0,
    });
    this.#isRunning = false;
  }

  /** @returns when it must be called again */
  #advance(nowUs: number): number {
    for (let next = this.#schedule.peek(); next !== undefined; next = this.#schedule.peek()) {
      if (next.dueUs > nowUs) break;
      this.#schedule.pop();
      if (next.dueUs !== next.active.scheduledUs) continue; // it has an earlier appointment since
      next.active.scheduledUs = Number.POSITIVE_INFINITY;
      this.#touched.add(next.active);
    }
    for (const active of this.#touched) this.#visit(active, nowUs);
    this.#touched.clear();
    return this.#schedule.peek()?.dueUs ?? Number.POSITIVE_INFINITY;
  }

  #visit(active: ActiveTrace, nowUs: number): void {
    const { trace, flow, startedAtUs } = active;
    if (!this.#active.has(active)) return;
    trace.advance(nowUs);
    if (trace.stopReason === undefined) {
      const dueUs = Math.max(nowUs + 1, Math.ceil(trace.deadlineUs()));
      if (dueUs >= active.scheduledUs) return;
      active.scheduledUs = dueUs;
      if (dueUs < Number.POSITIVE_INFINITY) this.#schedule.push({ active, dueUs });
      return;
    }
    this.#active.delete(active);
    this.parts.engine.releaseFlow(flow, nowUs);
    active.finish({ trace, startedAtUs, endedAtUs: nowUs });
  }

  #failAll(error: unknown): void {
    this.#isRunning = false;
    for (const active of this.#active) active.fail(error);
    this.#active.clear();
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
