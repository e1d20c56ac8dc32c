/**
 * What a worker runs that sends a part of a sweep, on sockets and with an event loop of its own:
 * the file by which `sweep-senders.ts` starts it.
 */

import { parentPort } from 'node:worker_threads';
import { unmapSpareMemory } from '../../native/memory.ts';
import { serveSender } from './sender-server.ts';

if (parentPort !== null) {
  process.once('exit', unmapSpareMemory);
  serveSender(parentPort);
}
