/**
 * One scamper for all traces, over its control socket. Results come in any order and without the
 * number of their task: each trace has a user id of its own, which scamper writes into its result.
 * A trace whose time is over is halted, which gives what it has found so far.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reasonOf } from '../../lib/reason.ts';
import { scamperCycleStart, scamperCycleStop } from '../../report/trace/trace-scamper.ts';
import { HostError } from '../../runtime/host/host-error.ts';
import type { Connection } from '../connection.ts';
import { TraceFailure, type TraceRequest, type TraceResult, type Tracer } from '../tracer.ts';
import { HOST_CLOCK, type WatchClock } from '../watch-clock.ts';
import type { ControlEvent } from './control-session.ts';
import { DaemonTasks, type Task } from './daemon-tasks.ts';
import { DESTINATION_TURNS, type DestinationTurns } from './destination-turns.ts';
import { type FoundProgram, findProgram, SCAMPER } from './external-program.ts';
import { OUTPUT_MAX_BYTES } from './scamper.ts';
import { ScamperProcess } from './scamper-process.ts';
import { completeResult } from './scamper-result.ts';
import { requireRange, SCAMPER_TASK, type ScamperTask, scamperCommand } from './scamper-task.ts';

export interface ScamperDaemonOptions {
  /** A command on the search path, or a path; `scamper` without. */
  readonly binary?: string;
  readonly task?: Partial<ScamperTask>;
  /** Where the control socket is to be; in a folder of its own without. */
  readonly socketPath?: string;
  /** Packets a second of all traces together; with scamper's own preset, 20, most come too late. */
  readonly packetsPerSecond?: number;
  /** Bytes of a result at most: files beyond 90 MB are not ingested. */
  readonly outputMax?: number;
  /** How long scamper may take to give what a halted trace has found. */
  readonly haltMs?: number;
  readonly turns?: DestinationTurns;
  readonly clock?: WatchClock;
  /** Told when the process begins and ceases to run; without a reason where it was closed. */
  readonly onRunning?: (isRunning: boolean, reason: string) => void;
}

const HALT_MS = 2000;
const PACKETS_PER_SECOND = 10_000;
/** The first that a session gives; names of hosts need no escapes. */
const CYCLE_START_PATTERN = /^\{"type":"cycle-start".*"hostname":"([^"\\]*)"/;
/** A process that does not start is not tried again sooner. */
const RESTART_MS = 5000;

/** Traces with one scamper that goes on running, and is started again where it ends. */
export class ScamperDaemon implements Tracer {
  readonly name = 'scamper-daemon';
  /** Which program, and its version. */
  readonly program: FoundProgram;
  readonly #options: ScamperDaemonOptions;
  readonly #task: ScamperTask;
  readonly #clock: WatchClock;
  readonly #turns: DestinationTurns;
  readonly #tasks = new DaemonTasks();
  readonly #folder: string | undefined;
  readonly #socketPath: string;
  #process: Promise<ScamperProcess> | undefined;
  /** That an earlier process and its socket are gone. */
  #cleared: Promise<unknown> = Promise.resolve();
  #hostname = '';
  #notBeforeMs = 0;
  #isClosed = false;

