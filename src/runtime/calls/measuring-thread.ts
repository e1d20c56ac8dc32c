/** Which thread a measurement runs in. */

import { choiceOption } from './choice-option.ts';
import type { Measurement } from './measurement-call.ts';
import type { WorkerKind } from './worker-messages.ts';

/** An option of every measurement. */
export interface ThreadOption {
  /**
   * Who sends and receives: the `caller`, or for programs whose own thread must stay free one
   * `worker` that all such calls of the process share, with a lower priority (on Linux 5 above the
   * niceness of the process). `caller` unless told.
   */
  readonly thread?: 'caller' | 'worker';
}

const IS_WORKER = { caller: 'no', worker: 'yes' } as const;

/**
 * The measurement in the thread that its options name.
 *
 * @param here how to measure in this one
 * @throws {RangeError} when there is no such thread
 */
export function onThread<Result, Event>(
  asked: {
    readonly kind: WorkerKind;
    readonly target: string | readonly string[];
    readonly options: ThreadOption & { readonly signal?: AbortSignal };
  },
  here: Measurement<Result, Event>,
): Measurement<Result, Event> {
  if (choiceOption('thread', IS_WORKER, asked.options.thread ?? 'caller') === 'no') return here;
  return async (tell, signal, audience) => {
    const { inWorker } = await import('./worker-calls.ts');
    return inWorker<Result, Event>(asked)(tell, signal, audience);
  };
}
