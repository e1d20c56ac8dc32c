/**
 * A watcher with all its parts, from its configuration: what the commands start, stop and tell to
 * read their settings anew.
 */

import { reasonOf } from '../lib/reason.ts';
import type { Connection } from './connection.ts';
import type { ConnectionSource } from './connection-source.ts';
import { type FileRequest, RecordedTraces, type ResultFile } from './recorded-traces.ts';
import { type Disk, ResultSpool } from './result-spool.ts';
import { TraceCache } from './trace-cache.ts';
import { TraceQueue } from './trace-queue.ts';
import type { TraceResult, Tracer } from './tracer.ts';
import { TracerChain } from './tracer-chain.ts';
import type { WatchClock } from './watch-clock.ts';
import { WatchMetrics } from './watch-metrics.ts';
import type { WatchPolicy } from './watch-policy.ts';
import { Watcher, type WatchLog } from './watcher.ts';

/** What can be changed while it runs. */
export interface WatchTuning {
  readonly policy: WatchPolicy;
  /** A trace may take no longer. */
  readonly traceTimeoutMs: number;
  /** How long a result answers for its address. */
  readonly cacheAgeMs: number;
  /** The same for a failure. */
  readonly negativeAgeMs: number;
  /** Addresses that the cache has at most. */
  readonly cacheEntriesMax: number;
  /** Traces at a time. */
  readonly concurrency: number;
  /** Traces that start a second; 0 for any number. */
  readonly tracesPerSecond: number;
  /** Traces that wait at most. */
  readonly waitingMax: number;
}

export interface WatchServiceOptions {
  readonly sources: readonly ConnectionSource[];
  /** In the order in which they are asked; at least one. */
  readonly tracers: readonly Tracer[];
  /** Where results go; `ResultFolder` on a host. */
  readonly disk: Disk;
  readonly tuning: WatchTuning;
  /** What is under way may go on for so long after `stop`. */
  readonly drainMs: number;
  readonly clock: WatchClock;
  readonly log: WatchLog;
  readonly uuidOf: (connection: Connection) => string;
  readonly isOwn: (address: string) => boolean;
  readonly sampleSalt?: number;
  readonly fileOf: (result: TraceResult, request: FileRequest) => ResultFile;
  readonly refine?: (result: TraceResult) => Promise<TraceResult>;
  /** Whether metrics tell of the process as well. */
  readonly withProcessMetrics?: boolean;
}

/** Whether all is well, and what is not. */
export interface WatchHealth {
  readonly status: 'ok' | 'degraded';
  readonly problems: readonly string[];
  /** Connections that wait for their trace. */
  readonly following: number;
  readonly tracesRunning: number;
  readonly tracesWaiting: number;
  /** Results that are not on the disk yet. */
  readonly resultsWaiting: number;
}

/** Results that wait for the disk: as many as a minute of a very busy host brings, or 64 Mi. */
const SPOOL_FILES_MAX = 20_000;
const SPOOL_SIZE_MAX = 64 * 2 ** 20;
const WRITERS = 4;
/** Characters of results that the cache keeps. */
const CACHE_SIZE_MAX = 64 * 2 ** 20;
/** How long the disk may take over what is left at the end. */
const FLUSH_MS = 5000;

/** A watcher that can be started, tuned and stopped once each. */
export class WatchService {
  readonly metrics: WatchMetrics;
  readonly #options: WatchServiceOptions;
  readonly #spool: ResultSpool;
  readonly #cache: TraceCache<TraceResult>;
  readonly #queue: TraceQueue;
  readonly #chain: TracerChain;
  readonly #watcher: Watcher;
  #isDiskFailing = false;

