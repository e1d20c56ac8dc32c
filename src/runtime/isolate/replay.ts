/** Runs a recording once more, by the code that runs live. */

import type { IsolateRecord } from '../../model/isolate-record.ts';
import type { Network } from '../links/network.ts';
import { type IsolateRound, runIsolate } from './isolate.ts';
import type { IsolateOptions } from './isolate-run.ts';
import { RecordingError } from './recording.ts';
import type { Recording } from './recording-file.ts';
import { replayedNetwork } from './replayed-network.ts';

/** Hears of the run. */
export interface ReplayWatcher {
  start(network: Network, options: IsolateOptions): void;
  round(round: IsolateRound): void;
}

/**
 * The record of a recorded run, without the names of its interfaces.
 *
 * @throws {RecordingError} when the run would go on differently than it did
 */
export async function replay(
  { start, end, cursor }: Recording,
  watcher: ReplayWatcher,
): Promise<IsolateRecord> {
  const { network, signal } = replayedNetwork(start, end, cursor);
  watcher.start(network, start.options);
  try {
    return await runIsolate(network, start.options, {
      signal,
      round: (round) => watcher.round(round),
    });
  } catch (error) {
    // Options that no run was ever started with make their first reader throw.
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    const message = `the recording is damaged: ${error.message}`;
    throw new RecordingError('RECORDING_INVALID', message);
  }
}
