/**
 * What the watcher counts, for Prometheus: the names and labels of traceroute-caller, whose
 * dashboards go on working, and ours beside them, which begin with `fantrace_`.
 */

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { VERSION } from '../runtime/version.ts';
import type { TracerName } from './tracer.ts';

/** The values of the label `type`; a stored result was always counted for scamper. */
const TYPES: Readonly<Record<TracerName, string>> = {
  native: 'native',
  scamper: 'scamper',
  'scamper-daemon': 'scamper-daemon',
  paris: 'paris-traceroute',
};

/** Six steps a decade, as in M-Lab's. */
const TRACE_SECONDS = [
  1, 1.47, 2.15, 3.16, 4.64, 6.81, 10, 14.7, 21.5, 31.6, 46.4, 68.1, 100, 147, 215, 316, 464, 681,
  1000, 1470, 2150, 3160, 4640, 6810,
];
const START_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60];

/** The counters of one watcher. */
export class WatchMetrics {
  readonly registry: Registry = new Registry();

  readonly performed: Counter<'type'> = this.#counter(
    'traces_performed_total',
    'Traces that were run, whatever became of them',
    ['type'],
  );
  readonly inProgress: Gauge<'type'> = this.#gauge('traces_in_progress', 'Traces that run', [
    'type',
  ]);
  readonly crashed: Counter<'type'> = this.#counter(
    'traces_crashed_total',
    'Traces without a complete result',
    ['type'],
  );
  readonly skipped: Counter<'type'> = this.#counter(
    'traces_skipped_total',
    'Connections without a file, as the trace that they waited for failed',
    ['type'],
  );
  readonly errorCaching: Counter<'type' | 'error'> = this.#counter(
    'traces_error_caching_total',
    'Stored results that could not be given to another connection',
    ['type', 'error'],
  );
  readonly daemonRunning: Gauge = this.#gauge(
    'traces_scamper_daemon_running',
    'Whether scamper runs as a daemon',
    [],
  );
  readonly traceSeconds: Histogram<'outcome'> = new Histogram({
    name: 'trace_time_seconds',
    help: 'How long traces take',
    labelNames: ['outcome'],
    buckets: TRACE_SECONDS,
    registers: [this.registry],
  });
  readonly hopCache: Counter<'type' | 'operation'> = this.#counter(
    'hop_cache_operations_total',
    'Hops that were taken into the cache, annotated, and written',
    ['type', 'operation'],
  );
  readonly hopErrors: Counter<'type' | 'error'> = this.#counter(
    'hop_annotation_errors_total',
    'Hop annotations that failed',
    ['type', 'error'],
  );
  readonly annotatorCalls: Counter<'status'> = this.#counter(
    'uuid_annotator_client_rpcs_total',
    'Questions to the annotator of hops, by what became of them',
    ['status'],
  );

  readonly connections: Counter<'source'> = this.#counter(
    'fantrace_connections_total',
    'Connections that ended',
    ['source'],
  );
  readonly leftAlone: Counter<'reason'> = this.#counter(
    'fantrace_connections_left_alone_total',
    'Connections that the policy leaves out, by reason',
    ['reason'],
  );
  readonly sourceTroubles: Counter<'source' | 'trouble'> = this.#counter(
    'fantrace_source_troubles_total',
    'What went wrong in hearing of connections: overflows, garbage, lost connections',
    ['source', 'trouble'],
  );
  readonly cacheRequests: Counter<'outcome'> = this.#counter(
    'fantrace_cache_requests_total',
    'Connections by where their result came from',
    ['outcome'],
  );
  readonly failures: Counter<'type' | 'code'> = this.#counter(
    'fantrace_trace_failures_total',
    'Traces without a complete result, by reason',
    ['type', 'code'],
  );
  readonly backups: Counter<'from' | 'to'> = this.#counter(
    'fantrace_tracer_backups_total',
    'Traces that went to the next tracer of the chain',
    ['from', 'to'],
  );
  readonly refused: Counter = this.#counter(
    'fantrace_traces_refused_total',
    'Connections that found the queue of traces full',
    [],
  );
  readonly filesWritten: Counter = this.#counter(
    'fantrace_result_files_total',
    'Result files on the disk',
    [],
  );
  readonly filesLost: Counter = this.#counter(
    'fantrace_result_files_lost_total',
    'Results that the disk did not take and the spool could not hold',
    [],
  );
  readonly writeFailures: Counter = this.#counter(
    'fantrace_result_write_failures_total',
    'Times that writing began to fail',
    [],
  );
  readonly startSeconds: Histogram = new Histogram({
    name: 'fantrace_event_to_trace_start_seconds',
    help: 'From hearing of the end of a connection to the start of its trace',
    buckets: START_SECONDS,
    registers: [this.registry],
  });

  /** @param withProcess whether the figures of the process are told as well */
  constructor({ withProcess }: { readonly withProcess: boolean }) {
    if (withProcess) collectDefaultMetrics({ register: this.registry });
    // The ancestor's value is its commit as a number, or 0 where that is none.
    this.#gauge('git_short_commit', 'The version, as a label', ['commit']).set(
      { commit: VERSION },
      0,
    );
  }

  /** Tells a figure that is looked up when it is asked for. */
  observe(name: string, help: string, read: () => number): void {
    const collect = function collect(this: Gauge): void {
      this.set(read());
    };
    // Registered by its constructor.
    void new Gauge({ name, help, registers: [this.registry], collect });
  }

  #counter<Label extends string>(name: string, help: string, labelNames: Label[]): Counter<Label> {
    return new Counter({ name, help, labelNames, registers: [this.registry] });
  }

  #gauge<Label extends string>(name: string, help: string, labelNames: Label[]): Gauge<Label> {
    return new Gauge({ name, help, labelNames, registers: [this.registry] });
  }
}

/** The value of the label `type` for a tracer. */
export function typeLabel(tracer: TracerName): string {
  return TYPES[tracer];
}
