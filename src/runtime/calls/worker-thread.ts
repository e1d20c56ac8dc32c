/**
 * What a worker runs: measurements for the thread that started it, on sockets and with an event
 * loop of its own. The file by which `worker-calls.ts` starts it.
 */

import { parentPort } from 'node:worker_threads';
import { unmapSpareMemory } from '../../native/memory.ts';
import { serveCalls } from './worker-server.ts';

if (parentPort !== null) {
  process.once('exit', unmapSpareMemory);
  serveCalls(parentPort);
}
