/**
 * Any number of measurements over one engine and one set of sockets, each visited when something
 * has happened to it or when its time has come.
 */

import { MinHeap } from '../../lib/min-heap.ts';
import type { PacketLink } from '../../model/packet-link.ts';
import type { ProbeEngine } from '../../probing/probe-engine.ts';
import { runProbing } from '../run-loop.ts';
import type { Timeline } from '../timeline.ts';

/** What the loop runs over. */
export interface LoopParts {
  readonly engine: ProbeEngine;
  readonly link: PacketLink;
  readonly timeline: Timeline;
}

/** A measurement, as far as the loop is concerned. */
export interface StationTask {
  readonly isOver: boolean;
  /** Looks at what came, and orders probes. */
  advance(nowUs: number): void;
  /** When it must be visited again whatever happens. */
  deadlineUs(): number;
  abort(): void;
  /** It is over: nothing of it that still waits is to be sent. */
  release(nowUs: number): void;
  /** The loop's own. */
  seat?: Seat | undefined;
}

/** When it began and ended, in the microseconds of the timeline. */
export interface TaskTimes {
  readonly startedAtUs: number;
  readonly endedAtUs: number;
}

/** Where a task is found while it runs: empty once it is over, whoever still knows of it. */
export interface Seat {
  active: ActiveTask | undefined;
}

/** One that runs. It hears of aborts itself: of thousands, each should cost little. */
class ActiveTask {
  readonly seat: Seat = { active: this };
  readonly task: StationTask;
  readonly startedAtUs: number;
  /** The earliest place that it has in the schedule. */
  scheduledUs: number = Number.POSITIVE_INFINITY;
  /** Among all that run. */
  index: number;
  isTouched = false;
  readonly #ending: Ending;

  constructor(task: StationTask, index: number, startedAtUs: number, ending: Ending) {
    this.task = task;
    this.index = index;
    this.startedAtUs = startedAtUs;
    this.#ending = ending;
    ending.signal?.addEventListener('abort', this, { once: true });
  }

  /** The signal was aborted. */
  handleEvent(): void {
    this.#ending.loop.abort(this.task);
  }

  finish(endedAtUs: number): void {
    const { signal, resolve } = this.#ending;
    signal?.removeEventListener('abort', this);
    resolve({ startedAtUs: this.startedAtUs, endedAtUs });
  }

  fail(error: unknown): void {
    const { signal, reject } = this.#ending;
    signal?.removeEventListener('abort', this);
    reject(error);
  }
}

/** Who hears of the end of a measurement, and who may bring it about. */
interface Ending {
  readonly loop: StationLoop;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (times: TaskTimes) => void;
  readonly reject: (error: unknown) => void;
}

/** It may lie days ahead: of a task that is over it must keep nothing alive. */
interface Appointment {
  readonly seat: Seat;
  readonly dueUs: number;
}

/**
 * Runs measurements while there are any. Its lists are arrays: each table that a `Map` or `Set` has
 * outgrown or cleared refers to the next one and to what it held, so that where one of them has
 * grown old, whatever comes later lives until the whole heap is looked through.
 */
export class StationLoop {
  readonly #parts: LoopParts;
  readonly #active: ActiveTask[] = [];
  readonly #touched: ActiveTask[] = [];
  readonly #schedule = new MinHeap<Appointment>(({ dueUs }, keys, at) => {
    keys[at] = dueUs;
  });
  #isRunning = false;
  #turns = 0;

  constructor(parts: LoopParts) {
    this.#parts = parts;
  }

  /** Measurements under way. */
  get active(): number {
    return this.#active.length;
  }

  /** Counts how often it has looked at what came in. */
  get turns(): number {
    return this.#turns;
  }

  /**
   * Packets wait. While nothing runs they are nobody's, and are thrown away: the sockets would call
   * for them in every turn of the event loop.
   */
  readable(): void {
    const { link, timeline } = this.#parts;
    if (this.#isRunning) {
      timeline.wake();
      return;
    }
    link.sendTimes?.(() => {}); // some links hand over no reply before what was sent before it
    link.receive(timeline.nowUs(), () => {});
  }

  /** Something has happened to a measurement: it is visited in this turn. */
  touch(task: StationTask): void {
    const active = task.seat?.active;
    if (active !== undefined) this.#touch(active);
  }

  /** Ends a measurement with what it knows. */
  abort(task: StationTask): void {
    task.abort();
    this.touch(task);
    this.#parts.timeline.wake();
  }

  /** Runs one to its end. Rejects when the sockets fail. */
  run(task: StationTask, signal: AbortSignal | undefined): Promise<TaskTimes> {
    const { timeline } = this.#parts;
    return new Promise((resolve, reject) => {
      const ending = { loop: this, signal, resolve, reject };
      const active = new ActiveTask(task, this.#active.length, timeline.nowUs(), ending);
      task.seat = active.seat;
      this.#active.push(active);
      this.#touch(active);
      if (signal?.aborted === true) task.abort();
      this.#start();
    });
  }

  #start(): void {
    this.#parts.timeline.wake();
    if (this.#isRunning) return;
    this.#isRunning = true;
    // In the next turn, so that measurements that are started together set out together.
    setImmediate(() => {
      this.#loop().catch((error: unknown) => this.#failAll(error));
    });
  }

  async #loop(): Promise<void> {
    await runProbing({
      ...this.#parts,
      advance: (nowUs) => this.#advance(nowUs),
      isDone: () => this.#active.length === 0,
      hasNews: () => this.#touched.length > 0,
    });
    this.#isRunning = false;
  }

  /** @returns when it must be called again */
  #advance(nowUs: number): number {
    this.#turns++;
    for (let next = this.#schedule.peek(); next !== undefined; next = this.#schedule.peek()) {
      if (next.dueUs > nowUs) break;
      this.#schedule.pop();
      const { active } = next.seat;
      if (next.dueUs !== active?.scheduledUs) continue; // over, or with an earlier one since
      active.scheduledUs = Number.POSITIVE_INFINITY;
      this.#touch(active);
    }
    for (const active of this.#touched) this.#visit(active, nowUs);
    for (const active of this.#touched) active.isTouched = false;
    this.#touched.length = 0;
    return this.#schedule.peek()?.dueUs ?? Number.POSITIVE_INFINITY;
  }

  #visit(active: ActiveTask, nowUs: number): void {
    const { task } = active;
    if (active.seat.active === undefined) return;
    task.advance(nowUs);
    if (task.isOver) {
      this.#remove(active);
      task.release(nowUs);
      active.finish(nowUs);
      return;
    }
    const dueUs = Math.max(nowUs + 1, Math.ceil(task.deadlineUs()));
    if (dueUs >= active.scheduledUs) return;
    active.scheduledUs = dueUs;
    if (dueUs < Number.POSITIVE_INFINITY) this.#schedule.push({ seat: active.seat, dueUs });
  }

  #touch(active: ActiveTask): void {
    if (active.isTouched) return;
    active.isTouched = true;
    this.#touched.push(active);
  }

  /** The last one takes its place. */
  #remove(active: ActiveTask): void {
    active.seat.active = undefined;
    const last = this.#active.pop();
    if (last === undefined || last === active) return;
    last.index = active.index;
    this.#active[last.index] = last;
  }

  #failAll(error: unknown): void {
    this.#isRunning = false;
    for (const active of this.#active.splice(0)) {
      active.seat.active = undefined;
      active.fail(error);
    }
  }
}
