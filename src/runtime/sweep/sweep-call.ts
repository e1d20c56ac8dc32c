/**
 * A sweep as a function: `await sweep('10.0.0.0/16')` finds the routers before very many targets,
 * or tells of each reply as it comes.
 */

import type { SweepRecord, SweepReplyRecord } from '../../model/sweep-record.ts';
import { type Measurement, MeasurementCall } from '../calls/measurement-call.ts';
import { onThread } from '../calls/measuring-thread.ts';
import { requireName } from '../calls/option-kinds.ts';
import { openSweep, readSweep } from './open-sweep.ts';
import type { SweepProgress } from './sweep-listener.ts';
import { completeSweepOptions, type SweepOptions } from './sweep-options.ts';

/** What happens during a sweep. */
export type SweepEvent =
  | ({ readonly type: 'reply' } & SweepReplyRecord)
  /** How far it is, with what earlier runs of it have done; told four times a second. */
  | {
      readonly type: 'progress';
      /** Of the targets of this shard, 0 to 1. */
      readonly share: number;
      readonly elapsedMs: number;
      readonly probesSent: number;
      readonly repliesReceived: number;
      readonly interfaces: number;
    }
  | { readonly type: 'end'; readonly record: SweepRecord };

/** A sweep under way: a promise of its record, and the source of its events. */
export type SweepCall = MeasurementCall<SweepRecord, SweepEvent>;

/**
 * Starts a sweep. Its events wait for whoever hears them: while a thousand are unheard nothing is
 * sent, so that a slow reader costs time and no memory.
 *
 * @param targets a prefix, an address, or a file of them, one a line; or a list of prefixes and
 *   addresses. Beyond private networks `exclude` or `excludeFile` must be given, if only empty
 * @throws {RangeError} at once, when an option is out of range or a target is no text. The promise
 *   rejects with errors that have a `code`: `TARGETS_UNREADABLE`, `EXCLUSIONS_MISSING`,
 *   `NO_TARGETS`, `CHECKPOINT_INVALID`, `OUTPUT_UNWRITABLE`, no right to raw sockets, no route
 */
export function sweep(targets: string | readonly string[], options: SweepOptions = {}): SweepCall {
  completeSweepOptions(options);
  const from = Array.isArray(targets) ? [...targets] : (targets as string);
  for (const each of [from].flat()) requireName(each);
  if (from === '-') throw new RangeError('targets must be a prefix, a file or a list, got -');
  const here: Measurement<SweepRecord, SweepEvent> = async (tell, signal, audience) => {
    signal.throwIfAborted();
    const question = await readSweep(from, options);
    const run = await openSweep(question, {
      signal,
      // Several senders tell of their replies only where somebody hears them.
      replied: audience.isHeard()
        ? (reply) => tell(() => ({ type: 'reply', ...reply }))
        : undefined,
      progressed: (progress) => {
        tell(() => progressEvent(progress));
        return Promise.resolve();
      },
      relief: () => audience.room(),
    });
    try {
      const record = await run.run();
      tell(() => ({ type: 'end', record }));
      return record;
    } finally {
      await run.close();
    }
  };
  return new MeasurementCall(
    onThread({ kind: 'sweep', target: from, options }, here),
    options.signal,
  );
}

function progressEvent(progress: SweepProgress): SweepEvent {
  const { share, elapsedUs, probesSent, repliesReceived, interfaces } = progress;
  const elapsedMs = elapsedUs / 1000;
  return { type: 'progress', share, elapsedMs, probesSent, repliesReceived, interfaces };
}
