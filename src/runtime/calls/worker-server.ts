/** Measures what another thread asks for, and tells it what happens. */

import type { MessagePort } from 'node:worker_threads';
import { EVENTS_WAITING_MAX, type MeasurementCall } from './measurement-call.ts';
import { packed } from './packed-list.ts';
import {
  PARCEL_ANSWERS_MAX,
  toldError,
  type WorkerAnswer,
  type WorkerKind,
  type WorkerParcel,
  type WorkerRequest,
} from './worker-messages.ts';

/** A record, and events of which the last one is the record once more. */
type AnyCall = MeasurementCall<unknown, { readonly type: string }>;

type Call = Extract<WorkerRequest, { type: 'call' }>;

/** Each loads what it needs and nothing else. */
const MEASUREMENTS: Readonly<
  Record<WorkerKind, (call: Call, signal: AbortSignal) => Promise<() => AnyCall>>
> = {
  trace: async ({ target, options }, signal) => {
    const { trace } = await import('../trace/trace.ts');
    return () => trace(target as string, { ...options, signal });
  },
  paths: async ({ target, options }, signal) => {
    const { paths } = await import('../paths/paths.ts');
    return () => paths(target as string, { ...options, signal });
  },
  isolate: async ({ target, options }, signal) => {
    const { isolate } = await import('../isolate/isolate-call.ts');
    return () => isolate(target, { ...options, signal });
  },
  sweep: async ({ target, options }, signal) => {
    const { sweep } = await import('../sweep/sweep-call.ts');
    return () => sweep(target, { ...options, signal });
  },
};

/** Those that wait while their events are not heard. */
const IS_PACED: ReadonlySet<WorkerKind> = new Set(['sweep']);

/** A call under way. */
class Running {
  readonly interruption = new AbortController();
  /** Events that the caller has room for. */
  #room = EVENTS_WAITING_MAX;
  #wake = (): void => {};

  /** Takes one; resolves when another may be told. */
  async spend(): Promise<void> {
    this.#room--;
    const { signal } = this.interruption;
    while (this.#room <= 0 && !signal.aborted) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  refill(): void {
    this.#room += EVENTS_WAITING_MAX;
    this.#wake();
  }

  abort(): void {
    this.interruption.abort();
    this.#wake();
  }
}

/** Serves until it is told that nothing more will come. */
export function serveCalls(port: MessagePort): void {
  const post = batched(port);
  const running = new Map<number, Running>();
  port.on('message', (request: WorkerRequest) => {
    if (request.type === 'end') port.close();
    else if (request.type === 'abort') running.get(request.call)?.abort();
    else if (request.type === 'room') running.get(request.call)?.refill();
    else {
      const call = new Running();
      running.set(request.call, call);
      measure(request, call, post)
        .catch((error: unknown) => {
          post({ type: 'failed', call: request.call, error: toldError(error) });
        })
        .finally(() => running.delete(request.call));
    }
  });
}

async function measure(
  request: Call,
  running: Running,
  post: (answer: WorkerAnswer) => void,
): Promise<void> {
  const { call, kind, isHeard } = request;
  const start = await MEASUREMENTS[kind](request, running.interruption.signal);
  const measurement = start();
  for await (const event of isHeard ? measurement.events() : []) {
    if (event.type === 'end') continue;
    post({ type: 'event', call, event });
    if (IS_PACED.has(kind)) await running.spend();
  }
  post({ type: 'done', call, record: await measurement });
}

/** Posts all that one turn of the event loop has brought as one message. */
function batched(port: MessagePort): (answer: WorkerAnswer) => void {
  const batch = new Batch();
  return (answer) => {
    batch.add(answer);
    if (batch.length > 1) return;
    setImmediate(() => port.postMessage(batch.take()));
  };
}

/** Answers on their way, in parcels that take the other thread little time each. */
class Batch {
  #parcels: WorkerParcel[] = [];
  #open: WorkerAnswer[] = [];
  /** Answers in all. */
  length = 0;

  add(answer: WorkerAnswer): void {
    this.#open.push(answer);
    this.length++;
    if (answer.type !== 'event' || this.#open.length === PARCEL_ANSWERS_MAX) this.#pack();
  }

  /** Everything so far; it is empty again. */
  take(): readonly WorkerParcel[] {
    if (this.#open.length > 0) this.#pack();
    const parcels = this.#parcels;
    this.#parcels = [];
    this.length = 0;
    return parcels;
  }

  #pack(): void {
    this.#parcels.push({ count: this.#open.length, answers: packed(this.#open) });
    this.#open = [];
  }
}
