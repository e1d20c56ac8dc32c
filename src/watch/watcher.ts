/**
 * The life of a connection that has ended: the policy, the cache, a place in the queue, a trace, a
 * file. What each of them does is theirs; this is the order.
 */

import { reasonOf } from '../lib/reason.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSource } from './connection-source.ts';
import type { RecordedTraces } from './recorded-traces.ts';
import type { TraceCache } from './trace-cache.ts';
import { QueueFullError, type TraceQueue } from './trace-queue.ts';
import { TraceFailure, type TraceResult } from './tracer.ts';
import type { WatchClock } from './watch-clock.ts';
import type { WatchMetrics } from './watch-metrics.ts';
import { drawFor, skipReason, type WatchPolicy } from './watch-policy.ts';

/** As much of a logger as is needed; pino is one. */
export interface WatchLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** What can change while it runs. */
export interface WatchSettings {
  readonly policy: WatchPolicy;
  /** A trace may take no longer. */
  readonly traceTimeoutMs: number;
}

export interface WatcherParts {
  readonly sources: readonly ConnectionSource[];
  readonly cache: TraceCache<TraceResult>;
  readonly queue: TraceQueue;
  readonly traces: RecordedTraces;
  readonly clock: WatchClock;
  readonly metrics: WatchMetrics;
  readonly log: WatchLog;
  readonly uuidOf: (connection: Connection) => string;
  /** Whether an address is this host's own, so that both ends are here. */
  readonly isOwn: (address: string) => boolean;
  /** Decides which addresses a sample has. */
  readonly sampleSalt: number;
  readonly settings: WatchSettings;
}

/** Watches until it is drained. */
export class Watcher {
  readonly #parts: WatcherParts;
  readonly #stop = new AbortController();
  #settings: WatchSettings;
  #following = 0;
  #whenIdle: (() => void)[] = [];

  constructor(parts: WatcherParts) {
    this.#parts = parts;
    this.#settings = parts.settings;
  }

  /** Connections whose file is not written yet. */
  get following(): number {
    return this.#following;
  }

  /** @throws when a source cannot work at all; then none runs */
  start(): void {
    const { sources, metrics, log } = this.#parts;
    const started: ConnectionSource[] = [];
    try {
      for (const source of sources) {
        source.start({
          ended: (connection) => {
            metrics.connections.inc({ source: source.name });
            this.traceAll([connection]);
          },
          trouble: (trouble, message) => {
            metrics.sourceTroubles.inc({ source: source.name, trouble });
            log.warn({ source: source.name, trouble }, message);
          },
        });
        started.push(source);
      }
    } catch (error) {
      for (const source of started) source.close();
      throw error;
    }
  }

  /** What holds for connections that end from now on. */
  configure(settings: WatchSettings): void {
    this.#settings = settings;
  }

  /** Has connections traced that have ended; returns at once. */
  traceAll(connections: readonly Connection[]): void {
    const { metrics, isOwn, sampleSalt, log } = this.#parts;
    for (const connection of connections) {
      const draw = (address: string): number => drawFor(address, sampleSalt);
      const reason = skipReason(connection, this.#settings.policy, { isOwn, draw });
      if (reason !== undefined) {
        metrics.leftAlone.inc({ reason });
        continue;
      }
      this.#following++;
      this.#follow(connection)
        .catch((error: unknown) => log.error({ ...logFields(connection), err: error }, 'no file'))
        .finally(() => this.#followed());
    }
  }

  /**
   * Ends: nothing new is heard of, what is under way gets `boundMs` to come to its end, and is
   * broken off then. Resolves when every connection has its file in the spool, or will have none.
   */
  async drain(boundMs: number): Promise<void> {
    const { sources, queue, clock } = this.#parts;
    for (const source of sources) source.close();
    const alarm = clock.after(boundMs, () => {
      queue.refuseWaiting(new TraceFailure('timeout', 'the watcher stopped before its turn'));
      this.#stop.abort();
    });
    if (this.#following > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
    alarm.cancel();
  }

  async #follow(connection: Connection): Promise<void> {
    const { cache, queue, traces, metrics, uuidOf, clock, log } = this.#parts;
    const uuid = uuidOf(connection);
    const heardAtMs = clock.nowMs();
    const fetched = await cache.fetch(connection, () =>
      queue.run(connection.hasRetransmitted, () => {
        metrics.startSeconds.observe((clock.nowMs() - heardAtMs) / 1000);
        return this.#trace(connection, uuid);
      }),
    );
    metrics.cacheRequests.inc({ outcome: fetched.kind });
    if (fetched.kind === 'cached') traces.traceFromCachedTrace(uuid, fetched.result);
    if (fetched.kind !== 'failed') return;
    const { error, isOwn } = fetched;
    if (error instanceof QueueFullError) metrics.refused.inc();
    if (!isOwn) traces.dontTrace();
    log.warn(
      { ...logFields(connection), uuid, isOwn, reason: reasonOf(error) },
      'no trace, no file',
    );
  }

  async #trace(connection: Connection, uuid: string): Promise<TraceResult> {
    const { traces, clock } = this.#parts;
    const end = new AbortController();
    const stop = (): void => end.abort();
    const alarm = clock.after(this.#settings.traceTimeoutMs, stop);
    this.#stop.signal.addEventListener('abort', stop, { once: true });
    if (this.#stop.signal.aborted) stop();
    try {
      const startedAtMs = clock.nowMs();
      return await traces.trace(connection, { uuid, startedAtMs, signal: end.signal });
    } finally {
      alarm.cancel();
      this.#stop.signal.removeEventListener('abort', stop);
    }
  }

  #followed(): void {
    this.#following--;
    if (this.#following === 0) for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

function logFields({ remoteAddress, remotePort, localPort }: Connection): object {
  return { remoteAddress, remotePort, localPort };
}
