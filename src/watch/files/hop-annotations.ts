/**
 * A file for each hop and day that tells whose it is: networks and places of addresses change, so
 * what was true when the trace was made is kept beside it. Each hop is asked for once a day.
 */

import { writeGoJson } from '../scamper/go-json.ts';
import type { WatchClock } from '../watch-clock.ts';
import type { WatchMetrics } from '../watch-metrics.ts';
import { datePath, timestamp } from './result-file.ts';

/** Knows whose addresses are. */
export interface HopAnnotator {
  /**
   * By address, as M-Lab's annotator has it: `Geo`, `Network`, or both; addresses that nothing is
   * known of may lack.
   *
   * @throws when it cannot say now
   */
  annotate(addresses: readonly string[]): Promise<ReadonlyMap<string, object>>;
}

/** What became of a question to an annotator, as the ancestor counts it. */
export type AnnotatorStatus =
  | 'success'
  | 'get_error'
  | 'http_status_error'
  | 'read_error'
  | 'unmarshal_error';

/** An annotator that cannot say now. */
export class AnnotatorError extends Error {
  override readonly name = 'AnnotatorError';
  readonly status: Exclude<AnnotatorStatus, 'success'>;

  constructor(status: AnnotatorError['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

export interface HopAnnotationsOptions {
  readonly annotator: HopAnnotator;
  /** Takes the files. */
  readonly spool: { put(path: string, content: string): unknown };
  readonly clock: WatchClock;
  readonly metrics: Pick<WatchMetrics, 'hopCache' | 'hopErrors' | 'annotatorCalls'>;
  readonly onFailure: (error: unknown) => void;
}

/** Of which trace hops are. */
export interface HopTrace {
  /** That of cycle-start, milliseconds since 1970. */
  readonly startedAtMs: number;
  /** That of cycle-start, too: what reads the files joins both by it. */
  readonly hostname: string;
}

/** Hops that are remembered within a day; the oldest make room. */
const HOPS_MAX = 500_000;

/** Has hops annotated, and writes what is found. */
export class HopAnnotations {
  readonly #options: HopAnnotationsOptions;
  readonly #known = new Set<string>();
  readonly #underWay = new Set<Promise<void>>();
  #today = '';

  constructor(options: HopAnnotationsOptions) {
    this.#options = options;
  }

  /** Hops that need not be asked for again today. */
  get size(): number {
    return this.#known.size;
  }

  /** Has those annotated that are new today; returns at once. */
  add(addresses: readonly string[], trace: HopTrace): void {
    this.#forgetYesterday();
    const { hopCache } = this.#options.metrics;
    const day = datePath(trace.startedAtMs).replaceAll('/', '');
    const fresh = addresses.filter((address) => !this.#known.has(`${address}-${day}`));
    if (fresh.length === 0) return;
    for (const address of fresh) {
      hopCache.inc({ type: 'hopcache', operation: 'inserted' });
      this.#remember(`${address}-${day}`);
    }
    const work = this.#annotate(fresh, { ...trace, day });
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  /** Resolves when what was added is with the spool, or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  /** Never rejects. Hops that were not annotated are asked for again with the next trace. */
  async #annotate(fresh: readonly string[], trace: HopTrace & { day: string }): Promise<void> {
    const { annotator, metrics, onFailure } = this.#options;
    try {
      const found = await annotator.annotate(fresh);
      metrics.annotatorCalls.inc({ status: 'success' });
      metrics.hopCache.inc({ type: 'hopcache', operation: 'annotated' }, found.size);
      for (const address of fresh) {
        const annotations = found.get(address);
        if (annotations !== undefined) this.#write(address, annotations, trace);
      }
    } catch (error) {
      for (const address of fresh) this.#known.delete(`${address}-${trace.day}`);
      const status = error instanceof AnnotatorError ? error.status : 'get_error';
      metrics.annotatorCalls.inc({ status });
      metrics.hopErrors.inc({ type: 'hopannotation', error: 'annotate' });
      onFailure(error);
    }
  }

  #write(
    address: string,
    annotations: object,
    { startedAtMs, hostname, day }: HopTrace & { day: string },
  ): void {
    const content = writeGoJson({
      ID: `${day}_${hostname}_${address}`,
      Timestamp: `${new Date(startedAtMs).toISOString().slice(0, 19)}Z`,
      Annotations: annotations,
    });
    const name = `${timestamp(startedAtMs)}_${hostname}_${address}.json`;
    this.#options.spool.put(`${datePath(startedAtMs)}/${name}`, content);
  }

  #remember(key: string): void {
    if (this.#known.size >= HOPS_MAX) {
      const [oldest] = this.#known;
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    this.#known.add(key);
  }

  /** At midnight, UTC, all begins anew. */
  #forgetYesterday(): void {
    const today = datePath(this.#options.clock.nowMs());
    if (today !== this.#today) this.#known.clear();
    this.#today = today;
  }
}