  constructor(options: WatchServiceOptions) {
    const { clock, tuning, disk, log } = options;
    this.#options = options;
    this.metrics = new WatchMetrics({ withProcess: options.withProcessMetrics ?? false });
    this.#spool = this.#spoolOver(disk);
    this.#cache = new TraceCache({
      clock,
      maxAgeMs: tuning.cacheAgeMs,
      negativeAgeMs: tuning.negativeAgeMs,
      entriesMax: tuning.cacheEntriesMax,
      sizeMax: CACHE_SIZE_MAX,
      sizeOf: ({ text }) => text.length,
    });
    const { concurrency, tracesPerSecond: ratePerSecond, waitingMax } = tuning;
    this.#queue = new TraceQueue({ clock, concurrency, ratePerSecond, waitingMax });
    this.#chain = new TracerChain(options.tracers, ({ name: from }, { name: to }, error) => {
      this.metrics.backups.inc({ from, to });
      log.warn({ from, to, reason: error.message }, 'the next tracer is asked');
    });
    this.#watcher = new Watcher({
      ...options,
      cache: this.#cache,
      queue: this.#queue,
      traces: this.#recordedTraces(),
      metrics: this.metrics,
      sampleSalt: options.sampleSalt ?? 0,
      settings: tuning,
    });
    this.#tellFigures();
  }

  /** @throws when a source cannot work at all */
  start(): void {
    this.#watcher.start();
  }

  /** What holds from now on. */
  tune(tuning: WatchTuning): void {
    this.#watcher.configure(tuning);
    this.#cache.configure({
      maxAgeMs: tuning.cacheAgeMs,
      negativeAgeMs: tuning.negativeAgeMs,
      entriesMax: tuning.cacheEntriesMax,
    });
    const { concurrency, tracesPerSecond: ratePerSecond, waitingMax } = tuning;
    this.#queue.configure({ concurrency, ratePerSecond, waitingMax });
  }

  health(): WatchHealth {
    const problems = [
      ...(this.#isDiskFailing ? ['results cannot be written'] : []),
      ...this.#options.sources.flatMap(({ name, isHearing }) =>
        isHearing ? [] : [`no connection to the source ${name}`],
      ),
    ];
    return {
      status: problems.length === 0 ? 'ok' : 'degraded',
      problems,
      following: this.#watcher.following,
      tracesRunning: this.#queue.running,
      tracesWaiting: this.#queue.waiting,
      resultsWaiting: this.#spool.length,
    };
  }

  /**
   * Ends: what is under way comes to its end within the bound, then results go to the disk.
   *
   * @returns how many results were lost, as the disk did not take them
   */
  async stop(): Promise<number> {
    const { drainMs, clock, log } = this.#options;
    await this.#watcher.drain(drainMs);
    await this.#chain.close();
    const isFlushed = await Promise.race([
      this.#spool.flush().then(() => true),
      new Promise<boolean>((resolve) => clock.after(FLUSH_MS, () => resolve(false))),
    ]);
    if (isFlushed) return 0;
    const lost = this.#spool.abandon();
    log.error({ lost: lost.length }, 'results are lost: the disk did not take them');
    return lost.length;
  }

  #recordedTraces(): RecordedTraces {
    const { clock, fileOf, refine } = this.#options;
    return new RecordedTraces({
      chain: this.#chain,
      clock,
      metrics: this.metrics,
      spool: this.#spool,
      fileOf,
      ...(refine === undefined ? {} : { refine }),
    });
  }

  #spoolOver(disk: Disk): ResultSpool {
    const { clock, log } = this.#options;
    const { metrics } = this;
    return new ResultSpool({
      clock,
      disk,
      filesMax: SPOOL_FILES_MAX,
      sizeMax: SPOOL_SIZE_MAX,
      writers: WRITERS,
      events: {
        written: () => metrics.filesWritten.inc(),
        refused: (path) => {
          metrics.filesLost.inc();
          log.error({ path }, 'a result is lost: no more can wait for the disk');
        },
        failing: (path, error) => {
          this.#isDiskFailing = true;
          metrics.writeFailures.inc();
          const reason = reasonOf(error);
          log.error({ path, reason }, 'results cannot be written: they wait');
        },
        recovered: () => {
          this.#isDiskFailing = false;
          log.info({}, 'results can be written again');
        },
      },
    });
  }

  #tellFigures(): void {
    const figures: [string, string, () => number][] = [
      ['fantrace_cache_entries', 'Addresses in the cache', () => this.#cache.length],
      ['fantrace_traces_waiting', 'Traces that wait', () => this.#queue.waiting],
      ['fantrace_spool_files', 'Results not on the disk yet', () => this.#spool.length],
      [
        'fantrace_connections_following',
        'Connections without a file yet',
        () => this.#watcher.following,
      ],
    ];
    for (const [name, help, read] of figures) this.metrics.observe(name, help, read);
  }
}
