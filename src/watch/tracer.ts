/**
 * What traces back a connection: our own engine, scamper, its daemon, or paris-traceroute. A
 * tracer knows how to measure and nothing of files, metadata lines, caches or counters: those are
 * one layer above it, `RecordedTraces`, the same for all.
 */

import type { Connection } from './connection.ts';

/** The names that `--tracer` takes; `paris` is `paris-traceroute` in the metrics, as it was. */
export type TracerName = 'native' | 'scamper' | 'scamper-daemon' | 'paris';

/** What is to be traced, beside the connection. */
export interface TraceRequest {
  readonly uuid: string;
  /** When the trace begins, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** Ends the trace: at its time limit, or when the watcher stops. */
  readonly signal: AbortSignal;
}

/** A complete trace; what is incomplete is thrown as `TraceFailure`. */
export interface TraceResult {
  /** Who made it. */
  readonly tracer: TracerName;
  /**
   * `tracelb` and `trace`: scamper's three lines (cycle-start, result, cycle-stop). `paris`:
   * what the program printed, which has no metadata line.
   */
  readonly kind: 'tracelb' | 'trace' | 'paris';
  /** As it goes into the file below the metadata line; each line ends in a newline. */
  readonly text: string;
  /** That of cycle-start, which names files and hop annotations; milliseconds since 1970. */
  readonly startedAtMs: number;
  /** That of cycle-start. */
  readonly hostname: string;
  /** The UUID of the connection that it was made for: `CachedUUID` of the others. */
  readonly uuid: string;
}

/** Traces back connections, any number at once. */
export interface Tracer {
  readonly name: TracerName;
  /**
   * Measures the path to the connection's remote end.
   *
   * @throws {TraceFailure} when there is no complete result
   */
  trace(connection: Connection, request: TraceRequest): Promise<TraceResult>;
  /** Ends what is running: processes, sockets. Traces under way are rejected. */
  close(): Promise<void>;
}

/** Why there is no complete result. */
export type TraceFailureCode =
  /** The time limit, or the watcher stops. */
  | 'timeout'
  /** The program ended with a status of its own, or by a signal. */
  | 'crashed'
  /** What came out is no complete result. */
  | 'garbage'
  /** More came out than a file may have. */
  | 'too-large'
  /** The tracer cannot work at all at the moment: the next in the chain is asked. */
  | 'unavailable';

/** A trace that has no complete result. */
export class TraceFailure extends Error {
  override readonly name = 'TraceFailure';
  readonly code: TraceFailureCode;

  constructor(code: TraceFailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
