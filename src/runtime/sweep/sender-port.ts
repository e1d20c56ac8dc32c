/** A thread that sends a part of a sweep, as the thread of the caller talks to it. */

import { Worker } from 'node:worker_threads';
import type { SenderAnswer, SenderRequest } from './sender-messages.ts';

/** What `serveSender` looks like from here: a worker, or in tests the end of a channel. */
export interface SenderPort {
  postMessage(request: SenderRequest): void;
  on(event: 'message', listener: (answer: SenderAnswer) => void): unknown;
  on(event: 'error' | 'messageerror', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: () => void): unknown;
}

/** Beside this file, wherever that is: in the bundle it is its own file as well. */
const THREAD = new URL('./sender-thread.js', import.meta.url);
/**
 * Starts a thread that sends.
 *
 * Flags of this process are not for it: some, such as --input-type, it would refuse.
 */
export const startWorker = (): SenderPort => new Worker(THREAD, { execArgv: [] });
