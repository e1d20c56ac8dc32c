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
}

/** When it began and ended, in the microseconds of the timeline. */
export interface TaskTimes {
  readonly startedAtUs: number;
  readonly endedAtUs: number;
}

/** Where a task is found while it runs: empty once it is over, whoever still knows of it. */
interface Seat {
  active: ActiveTask | undefined;
}

/** One that runs. It hears of aborts itself: of thousands, each should cost little. */
class ActiveTask {
  readonly seat: Seat = { active: this };
  readonly task: StationTask;
  readonly startedAtUs: number;
  /** The earliest place that it has in the schedule. */
  scheduledUs: number = Number.POSITIVE_INFINITY;
  readonly #ending: Ending;

  constructor(task: StationTask, startedAtUs: number, ending: Ending) {
    this.task = task;
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

/** Runs measurements while there are any. */
export class StationLoop {
  readonly #parts: LoopParts;
  readonly #active = new Map<StationTask, ActiveTask>();
  readonly #touched = new Set<ActiveTask>();
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
    return this.#active.size;
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
    const active = this.#active.get(task);
    if (active !== undefined) this.#touched.add(active);
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
      const active = new ActiveTask(task, timeline.nowUs(), ending);
      this.#active.set(task, active);
      this.#touched.add(active);
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
      isDone: () => this.#active.size === 0,
      hasNews: () => this.#touched.size > 0,
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
      this.#touched.add(active);
    }
    for (const active of this.#touched) this.#visit(active, nowUs);
    this.#touched.clear();
    return this.#schedule.peek()?.dueUs ?? Number.POSITIVE_INFINITY;
  }

  #visit(active: ActiveTask, nowUs: number): void {
    const { task } = active;
    if (this.#active.get(task) !== active) return;
    task.advance(nowUs);
    if (task.isOver) {
      this.#active.delete(task);
      active.seat.active = undefined;
      task.release(nowUs);
      active.finish(nowUs);
      return;
    }
    const dueUs = Math.max(nowUs + 1, Math.ceil(task.deadlineUs()));
    if (dueUs >= active.scheduledUs) return;
    active.scheduledUs = dueUs;
    if (dueUs < Number.POSITIVE_INFINITY) this.#schedule.push({ seat: active.seat, dueUs });
  }

  #failAll(error: unknown): void {
    this.#isRunning = false;
    for (const active of this.#active.values()) active.fail(error);
    this.#active.clear();
  }
}