  /**
   * Starts nothing yet; `start` or the first trace does.
   *
   * @throws {HostError} that says what to install where there is no scamper
   * @throws {RangeError} for a task or a pace beyond what scamper takes
   */
  constructor(options: ScamperDaemonOptions = {}) {
    requireRange('packetsPerSecond', options.packetsPerSecond);
    this.#options = options;
    this.#task = { ...SCAMPER_TASK, ...options.task };
    scamperCommand(this.#task, ''); // checks it
    this.#clock = options.clock ?? HOST_CLOCK;
    this.#turns = options.turns ?? DESTINATION_TURNS;
    this.program = findProgram(SCAMPER, options.binary);
    if (options.socketPath === undefined) {
      this.#folder = mkdtempSync(join(tmpdir(), 'fantrace-scamper-'));
    }
    this.#socketPath = options.socketPath ?? join(this.#folder ?? '', 'control');
  }

  /**
   * Starts the process, so that trouble shows at once and the first trace need not wait.
   *
   * @throws {HostError} where something is at the place of its control socket
   * @throws {TraceFailure} `unavailable` where it does not start
   */
  async start(): Promise<void> {
    await this.#running();
  }

  /** @throws {TraceFailure} when there is no complete result, nor a part of one in time */
  trace(connection: Connection, request: TraceRequest): Promise<TraceResult> {
    const { remoteAddress } = connection;
    return this.#turns.run(remoteAddress, () => this.#trace(remoteAddress, request));
  }

  /** Ends the process; traces under way are rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const running = await this.#process?.catch(() => undefined);
    await running?.close();
    await this.#cleared;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  async #trace(address: string, { uuid, signal }: TraceRequest): Promise<TraceResult> {
    const { kind } = this.#task;
    if (signal.aborted) throw new TraceFailure('timeout', 'the time was over before it began');
    const running = await this.#running();
    const task = this.#tasks.begin();
    running.send(scamperCommand(this.#task, address, task.userId));
    const halt = (): void => this.#halt(running, task);
    signal.addEventListener('abort', halt, { once: true });
    if (signal.aborted) halt();
    try {
      const line = await task.result;
      return completeResult(this.#framed(line), { tracer: this.name, kind, uuid, address });
    } finally {
      signal.removeEventListener('abort', halt);
    }
  }

  /** The result within a cycle of its own, such as a process for it alone would have written. */
  #framed(line: string): string {
    const [, seconds] = /"start":\{"sec":(\d+)/.exec(line) ?? [];
    const now = Math.floor(this.#clock.nowMs() / 1000);
    const cycle = { hostname: this.#hostname, isNumeric: false };
    const start = scamperCycleStart({ ...cycle, nowSeconds: () => Number(seconds ?? now) });
    return `${start}${line}\n${scamperCycleStop({ ...cycle, nowSeconds: () => now })}`;
  }

  #halt(running: ScamperProcess, task: Task): void {
    this.#tasks.halt(task, (id) => running.send(`halt ${id}`));
    this.#clock.after(this.#options.haltMs ?? HALT_MS, () => {
      if (!this.#tasks.has(task)) return;
      const isSilent = this.#tasks.unanswered > 0;
      this.#tasks.fail(
        task,
        new TraceFailure('timeout', 'scamper gave nothing for a halted trace'),
      );
      // Whoever answers nothing at all does not come back by itself.
      if (isSilent) void running.close();
    });
  }

  #running(): Promise<ScamperProcess> {
    if (this.#process === undefined) {
      this.#process = this.#start();
      this.#process.catch(() => {
        this.#process = undefined;
        this.#notBeforeMs = this.#clock.nowMs() + RESTART_MS;
      });
    }
    return this.#process;
  }

  async #start(): Promise<ScamperProcess> {
    const { packetsPerSecond = PACKETS_PER_SECOND, outputMax, onRunning } = this.#options;
    if (this.#isClosed) throw new TraceFailure('unavailable', 'scamper was ended');
    if (this.#clock.nowMs() < this.#notBeforeMs) {
      throw new TraceFailure('unavailable', 'scamper did not start a moment ago');
    }
    await this.#cleared;
    try {
      const process = await ScamperProcess.start({
        path: this.program.path,
        socketPath: this.#socketPath,
        packetsPerSecond,
        outputMax: outputMax ?? OUTPUT_MAX_BYTES,
        listener: {
          said: (event) => this.#said(event),
          ended: (reason) => {
            this.#process = undefined;
            this.#cleared = process.close();
            this.#tasks.failAll(new TraceFailure('crashed', `scamper: ${reason}`));
            onRunning?.(false, this.#isClosed ? '' : reason);
          },
        },
      });
      onRunning?.(true, '');
      return process;
    } catch (cause) {
      if (cause instanceof HostError) throw cause;
      const reason = reasonOf(cause);
      throw new TraceFailure('unavailable', `scamper does not start: ${reason}`, { cause });
    }
  }

  #said(event: ControlEvent): void {
    if (event.kind === 'ok') this.#tasks.accepted(event.text);
    else if (event.kind === 'error') this.#tasks.refused(event.text);
    else if (event.kind === 'data') {
      const [, hostname] = CYCLE_START_PATTERN.exec(event.text) ?? [];
      if (hostname === undefined) this.#tasks.resulted(event.text);
      else this.#hostname = hostname;
    }
  }
}
