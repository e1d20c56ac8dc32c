/**
 * Results on their way to the disk. A full disk, a read-only folder or a slow one makes them wait,
 * within bounds; what the bounds refuse is counted and told, never dropped in silence.
 */

import type { Alarm, WatchClock } from './watch-clock.ts';

/** Where results end up. */
export interface Disk {
  /** Puts a whole file there, or none. @throws what the system says */
  write(path: string, content: string): Promise<void>;
}

export interface ResultSpoolOptions {
  readonly clock: WatchClock;
  readonly disk: Disk;
  /** Results that wait at most. */
  readonly filesMax: number;
  /** Characters that wait at most. */
  readonly sizeMax: number;
  /** Files that are written at a time. */
  readonly writers: number;
  readonly events: ResultSpoolEvents;
}

/** What a spool tells. */
export interface ResultSpoolEvents {
  written(path: string): void;
  /** The result is lost: nothing more fits. */
  refused(path: string): void;
  /** A write failed, and is tried again. Told once until one works. */
  failing(path: string, error: unknown): void;
  /** Writing works again. */
  recovered(): void;
}

interface Item {
  readonly path: string;
  readonly content: string;
}

/** What no waiting mends: the file would be tried for ever. */
const HOPELESS: ReadonlySet<unknown> = new Set(['ENAMETOOLONG', 'EISDIR', 'EINVAL']);
const BACK_OFF_MIN_MS = 500;
const BACK_OFF_MAX_MS = 30_000;

/** The spool. */
export class ResultSpool {
  readonly #options: ResultSpoolOptions;
  readonly #waiting: Item[] = [];
  #size = 0;
  #writing = 0;
  #backOffMs = 0;
  #pause: Alarm | undefined;
  #whenEmpty: (() => void)[] = [];

  constructor(options: ResultSpoolOptions) {
    this.#options = options;
  }

  /** Results that are not on the disk yet. */
  get length(): number {
    return this.#waiting.length + this.#writing;
  }

  /** Owes the disk one more result. @returns false where it does not fit: it is lost, and told */
  put(path: string, content: string): boolean {
    const { filesMax, sizeMax, events } = this.#options;
    if (this.length >= filesMax || this.#size + content.length > sizeMax) {
      events.refused(path);
      return false;
    }
    this.#size += content.length;
    this.#waiting.push({ path, content });
    this.#fill();
    return true;
  }

  /** Resolves when all is on the disk. What waits for better times is tried at once. */
  flush(): Promise<void> {
    if (this.length === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#whenEmpty.push(resolve);
      this.#resume();
    });
  }

  /** Gives up what is not on the disk. @returns the paths of the lost results */
  abandon(): string[] {
    this.#pause?.cancel();
    const lost = this.#waiting.splice(0);
    for (const { path, content } of lost) {
      this.#size -= content.length;
      this.#options.events.refused(path);
    }
    return lost.map(({ path }) => path);
  }

  #fill(): void {
    while (this.#pause === undefined && this.#writing < this.#writersNow()) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      this.#writing++;
      // Never rejects.
      void this.#write(item);
    }
  }

  /** After a failure one at a time, to see whether it works again. */
  #writersNow(): number {
    return this.#backOffMs > 0 ? 1 : this.#options.writers;
  }

  async #write(item: Item): Promise<void> {
    const { disk, events } = this.#options;
    try {
      await disk.write(item.path, item.content);
      this.#size -= item.content.length;
      if (this.#backOffMs > 0) events.recovered();
      this.#backOffMs = 0;
      events.written(item.path);
    } catch (error) {
      if (this.#backOffMs === 0) events.failing(item.path, error);
      if (HOPELESS.has(codeOf(error))) {
        this.#size -= item.content.length;
        events.refused(item.path);
      } else {
        this.#waiting.push(item); // behind the others, whose trouble it may not be
        this.#wait();
      }
    }
    this.#writing--;
    if (this.length === 0) for (const resolve of this.#whenEmpty.splice(0)) resolve();
    this.#fill();
  }

  #wait(): void {
    if (this.#pause !== undefined) return;
    const doubled = Math.max(BACK_OFF_MIN_MS, 2 * this.#backOffMs);
    this.#backOffMs = Math.min(BACK_OFF_MAX_MS, doubled);
    this.#pause = this.#options.clock.after(this.#backOffMs, () => this.#resume());
  }

  #resume(): void {
    this.#pause?.cancel();
    this.#pause = undefined;
    this.#fill();
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
