/**
 * A run of `isolate` as JSON records, one a line, as things happen: schema `fantrace.isolate/1`,
 * with the keys of its document. `start`, then for each round what it brought: `hop` for an
 * interface that had not been seen at that TTL, `flow` for a path that is new or has changed, and
 * `round`; in the end once more every `hop` and `flow`, now with counts, `verdict` and `end`.
 */

import type { FlowRecord, HopInterface, IsolateRecord } from '../../model/isolate-record.ts';
import { ISOLATE_SCHEMA } from '../../model/isolate-record.ts';

type FlowPath = Pick<FlowRecord, 'target' | 'sourcePort' | 'class' | 'path'>;

/** What is known before the first probe. */
export interface LinesStart
  extends Pick<
    IsolateRecord,
    'version' | 'simulated' | 'targets' | 'source' | 'protocol' | 'classes' | 'family' | 'seed'
  > {
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly confidence: number;
  readonly sourcePorts: readonly number[];
}

/** What is known after a round. */
export interface LinesRound {
  /** Rounds that are over. */
  readonly round: number;
  readonly elapsedMs: number;
  readonly probesSent: number;
  readonly repliesReceived: number;
  readonly flows: readonly FlowPath[];
}

/** Writes lines, each with its newline, and remembers what it has told. */
export class IsolateLines {
  readonly #write: (line: string) => void;
  readonly #toldPaths = new Map<string, string>();
  readonly #toldHops = new Set<string>();
  #minTtl = 1;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  start(start: LinesStart): void {
    this.#minTtl = start.minTtl;
    this.#line('start', { schema: ISOLATE_SCHEMA, ...start });
  }

  round({ flows, ...round }: LinesRound): void {
    for (const flow of flows) this.#flow(flow);
    this.#line('round', round);
  }

  finish(record: IsolateRecord): void {
    for (const { ttl, interfaces } of record.hops) {
      for (const each of interfaces) this.#line('hop', { ttl, ...each });
    }
    for (const flow of record.flows) this.#line('flow', flow);
    const { verdict, summary, excludedLossRatio, suspects, rejected, untestable } = record;
    const { paths, links, reproduce } = record;
    this.#line('verdict', {
      verdict,
      summary,
      excludedLossRatio,
      suspects,
      rejected,
      untestable,
      paths,
      links,
      reproduce,
    });
    const { startedAt, durationMs, partial, stopReason, probesNeeded } = record;
    const { probesSent, repliesReceived, measurement, readFrom } = record;
    this.#line('end', {
      startedAt,
      durationMs,
      partial,
      stopReason,
      probesNeeded,
      probesSent,
      repliesReceived,
      measurement,
      ...(readFrom && { readFrom }),
    });
  }

  #flow({ path, ...flow }: FlowPath): void {
    for (const [hop, address] of path.entries()) {
      if (address !== null) this.#hop(this.#minTtl + hop, address);
    }
    const key = Object.values(flow).join(' ');
    const text = path.join(' ');
    if (path.length === 0 || this.#toldPaths.get(key) === text) return;
    this.#toldPaths.set(key, text);
    this.#line('flow', { ...flow, path });
  }

  #hop(ttl: number, address: HopInterface['address']): void {
    const key = `${ttl} ${address}`;
    if (this.#toldHops.has(key)) return;
    this.#toldHops.add(key);
    this.#line('hop', { ttl, address });
  }

  #line(type: string, keys: object): void {
    this.#write(`${JSON.stringify({ type, ...keys })}\n`);
  }
}
