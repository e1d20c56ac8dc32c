/** What the thread of the caller and the worker that probes for it say to each other. */

import type { PackedList } from './packed-list.ts';

/** Measurements that a worker can run. */
export type WorkerKind = 'trace' | 'paths' | 'isolate' | 'sweep';

/** From the caller. Calls have numbers that no other call of this worker has had. */
export type WorkerRequest =
  | {
      readonly type: 'call';
      readonly call: number;
      readonly kind: WorkerKind;
      /** As the function of that name takes it. */
      readonly target: string | readonly string[];
      /** The same, without what cannot be told. */
      readonly options: object;
      /** Whether anybody wants to know of events. */
      readonly isHeard: boolean;
    }
  | { readonly type: 'abort'; readonly call: number }
  /** So many events as may be under way have been told, and there is room for as many again. */
  | { readonly type: 'room'; readonly call: number }
  /** Nothing more will come. */
  | { readonly type: 'end' };

/** From the worker, many parcels at a time: waking a thread costs more than an event. */
export interface WorkerParcel {
  readonly count: number;
  /** `WorkerAnswer`s. */
  readonly answers: PackedList;
}

/** So many answers at most are one parcel, of which the last alone may be a record. */
export const PARCEL_ANSWERS_MAX = 64;

/** One thing that a worker tells. */
export type WorkerAnswer =
  | { readonly type: 'event'; readonly call: number; readonly event: unknown }
  | { readonly type: 'done'; readonly call: number; readonly record: unknown }
  | { readonly type: 'failed'; readonly call: number; readonly error: ToldError };

/** An error as messages can hold it: cloned as it is, it would lose its code. */
export interface ToldError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** Whatever else it has, such as `code` and `syscall`. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause: ToldError | undefined;
}

/** Those that callers know by their class. */
const CLASSES: ReadonlyMap<string, new (message: string) => Error> = new Map(
  [RangeError, TypeError, SyntaxError].map((each) => [each.name, each]),
);

/** Takes an error, or whatever else was thrown, apart. */
export function toldError(error: unknown): ToldError {
  if (!(error instanceof Error)) {
    return {
      name: 'Error',
      message: String(error),
      stack: undefined,
      fields: {},
      cause: undefined,
    };
  }
  const { name, message, stack, cause } = error;
  const fields = Object.fromEntries(
    Object.entries(error).filter(([key, value]) => key !== 'name' && typeof value !== 'object'),
  );
  return { name, message, stack, fields, cause: cause === undefined ? cause : toldError(cause) };
}

/** Puts it together again. */
export function errorOf({ name, message, stack, fields, cause }: ToldError): Error {
  const error = new (CLASSES.get(name) ?? Error)(message);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name });
  if (stack !== undefined) Object.defineProperty(error, 'stack', { value: stack });
  if (cause !== undefined) Object.defineProperty(error, 'cause', { value: errorOf(cause) });
  return Object.assign(error, fields);
}
