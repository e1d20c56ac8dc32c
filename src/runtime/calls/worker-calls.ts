/**
 * Measurements in a worker, for programs whose own thread must stay free: one worker for all calls
 * of the process, with sockets that they share as they would here. It ends a second after the last
 * call, and keeps no process alive until then.
 */

import { Worker } from 'node:worker_threads';
import { monotonicUs } from '../clock.ts';
import { type Audience, EVENTS_WAITING_MAX, type Measurement } from './measurement-call.ts';
import { unpacked } from './packed-list.ts';
import {
  errorOf,
  type WorkerAnswer,
  type WorkerKind,
  type WorkerParcel,
  type WorkerRequest,
} from './worker-messages.ts';

/** What `serveCalls` looks like from here: a worker, or in tests the end of a channel. */
export interface WorkerPort {
  postMessage(request: WorkerRequest): void;
  on(event: 'message', listener: (parcels: readonly WorkerParcel[]) => void): unknown;
  on(event: 'error' | 'messageerror', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
  ref(): void;
  unref(): void;
}

/** A call as it was made. */
interface Asked {
  readonly kind: WorkerKind;
  readonly target: string | readonly string[];
  readonly options: { readonly signal?: AbortSignal; readonly thread?: unknown };
}

/**
 * A call's place in the table of calls, empty once it is over: tables that a `Map` has outgrown
 * hold on to what was in them, and a call to its record.
 */
interface Seat {
  active: ActiveCall | undefined;
}

interface ActiveCall {
  readonly tell: (event: () => unknown) => void;
  readonly audience: Audience;
  /** Events so far. */
  told: number;
  readonly done: (record: unknown) => void;
  readonly failed: (error: Error) => void;
}

/** Programs often ask again soon, and to start a thread takes some 60 ms. */
const LINGER_MS = 1000;
/** Others on the event loop wait for this and one parcel: a record of 100 replies takes 90 µs. */
const UNPACKING_SLICE_US = 400;

/** All calls of one process. */
export class WorkerCalls {
  readonly #start: () => WorkerPort;
  readonly #lingerMs: number;
  readonly #seats = new Map<number, Seat>();
  #port: WorkerPort | undefined;
  #calls = 0;
  #ending: NodeJS.Timeout | undefined;

  constructor(start: () => WorkerPort, lingerMs: number = LINGER_MS) {
    this.#start = start;
    this.#lingerMs = lingerMs;
  }

