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
  /** Characters that wait at most; those that several results share count once. */
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
  /** A part of it that other results may have as well. */
  readonly shared: string;
}

/** What no waiting mends: the file would be tried for ever. */
const HOPELESS: ReadonlySet<unknown> = new Set(['ENAMETOOLONG', 'EISDIR', 'EINVAL']);
const BACK_OFF_MIN_MS = 500;
const BACK_OFF_MAX_MS = 30_000;

/** The spool. */
export class ResultSpool {
  readonly #options: ResultSpoolOptions;
  readonly #waiting: Item[] = [];
  /** How many of those that wait share a text. */
  readonly #sharers = new Map<string, number>();
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

  /**
   * Owes the disk one more result.
   *
   * @param shared a part of the content that other results have as well: it is kept once, however
   *   many connections of an address end at once
   * @returns false where it does not fit: it is lost, and told
   */
  put(path: string, content: string, shared = ''): boolean {
    const { filesMax, sizeMax, events } = this.#options;
    const item = { path, content, shared };
    this.#hold(item);
    if (this.length >= filesMax || this.#size > sizeMax) {
      this.#release(item);
      events.refused(path);
      return false;
    }
    this.#waiting.push(item);
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
    for (const item of lost) {
      this.#release(item);
      this.#options.events.refused(item.path);
    }
    return lost.map(({ path }) => path);
  }

  #hold({ content, shared }: Item): void {
    const sharers = this.#sharers.get(shared) ?? 0;
    this.#sharers.set(shared, sharers + 1);
    this.#size += sharers === 0 ? content.length : content.length - shared.length;
  }

  #release({ content, shared }: Item): void {
    const sharers = (this.#sharers.get(shared) ?? 1) - 1;
    if (sharers === 0) this.#sharers.delete(shared);
    else this.#sharers.set(shared, sharers);
    this.#size -= sharers === 0 ? content.length : content.length - shared.length;
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
      this.#release(item);
      if (this.#backOffMs > 0) events.recovered();
      this.#backOffMs = 0;
      events.written(item.path);
    } catch (error) {
      if (this.#backOffMs === 0) events.failing(item.path, error);
      if (HOPELESS.has(codeOf(error))) {
        this.#release(item);
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
