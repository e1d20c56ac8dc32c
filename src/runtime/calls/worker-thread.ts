/**
 * What a worker runs: measurements for the thread that started it, on sockets and with an event
 * loop of its own. The file by which `worker-calls.ts` starts it.
 */

import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import { unmapSpareMemory } from '../../native/memory.ts';
import { serveCalls } from './worker-server.ts';

/** On the scale of nice. */
const PRIORITY_LOWERED_BY = 5;
const PRIORITY_LEAST = 19;

/**
 * The caller asked for a worker to keep its own thread free, and where both want one processor the
 * scheduler is to let the caller run: its timers then wait a third less. Linux has a priority for
 * each thread; elsewhere it is that of the whole process.
 */
function giveWayToCaller(): void {
  if (process.platform !== 'linux') return;
  const priority = Math.min(PRIORITY_LEAST, os.getPriority() + PRIORITY_LOWERED_BY);
  os.setPriority(priority);
}

if (parentPort !== null) {
  giveWayToCaller();
  process.once('exit', unmapSpareMemory);
  serveCalls(parentPort);
}
