/**
 * The tracer of our own engine: thousands of traces in one process, without any other program. Its
 * results are written as scamper writes them, and name the method that was used.
 */

import { reasonOf } from '../lib/reason.ts';
import {
  isReply,
  type TraceRecord,
  type TraceReply,
  type TraceStar,
} from '../model/trace-record.ts';
import { formatScamperPaths } from '../report/paths/paths-scamper.ts';
import {
  formatScamper,
  scamperCycleStart,
  scamperCycleStop,
} from '../report/trace/trace-scamper.ts';
import { findPaths } from '../runtime/paths/paths.ts';
import { holdPathsSockets } from '../runtime/paths/paths-network.ts';
import { completePathsOptions } from '../runtime/paths/paths-options.ts';
import { holdSockets, trace as runTrace, type TraceOptions } from '../runtime/trace/trace.ts';
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
/**
 * By which packets. `tcp-ack` follows the connection itself: ICMP tells how far the client is, then
 * segments with the connection's own addresses and ports go as far as the hop before it. Where ICMP
 * cannot tell, the ICMP trace is the result.
 */
export type NativeMethod = 'icmp' | 'udp' | 'tcp-ack';

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

/** One of each family, for all. */
const ANY_TARGETS = ['0.0.0.0', '::'];
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
  readonly #held: { release(): void }[] = [];

  /** @throws {RangeError} for paths by tcp-ack: a connection has one flow */
  constructor(options: NativeTracerOptions) {
    if (options.kind === 'paths' && options.method === 'tcp-ack') {
      throw new RangeError('method tcp-ack follows one flow: kind must be trace');
    }
    this.#options = options;
  }

  /**
   * Opens the sockets that all traces share, and keeps them: after it the right to open them can be
   * given up.
   *
   * @throws {HostError} RAW_SOCKET_DENIED for paths; single traces can do without
   */
  async hold(): Promise<void> {
    const { kind, method } = this.#options;
    const given = this.#probeOptions();
    if (kind === 'paths') {
      this.#held.push(await holdPathsSockets(completePathsOptions(given)));
      return;
    }
    this.#held.push(await holdSockets(ANY_TARGETS, given));
    if (method !== 'tcp-ack') return;
    const borrowed = { ...given, protocol: 'tcp-ack', sourcePort: 1, borrowsPort: true } as const;
    this.#held.push(await holdSockets(ANY_TARGETS, borrowed));
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
          : await this.#single(connection, signal);
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
    for (const held of this.#held.splice(0)) held.release();
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

  async #single(connection: Connection, signal: AbortSignal): Promise<Lines> {
    const { hostname, method } = this.#options;
    const common = { ...this.#commonOptions(connection), signal };
    const direct = await this.#trace(connection, common);
    const distance = method === 'tcp-ack' ? distanceOf(direct) : undefined;
    const record =
      distance === undefined || distance < 2
        ? direct
        : await this.#trace(connection, {
            ...common,
            protocol: 'tcp-ack',
            port: connection.remotePort,
            sourcePort: connection.localPort,
            borrowsPort: true,
            maxTtl: distance - 1,
          });
    const startedAtMs = wholeSeconds(record.startedAt);
    return { kind: 'trace', text: traceLines(record, hostname), startedAtMs, hostname };
  }

  async #trace({ remoteAddress }: Connection, options: TraceOptions): Promise<TraceRecord> {
    const { engine = ENGINE } = this.#options;
    const record = await engine.trace(remoteAddress, options);
    requireComplete({ ...record, probesSent: record.measurement.probesSent });
    return record;
  }

  #commonOptions({ localAddress: source, family }: Connection) {
    // The client's packets come to this address: the paths from it are those that matter.
    return { ...this.#probeOptions(), source, family };
  }

  /** What all traces have in common. */
  #probeOptions() {
    const { method, names, rate, ratePerInterface } = this.#options;
    return {
      protocol: method === 'tcp-ack' ? ('icmp' as const) : method,
      names,
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

/** The TTL from which on the target answers; undefined where it does not. */
function distanceOf({ reached, hops, target }: TraceRecord): number | undefined {
  if (!reached) return undefined;
  const isTarget = (reply: TraceReply | TraceStar): boolean =>
    isReply(reply) && reply.address === target.address;
  return hops.find(({ replies }) => replies.some(isTarget))?.ttl;
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
  const message = reasonOf(error);
  if (signal.aborted)
    return new TraceFailure('timeout', 'the trace was broken off', { cause: error });
  const errno = error instanceof Error && 'code' in error ? error.code : undefined;
  const code: TraceFailureCode = UNAVAILABLE.has(errno) ? 'unavailable' : 'crashed';
  return new TraceFailure(code, message, { cause: error });
}
