/** Measures what another thread asks for, and tells it what happens. */

import type { MessagePort } from 'node:worker_threads';
import type { MeasurementCall } from './measurement-call.ts';
import {
  toldError,
  type WorkerAnswer,
  type WorkerKind,
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
};

/** Serves until it is told that nothing more will come. */
export function serveCalls(port: MessagePort): void {
  const post = batched(port);
  const running = new Map<number, AbortController>();
  port.on('message', (request: WorkerRequest) => {
    if (request.type === 'end') port.close();
    else if (request.type === 'abort') running.get(request.call)?.abort();
    else {
      const interruption = new AbortController();
      running.set(request.call, interruption);
      measure(request, interruption.signal, post)
        .catch((error: unknown) => {
          post({ type: 'failed', call: request.call, error: toldError(error) });
        })
        .finally(() => running.delete(request.call));
    }
  });
}

async function measure(
  request: Call,
  signal: AbortSignal,
  post: (answer: WorkerAnswer) => void,
): Promise<void> {
  const { call, kind, isHeard } = request;
  const start = await MEASUREMENTS[kind](request, signal);
  const measurement = start();
  for await (const event of isHeard ? measurement.events() : []) {
    if (event.type !== 'end') post({ type: 'event', call, event });
  }
  post({ type: 'done', call, record: await measurement });
}

/** Posts all that one turn of the event loop has brought as one message. */
function batched(port: MessagePort): (answer: WorkerAnswer) => void {
  let waiting: WorkerAnswer[] = [];
  return (answer) => {
    waiting.push(answer);
    if (waiting.length > 1) return;
    setImmediate(() => {
      port.postMessage(waiting);
      waiting = [];
    });
  };
}