  /**
   * Runs one measurement. Its events and its record are those that it would have here; of an error
   * the name, the message, the stack and fields such as `code` are.
   */
  run({ kind, target, options: given }: Asked): Measurement<unknown, unknown> {
    const { signal: _, thread: __, ...options } = given; // what the worker is not to know
    return async (tell, signal, audience) => {
      signal.throwIfAborted();
      await new Promise((resolve) => setImmediate(resolve)); // who hears events has asked by then
      const wantsEvents = audience.isHeard();
      if (!wantsEvents) tell(() => undefined); // who asks later has missed them
      const call = { type: 'call', call: this.#calls++, kind, target, options } as const;
      return this.#measured({ ...call, isHeard: wantsEvents }, { tell, audience }, signal);
    };
  }

  async #measured(
    request: Extract<WorkerRequest, { type: 'call' }>,
    hearing: Pick<ActiveCall, 'tell' | 'audience'>,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { call } = request;
    const abort = (): void => this.#port?.postMessage({ type: 'abort', call });
    const seat: Seat = { active: undefined };
    try {
      return await new Promise<unknown>((resolve, reject) => {
        this.#open().postMessage(request);
        seat.active = { ...hearing, told: 0, done: resolve, failed: reject };
        this.#seats.set(call, seat);
        if (signal.aborted) abort();
        else signal.addEventListener('abort', abort, { once: true });
      });
    } catch (error) {
      const isAbort = error instanceof Error && error.name === 'AbortError';
      throw isAbort && signal.aborted ? signal.reason : error;
    } finally {
      signal.removeEventListener('abort', abort);
      seat.active = undefined;
      this.#seats.delete(call);
      if (this.#seats.size === 0) this.#linger();
    }
  }

  #open(): WorkerPort {
    clearTimeout(this.#ending);
    const open = this.#port;
    if (open !== undefined) {
      open.ref();
      return open;
    }
    const port = this.#start();
    const arrivals = new Arrivals((answer) => this.#take(answer));
    port.on('message', (parcels) => arrivals.add(parcels));
    const gone = (error: Error): void => {
      arrivals.unpackAll(); // what came before is not lost with the worker
      this.#gone(port, error);
    };
    port.on('error', gone);
    port.on('messageerror', gone);
    port.on('exit', () => gone(new Error('the worker that measured has ended')));
    this.#port = port;
    return port;
  }

  #take(answer: WorkerAnswer): void {
    const active = this.#seats.get(answer.call)?.active;
    if (active === undefined) return;
    if (answer.type === 'event') {
      active.tell(() => answer.event);
      active.told++;
      if (active.told % EVENTS_WAITING_MAX === 0) this.#askForMore(answer.call, active);
    } else if (answer.type === 'failed') active.failed(errorOf(answer.error));
    else {
      active.tell(() => ({ type: 'end', record: answer.record }));
      active.done(answer.record);
    }
  }

  /** The worker waits for this where it would run too far ahead. */
  #askForMore(call: number, { audience }: ActiveCall): void {
    const port = this.#port;
    const ask = (): void => port?.postMessage({ type: 'room', call });
    const room = audience.room();
    if (room === undefined) ask();
    else void room.then(ask);
  }

  #linger(): void {
    const port = this.#port;
    if (port === undefined) return;
    port.unref();
    clearTimeout(this.#ending);
    this.#ending = setTimeout(() => {
      this.#port = undefined;
      port.postMessage({ type: 'end' });
    }, this.#lingerMs).unref();
  }

  #gone(port: WorkerPort, error: Error): void {
    if (this.#port !== port) return;
    this.#port = undefined;
    clearTimeout(this.#ending);
    for (const { active } of this.#seats.values()) active?.failed(error);
  }
}

/**
 * What has come from the worker. It is unpacked in slices: timers of the host program wait for one
 * of them, and not for all that came while the program did something else.
 */
class Arrivals {
  readonly #take: (answer: WorkerAnswer) => void;
  readonly #waiting: WorkerParcel[] = [];
  #isUnpacking = false;

  constructor(take: (answer: WorkerAnswer) => void) {
    this.#take = take;
  }

  add(parcels: readonly WorkerParcel[]): void {
    this.#waiting.push(...parcels);
    if (!this.#isUnpacking) this.#unpackSome();
  }

  unpackAll(): void {
    for (const parcel of this.#waiting.splice(0)) this.#unpack(parcel);
  }

  #unpackSome(): void {
    const endUs = monotonicUs() + UNPACKING_SLICE_US;
    do {
      const parcel = this.#waiting.shift();
      if (parcel !== undefined) this.#unpack(parcel);
    } while (this.#waiting.length > 0 && monotonicUs() < endUs);
    this.#isUnpacking = this.#waiting.length > 0;
    if (this.#isUnpacking) setImmediate(() => this.#unpackSome());
  }

  #unpack({ answers, count }: WorkerParcel): void {
    for (const answer of unpacked(answers, count)) this.#take(answer as WorkerAnswer);
  }
}

/** Beside this file, wherever that is: in the bundle it is its own file as well. */
const THREAD = new URL('./worker-thread.js', import.meta.url);

// Flags of this process are not for the worker: some, such as --input-type, it would refuse.
const calls = new WorkerCalls(() => new Worker(THREAD, { execArgv: [] }));

/** A measurement of the shared worker. */
export function inWorker<Result, Event>(asked: Asked): Measurement<Result, Event> {
  return calls.run(asked) as Measurement<Result, Event>;
}
