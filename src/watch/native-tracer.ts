/**
 * The tracer of our own engine: thousands of traces in one process, without any other program. Its
 * results are written as scamper writes them, and name the method that was used.
 */

import type { TraceRecord } from '../model/trace-record.ts';
import { formatScamperPaths } from '../report/paths-scamper.ts';
import { formatScamper, scamperCycleStart, scamperCycleStop } from '../report/trace-scamper.ts';
import { findPaths } from '../runtime/paths.ts';
import { trace as runTrace } from '../runtime/trace.ts';
import type { Connection } from './connection.ts';
import { withGaplint } from './gaplint.ts';
import {
  TraceFailure,
  type TraceFailureCode,
  type TraceRequest,
  type TraceResult,
  type Tracer,
} from './tracer.ts';

/** What a trace is: every path, or one. */
export type NativeKind = 'paths' | 'trace';
/** By which packets. */
export type NativeMethod = 'icmp' | 'udp';

export interface NativeTracerOptions {
  readonly kind: NativeKind;
  readonly method: NativeMethod;
  /** Whether to look up names of addresses. */
  readonly names: boolean;
  /** Probes a second in all, of all traces; the engine's own default unless told. */
  readonly rate?: number | undefined;
  /** Probes a second towards one interface. */
  readonly ratePerInterface?: number | undefined;
  /** Goes into cycle-start. */
  readonly hostname: string;
  /** The engine; another in tests. */
  readonly engine?: NativeEngine;
}

/** As much of the engine as is used. */
export interface NativeEngine {
  readonly findPaths: typeof findPaths;
  readonly trace: typeof runTrace;
}

const ENGINE: NativeEngine = { findPaths, trace: runTrace };
/** The host cannot do it at the moment, whatever the target. */
const UNAVAILABLE: ReadonlySet<unknown> = new Set([
  'RAW_SOCKET_DENIED',
  'PORTS_UNAVAILABLE',
  'PLATFORM_UNSUPPORTED',
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
]);

/** Our own tracer. */
export class NativeTracer implements Tracer {
  readonly name = 'native';
  readonly #options: NativeTracerOptions;
  readonly #running = new Set<AbortController>();

  constructor(options: NativeTracerOptions) {
    this.#options = options;
  }

  async trace(connection: Connection, request: TraceRequest): Promise<TraceResult> {
    const end = new AbortController();
    const stop = (): void => end.abort();
    const { signal } = end;
    request.signal.addEventListener('abort', stop, { once: true });
    if (request.signal.aborted) stop();
    this.#running.add(end);
    try {
      const lines =
        this.#options.kind === 'paths'
          ? await this.#paths(connection, signal)
          : await this.#trace(connection, signal);
      return { tracer: 'native', uuid: request.uuid, ...lines };
    } catch (error) {
      throw failureFrom(error, signal);
    } finally {
      request.signal.removeEventListener('abort', stop);
      this.#running.delete(end);
    }
  }

  async close(): Promise<void> {
    for (const end of this.#running) end.abort();
  }

  async #paths(connection: Connection, signal: AbortSignal): Promise<Lines> {
    const { hostname, engine = ENGINE } = this.#options;
    const options = { ...this.#commonOptions(connection), signal };
    const { record, replies } = await engine.findPaths(connection.remoteAddress, options);
    requireComplete(record);
    const text = formatScamperPaths(record, replies, hostname);
    const startedAtMs = wholeSeconds(record.startedAt);
    return { kind: 'tracelb', text: withGaplint(text), startedAtMs, hostname };
  }

  async #trace(connection: Connection, signal: AbortSignal): Promise<Lines> {
    const { hostname, engine = ENGINE } = this.#options;
    const options = { ...this.#commonOptions(connection), signal };
    const record = await engine.trace(connection.remoteAddress, options);
    requireComplete({ ...record, probesSent: record.measurement.probesSent });
    const startedAtMs = wholeSeconds(record.startedAt);
    return { kind: 'trace', text: traceLines(record, hostname), startedAtMs, hostname };
  }

  #commonOptions({ localAddress, family }: Connection) {
    const { method: protocol, names, rate, ratePerInterface } = this.#options;
    return {
      protocol,
      names,
      family,
      // The client's packets come to this address: the paths from it are those that matter.
      source: localAddress,
      ...(rate === undefined ? {} : { rate }),
      ...(ratePerInterface === undefined ? {} : { ratePerInterface }),
    };
  }
}

type Lines = Pick<TraceResult, 'kind' | 'text' | 'startedAtMs' | 'hostname'>;

function traceLines(record: TraceRecord, hostname: string): string {
  const startSeconds = wholeSeconds(record.startedAt) / 1000;
  const stopSeconds = Math.ceil(startSeconds + record.durationMs / 1000);
  return [
    scamperCycleStart({ hostname, nowSeconds: () => startSeconds, isNumeric: false }),
    formatScamper(record),
    scamperCycleStop({ hostname, nowSeconds: () => stopSeconds, isNumeric: false }),
  ].join('');
}

function wholeSeconds(time: string): number {
  return 1000 * Math.floor(Date.parse(time) / 1000);
}

function requireComplete({
  partial,
  probesSent,
}: {
  readonly partial: boolean;
  readonly probesSent: number;
}): void {
  if (partial) throw new TraceFailure('timeout', 'the trace was broken off');
  if (probesSent === 0) throw new TraceFailure('garbage', 'not one probe could be sent');
}

function failureFrom(error: unknown, signal: AbortSignal): TraceFailure {
  if (error instanceof TraceFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  if (signal.aborted)
    return new TraceFailure('timeout', 'the trace was broken off', { cause: error });
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  const code: TraceFailureCode = UNAVAILABLE.has(errno) ? 'unavailable' : 'crashed';
  return new TraceFailure(code, message, { cause: error });
}
