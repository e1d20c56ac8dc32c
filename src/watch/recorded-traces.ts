/**
 * The one layer above all tracers: a trace with its counters and its file, the file of a connection
 * that shares another's result, and the connection that gets none (`Trace`, `TraceFromCachedTrace`,
 * `DontTrace` of traceroute-caller).
 */

import type { Connection } from './connection.ts';
import type { ResultSpool } from './result-spool.ts';
import { TraceFailure, type TraceRequest, type TraceResult, type Tracer } from './tracer.ts';
import type { TracerChain } from './tracer-chain.ts';
import type { WatchClock } from './watch-clock.ts';
import { typeLabel, type WatchMetrics } from './watch-metrics.ts';

/** The file of a result for one connection. */
export interface ResultFile {
  /** From the output folder on. */
  readonly path: string;
  readonly content: string;
  /** A part of it that the files of other connections have as well. */
  readonly shared?: string;
}

/** Which connection a file is for. */
export interface FileRequest {
  readonly uuid: string;
  readonly isCached: boolean;
}

export interface RecordedTracesOptions {
  readonly chain: TracerChain;
  readonly clock: WatchClock;
  readonly metrics: WatchMetrics;
  readonly spool: Pick<ResultSpool, 'put'>;
  /** What a result becomes on the disk. */
  readonly fileOf: (result: TraceResult, request: FileRequest) => ResultFile;
  /** Takes part in every new result before it is stored: anonymises it, has its hops annotated. */
  readonly refine?: (result: TraceResult) => Promise<TraceResult>;
}

/** Traces that leave files and counters. */
export class RecordedTraces {
  readonly #options: RecordedTracesOptions;

  constructor(options: RecordedTracesOptions) {
    this.#options = options;
  }

  /**
   * Traces back a connection, and writes its file.
   *
   * @throws {TraceFailure} when there is no complete result, and no file
   */
  async trace(connection: Connection, request: TraceRequest): Promise<TraceResult> {
    const { chain, refine } = this.#options;
    const raw = await chain.trace(connection, request, (tracer, run) => this.#count(tracer, run));
    const result = refine === undefined ? raw : await refine(raw);
    this.#write(result, { uuid: request.uuid, isCached: false });
    return result;
  }

  /** Writes the file of a connection to where there is a result already. */
  traceFromCachedTrace(uuid: string, result: TraceResult): void {
    try {
      this.#write(result, { uuid, isCached: true });
    } catch (error) {
      const labels = { type: typeLabel(result.tracer), error: 'badcache' };
      this.#options.metrics.errorCaching.inc(labels);
      throw error;
    }
  }

  /** Notes that a connection has no file, as the trace that it waited for failed. */
  dontTrace(): void {
    const { chain, metrics } = this.#options;
    metrics.skipped.inc({ type: typeLabel(chain.first.name) });
  }

  #write(result: TraceResult, request: FileRequest): void {
    const { path, content, shared } = this.#options.fileOf(result, request);
    this.#options.spool.put(path, content, shared);
  }

  async #count(tracer: Tracer, run: () => Promise<TraceResult>): Promise<TraceResult> {
    const { metrics, clock } = this.#options;
    const type = typeLabel(tracer.name);
    const startedAtMs = clock.nowMs();
    let outcome = 'error';
    metrics.inProgress.inc({ type });
    try {
      const result = await run();
      outcome = 'success';
      return result;
    } catch (error) {
      const code = error instanceof TraceFailure ? error.code : 'crashed';
      metrics.crashed.inc({ type });
      metrics.failures.inc({ type, code });
      throw error;
    } finally {
      metrics.inProgress.dec({ type });
      metrics.performed.inc({ type });
      metrics.traceSeconds.observe({ outcome }, (clock.nowMs() - startedAtMs) / 1000);
    }
  }
}
