/**
 * The tasks of one session with scamper: which command an answer is for, as answers come in the
 * order of the commands, and which trace a result is of, by its user id.
 */

import { printable } from '../../lib/printable.ts';
import { TraceFailure } from '../tracer.ts';

/** A trace that scamper was told to make. */
export interface Task {
  /** 1 to `USER_ID_MAX`, as no other under way has it. */
  readonly userId: number;
  /** The line of its result. */
  readonly result: Promise<string>;
}

interface Entry extends Task {
  readonly resolve: (line: string) => void;
  readonly reject: (error: TraceFailure) => void;
  /** scamper's number of it; undefined until it has answered. */
  id: string | undefined;
  /** Called with the number, once it is known. */
  whenNumbered: ((id: string) => void) | undefined;
}

/** What M-Lab's parser takes for a user id. */
const USER_ID_MAX = 2 ** 31 - 1;

/** The tasks under way. */
export class DaemonTasks {
  readonly #entries = new Map<number, Entry>();
  /** Whoever waits for an answer, in order; undefined for a command that is no task. */
  readonly #answers: (Entry | undefined)[] = [];
  #lastUserId = 0;

  /** Tasks without a result. */
  get size(): number {
    return this.#entries.size;
  }

  /** Commands that scamper has not answered yet. */
  get unanswered(): number {
    return this.#answers.length;
  }

  /** Whether it has neither come to its end nor been given up. */
  has(task: Task): boolean {
    return this.#entries.get(task.userId) === task;
  }

  /** A task whose command is the next to be sent. */
  begin(): Task {
    do this.#lastUserId = this.#lastUserId === USER_ID_MAX ? 1 : this.#lastUserId + 1;
    while (this.#entries.has(this.#lastUserId));
    const { promise: result, resolve, reject } = withResolvers();
    const entry: Entry = {
      userId: this.#lastUserId,
      result,
      resolve,
      reject,
      id: undefined,
      whenNumbered: undefined,
    };
    result.catch(() => {}); // told to whoever waits for it, and that may be nobody any more
    this.#entries.set(entry.userId, entry);
    this.#answers.push(entry);
    return entry;
  }

  /** Has `send` called with scamper's number of the task as soon as it is known. */
  halt(task: Task, send: (id: string) => void): void {
    const entry = this.#entries.get(task.userId);
    if (entry === undefined || entry !== task) return;
    const sendHalt = (id: string): void => {
      this.#answers.push(undefined);
      send(id);
    };
    if (entry.id === undefined) entry.whenNumbered = sendHalt;
    else sendHalt(entry.id);
  }

  /** The next command was taken; `text` is what the answer says beside that. */
  accepted(text: string): void {
    const entry = this.#answers.shift();
    const [, id] = /^id-(\d+)$/.exec(text) ?? [];
    if (entry === undefined) return;
    if (id === undefined) {
      this.fail(entry, new TraceFailure('garbage', `scamper said OK ${printable(text)}`));
      return;
    }
    entry.id = id;
    if (this.#entries.has(entry.userId)) entry.whenNumbered?.(id);
  }

  /** The next command was refused. */
  refused(text: string): void {
    const entry = this.#answers.shift();
    if (entry === undefined) return; // a halt that came too late
    this.fail(entry, new TraceFailure('garbage', `scamper refuses a trace: ${printable(text)}`));
  }

  /** A result; one that nobody waits for any more is dropped. */
  resulted(line: string): void {
    const [, userId = ''] =
      /^\{"type":"trace(?:lb)?", ?"version":"[^"]*", "userid":(\d+),/.exec(line) ?? [];
    const entry = this.#entries.get(Number(userId));
    if (entry === undefined) return;
    this.#entries.delete(entry.userId);
    entry.resolve(line);
  }

  /** Gives up one. */
  fail(task: Task, error: TraceFailure): void {
    const entry = this.#entries.get(task.userId);
    if (entry === undefined || entry !== task) return;
    this.#entries.delete(entry.userId);
    entry.reject(error);
  }

  /** Gives up all: the session is over. */
  failAll(error: TraceFailure): void {
    for (const entry of this.#entries.values()) entry.reject(error);
    this.#entries.clear();
    this.#answers.length = 0;
  }
}

function withResolvers(): {
  readonly promise: Promise<string>;
  readonly resolve: (line: string) => void;
  readonly reject: (error: TraceFailure) => void;
} {
  let resolve = (_: string): void => {};
  let reject = (_: TraceFailure): void => {};
  const promise = new Promise<string>((onLine, onError) => {
    resolve = onLine;
    reject = onError;
  });
  return { promise, resolve, reject };
}
