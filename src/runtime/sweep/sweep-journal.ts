/** What a sweep leaves on disk while it runs: its replies, and from where to go on. */

import type { SweepCheckpoint, SweepReplyRecord } from '../../model/sweep-record.ts';
import { writeCheckpoint } from './sweep-checkpoint.ts';
import type { SweepOutput } from './sweep-encoders.ts';
import type { SweepListener } from './sweep-listener.ts';
import { outputKindOf } from './sweep-output.ts';

/** By the clock of this host: files that are whole are kept longer than lines. */
const CHECKPOINT_MS = { lines: 2000, parts: 60_000 } as const;

export interface JournalFiles {
  /** Its replies go there; undefined where they go nowhere. */
  readonly output:
    | (Pick<SweepOutput, 'settle' | 'length'> & Partial<Pick<SweepOutput, 'add' | 'relief'>>)
    | undefined;
  /** The name that it has, which tells how it is written. */
  readonly outputName: string | undefined;
  /** The file of the checkpoint. */
  readonly checkpoint: string | undefined;
}

/** Replies as they come, and a checkpoint every few seconds. */
export class SweepJournal
  implements Pick<SweepListener, 'replied' | 'windowDone' | 'outputLength'>
{
  readonly #files: JournalFiles;
  readonly #everyMs: number;
  /** The first window is noted at once. */
  #dueMs = 0;

  constructor(files: JournalFiles) {
    this.#files = files;
    this.#everyMs = CHECKPOINT_MS[isParts(files.outputName) ? 'parts' : 'lines'];
  }

  replied(reply: SweepReplyRecord): void {
    this.#files.output?.add?.(reply);
  }

  readonly windowDone: SweepListener['windowDone'] = async ({ isLast, checkpoint }) => {
    if (isLast || this.isDue()) await this.note(checkpoint);
  };

  /** Whether it is time for a checkpoint. */
  isDue(): boolean {
    return this.#files.checkpoint !== undefined && performance.now() >= this.#dueMs;
  }

  /** Writes one, where there is a file for it. */
  async note(checkpoint: () => SweepCheckpoint): Promise<void> {
    const { output, checkpoint: file } = this.#files;
    if (file === undefined) return;
    await output?.settle();
    await writeCheckpoint(file, checkpoint());
    this.#dueMs = performance.now() + this.#everyMs;
  }

  outputLength(): number {
    return this.#files.output?.length ?? 0;
  }

  /** Undefined while writing keeps up; else when it does again. */
  relief(): Promise<void> | undefined {
    return this.#files.output?.relief?.();
  }
}

/** Whether replies go into a folder of files. */
function isParts(outputName: string | undefined): boolean {
  return outputName !== undefined && outputKindOf(outputName) === 'parquet';
}
